//! Twin of `attention_window.wgsl`.

use rayon::prelude::*;

/// qkv [n_rows, 3 · n_heads · head_dim], borders [n_rows, 2], out [n_rows, n_heads · head_dim].
pub fn attention_window(
    qkv: &[f32],
    borders: &[u32],
    out: &mut [f32],
    n_heads: usize,
    head_dim: usize,
) {
    let width = n_heads * head_dim;
    let part = |row: usize, part: usize, head: usize| {
        &qkv[row * 3 * width + part * width + head * head_dim..][..head_dim]
    };
    out.par_chunks_exact_mut(head_dim)
        .enumerate()
        .for_each(|(at, out)| {
            let (row, head) = (at / n_heads, at % n_heads);
            let others = borders[2 * row] as usize..borders[2 * row + 1] as usize;
            let keys: Vec<&[f32]> = others.clone().map(|other| part(other, 1, head)).collect();
            let values: Vec<&[f32]> = others.map(|other| part(other, 2, head)).collect();
            let probabilities = super::softmax::softmax(part(row, 0, head), &keys);
            super::softmax::mix(&probabilities, &values, out);
        });
}
