//! Words to numbers: the reading half of the format, as the engine's kernels must do it.

use half::f16;

use crate::{Format, Layout, LayoutError};

/// The values `[n, cols]`, row-major, of `n` packed rows of a matrix; padding is left out.
///
/// # Errors
/// Words or scales that are not those of whole rows.
pub fn dequantize_rows(
    words: &[u32],
    scales: &[u32],
    layout: &Layout,
) -> Result<Vec<f32>, LayoutError> {
    let n_rows = layout.rows_of(words, scales)?;
    let mut values = Vec::with_capacity(n_rows * layout.cols());
    for (row, words) in words.chunks_exact(layout.words_per_row()).enumerate() {
        let scales = &scales[row * layout.n_groups()..][..layout.n_groups()];
        let columns = 0..layout.cols();
        match layout.format() {
            Format::F32 => values.extend(words.iter().map(|&word| f32::from_bits(word))),
            Format::F16 => values.extend(columns.map(|c| f16_half(words[c / 2], c % 2))),
            Format::Q8 { group } => values.extend(columns.map(|c| {
                let q = words[c / 4] >> (c % 4 * 8) & 0xff;
                grid_value(scales[c / group as usize], q)
            })),
            Format::Q4 { group } => values.extend(columns.map(|c| {
                let q = words[c / 8] >> (c % 8 * 4) & 0xf;
                grid_value(scales[c / group as usize], q)
            })),
        }
    }
    Ok(values)
}

/// The low (0) or high (1) half of a word as f16.
fn f16_half(word: u32, half: usize) -> f32 {
    f16::from_bits((word >> (16 * half)) as u16).to_f32()
}

fn grid_value(scale_word: u32, q: u32) -> f32 {
    q as f32 * f16_half(scale_word, 0) + f16_half(scale_word, 1)
}
