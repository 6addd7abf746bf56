//! A little work of the kind that makes up an answer, to see how fast a device is.

use burn::{
    module::{Param, ParamId},
    tensor::{Device, Tensor, TensorData},
};
use weights::{Format, Layout};

use crate::{
    Upload,
    linear::{Matrix, PackedMatrix, Packing, project},
};

/// Rows and columns of the matrix.
const SIDE: usize = 256;
/// Products in a row, about as many as the demo models need for a token.
const N_PRODUCTS: usize = 64;
const FORMAT: Format = Format::Q4 { group: 64 };

/// One row through one matrix, over and over.
pub struct Trial {
    weight: Matrix,
    x: Tensor<2>,
}

impl Trial {
    /// A matrix of zeros on `device`; `None` cannot happen for the sizes above.
    pub fn new(device: &Device) -> Option<Trial> {
        let layout = Layout::new(SIDE, SIDE, FORMAT).ok()?;
        let zeros = |n_words: usize| {
            let words = Upload::new(4 * SIDE * n_words, device).into_words();
            vec![Param::initialized(ParamId::new(), words)]
        };
        let weight = PackedMatrix {
            words: zeros(layout.words_per_row()),
            scales: zeros(layout.n_groups()),
            packing: Packing {
                format: FORMAT,
                n_rows: SIDE,
                n_cols: SIDE,
                rows_per_segment: SIDE,
            },
        };
        Some(Trial {
            weight: Matrix::Packed(weight),
            x: Tensor::from_data(TensorData::new(vec![1.0f32; SIDE], [1, SIDE]), device),
        })
    }

    /// The products, each waiting for the one before: [1, SIDE].
    pub fn run(&self) -> Tensor<2> {
        (0..N_PRODUCTS).fold(self.x.clone(), |x, _| project(&x, &self.weight))
    }
}
