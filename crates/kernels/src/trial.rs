//! A little work of the kind that makes up an answer, to see how fast a device is.

use burn::{
    module::{Param, ParamId},
    tensor::{Device, Tensor, TensorData},
};
use half::f16;
use weights::{Format, Layout};

use crate::{
    Upload,
    linear::{Matrix, PackedMatrix, Packing, project},
};

/// Products in a row, about as many as the demo models need for a token.
const N_PRODUCTS: usize = 64;
const FORMAT: Format = Format::Q4 { group: 64 };

/// 2⁻¹⁶ in f16.
const SUBNORMAL: u16 = 0x0100;

/// Rows through one square matrix.
pub struct Trial {
    weight: Matrix,
    x: Tensor<2>,
}

impl Trial {
    /// A matrix of `side` rows and columns on `device`, and `n_x` rows of ones to go through it; `None` for a side that
    /// has no layout. Its numbers are positive, a row's sum is about one, and the first row's scales are subnormal.
    pub fn new(device: &Device, side: usize, n_x: usize) -> Option<Trial> {
        let layout = Layout::new(side, side, FORMAT).ok()?;
        let uploaded = |words: Vec<u32>| {
            let mut upload = Upload::new(4 * words.len(), device);
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            upload.write(0, &bytes);
            vec![Param::initialized(ParamId::new(), upload.into_words())]
        };
        let n_words = (side * layout.words_per_row()) as u32;
        let words = (0..n_words).map(|i| i.wrapping_mul(0x9e37_79b9)).collect();
        // Steps are 7.5 in the mean.
        let step = f16::from_f32(1.0 / (8.5 * side as f32));
        let scales = (0..side).flat_map(|row| {
            let step = if row == 0 { SUBNORMAL } else { step.to_bits() };
            vec![u32::from(step) << 16 | u32::from(step); layout.n_groups()]
        });
        let weight = PackedMatrix {
            words: uploaded(words),
            scales: uploaded(scales.collect()),
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
