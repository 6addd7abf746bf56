//! Twin of `attention_decode.wgsl`.

use super::{mrope, step};
use crate::sizes::{BLOCK_TOKEN, Blocks, n_parts};

/// One new token over all live blocks. `caches` are keys and values, `scratch` is scores [n_heads, capacity],
/// contexts [n_heads, n_blocks, parts, head_dim] and stats [n_heads, n_blocks, 2]; blocks that hold no token
/// keep their old values.
pub fn attention_decode(
    qkv: &[f32],
    words: &[u32],
    [keys, values]: [&mut [f32]; 2],
    [scores, contexts, stats]: [&mut [f32]; 3],
    blocks: Blocks,
) {
    let heads = blocks.heads;
    let (n_past, dim) = (step::n_past(words), heads.head_dim);
    let (cosines, sines) = step::angles(words, dim);
    let mut qkv = qkv.to_vec();
    mrope::mrope(&mut qkv, &cosines, &sines, n_past, keys, values, heads);
    let group = heads.n_heads / heads.n_kv_heads;
    for (head, query) in qkv.chunks_exact(dim).take(heads.n_heads).enumerate() {
        let kv_head = head / group;
        for block in 0..=n_past / BLOCK_TOKEN {
            let slots: Vec<usize> =
                (block * BLOCK_TOKEN..=n_past.min(block * BLOCK_TOKEN + BLOCK_TOKEN - 1)).collect();
            let score = |&slot: &usize| -> f64 {
                let key = mrope::key(keys, slot, kv_head, heads);
                let dot: f64 = (0..dim)
                    .map(|d| f64::from(query[d]) * f64::from(key[d]))
                    .sum();
                dot / (dim as f64).sqrt()
            };
            let row: Vec<f64> = slots.iter().map(score).collect();
            let maximum = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = row.iter().map(|score| (score - maximum).exp()).collect();
            for (slot, score) in slots.iter().zip(&row) {
                scores[head * blocks.capacity_token + slot] = *score as f32;
            }
            let at = head * blocks.n_blocks() + block;
            stats[2 * at] = maximum as f32;
            stats[2 * at + 1] = weights.iter().sum::<f64>() as f32;
            let n_parts = n_parts(dim);
            for part in 0..n_parts {
                for d in 0..dim {
                    let mine = (part..slots.len()).step_by(n_parts);
                    let value = |k: usize| {
                        f64::from(values[(slots[k] * heads.n_kv_heads + kv_head) * dim + d])
                    };
                    let sum: f64 = mine.map(|k| weights[k] * value(k)).sum();
                    contexts[(at * n_parts + part) * dim + d] = sum as f32;
                }
            }
        }
    }
}
