//! Twin of `attention_prefill.wgsl`.

use rayon::prelude::*;

use super::attention_decode::{cached, mix, softmax};
use crate::sizes::Heads;

/// qkv [n_rows, (n_heads + 2 n_kv_heads) · head_dim], caches [capacity, n_kv_heads · head_dim],
/// out [n_rows, n_heads · head_dim].
pub fn attention_prefill(
    qkv: &[f32],
    keys: &[f32],
    values: &[f32],
    n_past: usize,
    out: &mut [f32],
    heads: Heads,
) {
    let width = (heads.n_heads + 2 * heads.n_kv_heads) * heads.head_dim;
    out.par_chunks_exact_mut(heads.head_dim)
        .enumerate()
        .for_each(|(at, out)| {
            let (row, head) = (at / heads.n_heads, at % heads.n_heads);
            let query = &qkv[row * width + head * heads.head_dim..][..heads.head_dim];
            let n_keys = n_past + row + 1;
            let probabilities = softmax(query, &cached(keys, n_keys, head, heads));
            mix(&probabilities, &cached(values, n_keys, head, heads), out);
        });
}
