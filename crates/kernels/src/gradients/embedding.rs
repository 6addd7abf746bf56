//! Table rows by token, image rows in between, and the gradients of both.

use super::simd::for_rows;
use crate::sizes::IMAGE_ROW;

/// [n_token, width]
pub fn forward(source: &[u32], table: &[f32], image: &[f32], out: &mut [f32], width: usize) {
    for_rows(out, width, |row, out| {
        let (rows, index) = match source[row].checked_sub(IMAGE_ROW) {
            Some(index) => (image, index),
            None => (table, source[row]),
        };
        out.copy_from_slice(&rows[index as usize * width..][..width]);
    });
}

/// Gradients of the table and of the image rows.
pub fn backward(
    source: &[u32],
    grad: &[f32],
    d_table: &mut [f32],
    d_image: &mut [f32],
    width: usize,
) {
    for (&source, grad) in source.iter().zip(grad.chunks_exact(width)) {
        let (rows, index) = match source.checked_sub(IMAGE_ROW) {
            Some(index) => (&mut *d_image, index),
            None => (&mut *d_table, source),
        };
        let row = rows[index as usize * width..][..width].iter_mut();
        row.zip(grad).for_each(|(row, grad)| *row += grad);
    }
}
