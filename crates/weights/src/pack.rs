//! Numbers to words: the writing half of the format.

use half::f16;
use thiserror::Error;

use crate::group::{fit, step};
use crate::{Format, Layout};

/// The largest finite f16.
const F16_MAX: f32 = 65504.0;

/// Packed rows of one matrix, in the order of [`Layout`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedRows {
    /// `words_per_row` words for each row.
    pub words: Vec<u32>,
    /// `n_groups` scale words for each row; empty for the float formats.
    pub scales: Vec<u32>,
}

/// A weight that the chosen format cannot hold.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PackError {
    /// Not a number, or infinite.
    #[error(
        "tensor {tensor} contains {value}, which is not a weight; the checkpoint is damaged, download or train it again"
    )]
    NotFinite {
        /// Name of the tensor.
        tensor: String,
        /// The value found.
        value: f32,
    },
    /// Beyond ±65504.
    #[error(
        "tensor {tensor} contains {value}, but {format} holds at most ±65504; store this checkpoint with --format f32"
    )]
    TooLarge {
        /// Name of the tensor.
        tensor: String,
        /// The value found.
        value: f32,
        /// The format asked for.
        format: Format,
    },
    /// The values are not whole rows.
    #[error(
        "tensor {tensor} came with {n_values} values, which are not whole rows of {cols} columns"
    )]
    PartialRow {
        /// Name of the tensor.
        tensor: String,
        /// Values given.
        n_values: usize,
        /// Columns of the layout.
        cols: usize,
    },
}

/// Packs any number of whole rows, `values` `[n, cols]` row-major. `tensor` is only for messages.
///
/// # Errors
/// A value that is not finite or that the format cannot hold, or a last row that is not whole.
pub fn pack_rows(tensor: &str, values: &[f32], layout: &Layout) -> Result<PackedRows, PackError> {
    let cols = layout.cols();
    if !values.len().is_multiple_of(cols) {
        return Err(PackError::PartialRow {
            tensor: tensor.to_owned(),
            n_values: values.len(),
            cols,
        });
    }
    check_range(tensor, values, layout.format())?;
    let n_rows = values.len() / cols;
    let mut packed = PackedRows {
        words: Vec::with_capacity(n_rows * layout.words_per_row()),
        scales: Vec::with_capacity(n_rows * layout.n_groups()),
    };
    for row in values.chunks_exact(cols) {
        match layout.format() {
            Format::F32 => packed.words.extend(row.iter().map(|w| w.to_bits())),
            Format::F16 => packed.words.extend(row.chunks(2).map(f16_word)),
            Format::Q8 { group } => pack_row(row, group as usize, 8, &mut packed),
            Format::Q4 { group } => pack_row(row, group as usize, 4, &mut packed),
        }
    }
    Ok(packed)
}

fn check_range(tensor: &str, values: &[f32], format: Format) -> Result<(), PackError> {
    let limit = if format == Format::F32 {
        f32::MAX
    } else {
        F16_MAX
    };
    let bad = values
        .iter()
        .find(|value| value.is_nan() || value.abs() > limit);
    match bad {
        None => Ok(()),
        Some(&value) if value.is_finite() => Err(PackError::TooLarge {
            tensor: tensor.to_owned(),
            value,
            format,
        }),
        Some(&value) => Err(PackError::NotFinite {
            tensor: tensor.to_owned(),
            value,
        }),
    }
}

/// One or two values as f16, the first in the low half.
fn f16_word(pair: &[f32]) -> u32 {
    pair.iter().rev().fold(0, |word, &w| {
        word << 16 | u32::from(f16::from_f32(w).to_bits())
    })
}

/// Appends one quantised row: for each group its scale word and its whole words.
fn pack_row(row: &[f32], group: usize, bits: u32, packed: &mut PackedRows) {
    let values_per_word = 32 / bits as usize;
    let q_max = ((1u32 << bits) - 1) as f32;
    for weights in row.chunks(group) {
        let grid = fit(weights, q_max);
        let (scale, min) = (grid.scale.to_f32(), grid.min.to_f32());
        packed
            .scales
            .push(u32::from(grid.scale.to_bits()) | u32::from(grid.min.to_bits()) << 16);
        let padded_end = packed.words.len() + group / values_per_word;
        packed
            .words
            .extend(weights.chunks(values_per_word).map(|values| {
                values
                    .iter()
                    .rev()
                    .fold(0, |word, &w| word << bits | step(w, scale, min, q_max))
            }));
        packed.words.resize(padded_end, 0);
    }
}
