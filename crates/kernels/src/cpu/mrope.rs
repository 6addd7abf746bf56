//! Twin of `mrope.wgsl`.

use crate::sizes::{BLOCK_TOKEN, Heads};

/// Where number `dim` of a key lies: blocks of 64 slots, [block, head, dim / 4, slot, 4].
fn key_at(slot: usize, kv_head: usize, dim: usize, heads: Heads) -> usize {
    let quads = heads.head_dim / 4;
    let quad = (slot / BLOCK_TOKEN * heads.n_kv_heads + kv_head) * quads + dim / 4;
    (quad * BLOCK_TOKEN + slot % BLOCK_TOKEN) * 4 + dim % 4
}

/// The key of one slot and head.
pub(super) fn key(keys: &[f32], slot: usize, kv_head: usize, heads: Heads) -> Vec<f32> {
    let number = |dim| keys[key_at(slot, kv_head, dim, heads)];
    (0..heads.head_dim).map(number).collect()
}

fn rotated(head: &[f32], cosines: &[f32], sines: &[f32]) -> Vec<f32> {
    let half = head.len() / 2;
    (0..head.len())
        .map(|d| {
            let angle = d % half;
            let (cos, sin) = (f64::from(cosines[angle]), f64::from(sines[angle]));
            let partner = if d < half {
                -f64::from(head[d + half])
            } else {
                f64::from(head[d - half])
            };
            (f64::from(head[d]) * cos + partner * sin) as f32
        })
        .collect()
}

/// Rotates the queries in place and fills the cache from slot `n_past` on.
pub fn mrope(
    qkv: &mut [f32],
    cosines: &[f32],
    sines: &[f32],
    n_past: usize,
    keys: &mut [f32],
    values: &mut [f32],
    heads: Heads,
) {
    let dim = heads.head_dim;
    let kv_width = heads.n_kv_heads * dim;
    let width = heads.n_heads * dim + 2 * kv_width;
    for (m, row) in qkv.chunks_exact_mut(width).enumerate() {
        let angles = m * dim / 2..(m + 1) * dim / 2;
        for head in row[..width - kv_width].chunks_exact_mut(dim) {
            head.copy_from_slice(&rotated(
                head,
                &cosines[angles.clone()],
                &sines[angles.clone()],
            ));
        }
        let slot = n_past + m;
        let (key, value) = row[heads.n_heads * dim..].split_at(kv_width);
        for (at, number) in key.iter().enumerate() {
            keys[key_at(slot, at / dim, at % dim, heads)] = *number;
        }
        values[slot * kv_width..(slot + 1) * kv_width].copy_from_slice(value);
    }
}
