//! Twin of `embedding.wgsl`.

use super::weight;
use crate::sizes::{IMAGE_ROW, Table};

/// Fills the rows of `out` that `source` finds in this segment of the table or in `image`.
pub fn embedding(
    source: &[u32],
    words: &[u32],
    scales: &[u32],
    image: &[f32],
    out: &mut [f32],
    table: &Table,
) {
    for (&row, out) in source.iter().zip(out.chunks_exact_mut(table.n_cols)) {
        if let Some(row) = row.checked_sub(IMAGE_ROW) {
            out.copy_from_slice(&image[row as usize * table.n_cols..][..table.n_cols]);
        } else if (table.first_row..table.first_row + table.n_rows).contains(&(row as usize)) {
            let row = row as usize - table.first_row;
            let numbers = weight::row(words, scales, table.format, row, table.n_cols);
            for (out, number) in out.iter_mut().zip(numbers) {
                *out = number as f32;
            }
        }
    }
}
