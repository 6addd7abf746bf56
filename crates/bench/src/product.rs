//! `x · wᵀ` with 4-bit weights.

use burn::{
    module::{Param, ParamId},
    tensor::{Device, Tensor, TensorData},
};
use half::f16;
use kernels::{Matrix, PackedMatrix, Packing, Upload, project};
use weights::Format;

/// Weights that share a scale.
const GROUP: u32 = 32;

/// What every adapter can bind at once.
const BINDING_BYTES: usize = 128 << 20;

/// A product and its input.
pub struct Product {
    x: Tensor<2>,
    weight: Matrix,
}

/// Scale and minimum, as our q4 has them, of weights `(nibble − 8) · scale`: one word of two halves per group.
pub fn packed_q4(scales: &[f32]) -> Vec<u32> {
    let word = |&scale: &f32| {
        let [scale, minimum] = [scale, -8.0 * scale].map(|value| f16::from_f32(value).to_bits());
        u32::from(scale) | u32::from(minimum) << 16
    };
    scales.iter().map(word).collect()
}

impl Product {
    /// w [n_rows, n_cols] in q4, eight nibbles a word, the first lowest, a word of scale and minimum per 32 columns;
    /// x [m, n_cols].
    pub fn new(
        words: &[u32],
        scales: &[u32],
        x: Vec<f32>,
        [n_rows, n_cols]: [usize; 2],
        device: &Device,
    ) -> Self {
        let uploaded = |words: &[u32]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let mut upload = Upload::new(bytes.len(), device);
            upload.write(0, &bytes);
            Param::initialized(ParamId::new(), upload.into_words())
        };
        let row_words = n_cols / 8;
        let rows_per_segment = (BINDING_BYTES / (4 * row_words)).clamp(1, n_rows);
        let segments = |all: &[u32], row_words: usize| {
            let segments = all.chunks(rows_per_segment * row_words);
            segments.map(uploaded).collect()
        };
        let weight = Matrix::Packed(PackedMatrix {
            words: segments(words, row_words),
            scales: segments(scales, n_cols / GROUP as usize),
            packing: Packing {
                format: Format::Q4 { group: GROUP },
                n_rows,
                n_cols,
                rows_per_segment,
            },
        });
        let m = x.len() / n_cols;
        let x = Tensor::from_data(TensorData::new(x, [m, n_cols]), device);
        Self { x, weight }
    }

    pub(crate) fn launch(&self) -> Tensor<2> {
        project(&self.x, &self.weight)
    }
}
