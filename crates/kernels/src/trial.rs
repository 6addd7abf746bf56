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

/// Products in a row, about as many as the demo models need for a token.
const N_PRODUCTS: usize = 64;
const FORMAT: Format = Format::Q4 { group: 64 };

/// Rows through one square matrix.
pub struct Trial {
    weight: Matrix,
    x: Tensor<2>,
}

impl Trial {
    /// A matrix of zeros of `side` rows and columns on `device`, and `n_x` rows to go through it; `None` for a side that
    /// has no layout.
    pub fn new(device: &Device, side: usize, n_x: usize) -> Option<Trial> {
        let layout = Layout::new(side, side, FORMAT).ok()?;
        let zeros = |n_words: usize| {
            let words = Upload::new(4 * side * n_words, device).into_words();
            vec![Param::initialized(ParamId::new(), words)]
        };
        let weight = PackedMatrix {
            words: zeros(layout.words_per_row()),
            scales: zeros(layout.n_groups()),
            packing: Packing {
                format: FORMAT,
                n_rows: side,
                n_cols: side,
                rows_per_segment: side,
            },
        };
        Some(Trial {
            weight: Matrix::Packed(weight),
            x: Tensor::from_data(
                TensorData::new(vec![1.0f32; n_x * side], [n_x, side]),
                device,
            ),
        })
    }

    /// One product: [n_x, side].
    pub fn product(&self) -> Tensor<2> {
        project(&self.x, &self.weight)
    }

    /// The products of about a token, each waiting for the one before: [n_x, side].
    pub fn run(&self) -> Tensor<2> {
        (0..N_PRODUCTS).fold(self.x.clone(), |x, _| project(&x, &self.weight))
    }
}
