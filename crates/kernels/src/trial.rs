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

/// Between −1 and 5, in no two rows or columns the same; multiples of the golden ratio fill the interval evenly.
pub(crate) fn number(row: usize, column: usize) -> f32 {
    let part = (column as f32 * 0.618_034).fract() + row as f32 / 64.0;
    if (row + column).is_multiple_of(3) {
        part - 1.0
    } else {
        part + 3.0
    }
}

/// 2⁻¹⁶ in f16.
const SUBNORMAL: u16 = 0x0100;

/// Rows through one square matrix.
pub struct Trial {
    weight: Matrix,
    x: Tensor<2>,
}

impl Trial {
    /// A matrix of `side` rows and columns on `device`, and `n_x` rows of numbers to go through it; `None` for a side that
    /// has no layout. The matrix is positive, a row of it sums up to about one, and the first row's scales are subnormal;
    /// no two rows of numbers are equal, some are negative, and all products are positive.
    pub fn new(device: &Device, format: Format, side: usize, n_x: usize) -> Option<Trial> {
        let layout = Layout::new(side, side, format).ok()?;
        // Row by row, so that no matrix lies in memory as a whole.
        let uploaded = |words_per_row: usize, word: &dyn Fn(usize, usize) -> u32| {
            let mut upload = Upload::new(4 * side * words_per_row, device);
            for row in 0..side {
                let words = (0..words_per_row).map(|column| word(row, column));
                let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
                upload.write(row * bytes.len(), &bytes);
            }
            vec![Param::initialized(ParamId::new(), upload.into_words())]
        };
        let words_per_row = layout.words_per_row();
        let word = |row: usize, column: usize| {
            ((row * words_per_row + column) as u32).wrapping_mul(0x9e37_79b9)
        };
        let mean = f32::from(u8::try_from(format.q_max()?).ok()?) / 2.0 + 1.0;
        let step = f16::from_f32(1.0 / (mean * side as f32));
        let scale = |row: usize, _| {
            let step = if row == 0 { SUBNORMAL } else { step.to_bits() };
            u32::from(step) << 16 | u32::from(step)
        };
        let weight = PackedMatrix {
            words: uploaded(words_per_row, &word),
            scales: uploaded(layout.n_groups(), &scale),
            packing: Packing {
                format,
                n_rows: side,
                n_cols: side,
                rows_per_segment: side,
            },
        };
        Some(Trial {
            weight: Matrix::Packed(weight),
            x: Tensor::from_data(
                TensorData::new(
                    (0..n_x)
                        .flat_map(|row| (0..side).map(move |column| number(row, column)))
                        .collect::<Vec<f32>>(),
                    [n_x, side],
                ),
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
