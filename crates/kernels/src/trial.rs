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

/// Words that are made and sent at once.
const PIECE_WORDS: usize = 1 << 16;

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
        // Piece by piece, so that no matrix lies in memory as a whole.
        let uploaded = |n_words: usize, word: &dyn Fn(usize) -> u32| {
            let mut upload = Upload::new(4 * n_words, device);
            for first in (0..n_words).step_by(PIECE_WORDS) {
                let words = (first..n_words.min(first + PIECE_WORDS)).map(word);
                let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
                upload.write(4 * first, &bytes);
            }
            vec![Param::initialized(ParamId::new(), upload.into_words())]
        };
        let word = |at: usize| (at as u32).wrapping_mul(0x9e37_79b9);
        let mean = f32::from(u8::try_from(format.q_max()?).ok()?) / 2.0 + 1.0;
        let step = f16::from_f32(1.0 / (mean * side as f32));
        let n_groups = layout.n_groups();
        let scale = |at: usize| {
            let is_first_row = at < n_groups;
            let step = if is_first_row {
                SUBNORMAL
            } else {
                step.to_bits()
            };
            u32::from(step) << 16 | u32::from(step)
        };
        let weight = PackedMatrix {
            words: uploaded(side * layout.words_per_row(), &word),
            scales: uploaded(side * n_groups, &scale),
            packing: Packing {
                format,
                n_rows: side,
                n_cols: side,
                rows_per_segment: side,
            },
        };
        Some(Trial {
            weight: Matrix::Packed(weight),
            x: rows(n_x, side, device),
        })
    }

    /// The same matrix, for another number of rows.
    pub fn with_rows(&self, n_x: usize) -> Trial {
        let [_, side] = self.x.dims();
        Trial {
            weight: self.weight.clone(),
            x: rows(n_x, side, &self.x.device()),
        }
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

fn rows(n_x: usize, side: usize, device: &Device) -> Tensor<2> {
    let row = |row| (0..side).map(move |column| number(row, column));
    let numbers: Vec<f32> = (0..n_x).flat_map(row).collect();
    Tensor::from_data(TensorData::new(numbers, [n_x, side]), device)
}
