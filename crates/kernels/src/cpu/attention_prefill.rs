//! Twin of `attention_prefill.wgsl`.

use rayon::prelude::*;

use super::{
    mrope,
    softmax::{mix, softmax},
};
use crate::sizes::Heads;

/// qkv [n_rows, (n_heads + 2 n_kv_heads) · head_dim], keys as `mrope` leaves them, values
/// [capacity, n_kv_heads · head_dim], out [n_rows, n_heads · head_dim].
pub fn attention_prefill(
    qkv: &[f32],
    keys: &[f32],
    values: &[f32],
    n_past: usize,
    out: &mut [f32],
    heads: Heads,
) {
    let (dim, kv_width) = (heads.head_dim, heads.n_kv_heads * heads.head_dim);
    let width = heads.n_heads * dim + 2 * kv_width;
    let n_rows = qkv.len() / width;
    let slots = 0..n_past + n_rows;
    let keys_of = |kv_head: usize| -> Vec<Vec<f32>> {
        let key = |slot| mrope::key(keys, slot, kv_head, heads);
        slots.clone().map(key).collect()
    };
    let keys: Vec<Vec<Vec<f32>>> = (0..heads.n_kv_heads).map(keys_of).collect();
    out.par_chunks_exact_mut(dim)
        .enumerate()
        .for_each(|(at, out)| {
            let (row, head) = (at / heads.n_heads, at % heads.n_heads);
            let kv_head = head / (heads.n_heads / heads.n_kv_heads);
            let query = &qkv[row * width + head * dim..][..dim];
            let n_keys = n_past + row + 1;
            let own: Vec<&[f32]> = keys[kv_head][..n_keys].iter().map(Vec::as_slice).collect();
            let seen: Vec<&[f32]> = values
                .chunks_exact(kv_width)
                .take(n_keys)
                .map(|row| &row[kv_head * dim..][..dim])
                .collect();
            mix(&softmax(query, &own), &seen, out);
        });
}
