//! Twin of `attention_decode.wgsl`, and the softmax of all three attentions.

use crate::sizes::Heads;

/// softmax(query · keyᵀ / sqrt(head_dim)), maximum subtracted.
pub(super) fn softmax(query: &[f32], keys: &[&[f32]]) -> Vec<f64> {
    let scores: Vec<f64> = keys
        .iter()
        .map(|key| {
            let dot: f64 = query
                .iter()
                .zip(*key)
                .map(|(&q, &k)| f64::from(q) * f64::from(k))
                .sum();
            dot / (query.len() as f64).sqrt()
        })
        .collect();
    let maximum = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - maximum).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// Σ probability · value.
pub(super) fn mix(probabilities: &[f64], values: &[&[f32]], out: &mut [f32]) {
    for (d, out) in out.iter_mut().enumerate() {
        let sum: f64 = probabilities
            .iter()
            .zip(values)
            .map(|(p, value)| p * f64::from(value[d]))
            .sum();
        *out = sum as f32;
    }
}

/// The first `n_keys` cache rows that query head `head` reads.
pub(super) fn cached(cache: &[f32], n_keys: usize, head: usize, heads: Heads) -> Vec<&[f32]> {
    let kv_head = head / (heads.n_heads / heads.n_kv_heads);
    cache
        .chunks_exact(heads.n_kv_heads * heads.head_dim)
        .take(n_keys)
        .map(|row| &row[kv_head * heads.head_dim..][..heads.head_dim])
        .collect()
}

/// One query over the cache; probabilities [n_heads, capacity] keep their old value past the last key.
pub fn attention_decode(
    qkv: &[f32],
    keys: &[f32],
    values: &[f32],
    n_past: usize,
    out: &mut [f32],
    probabilities: &mut [f32],
    heads: Heads,
) {
    let capacity = probabilities.len() / heads.n_heads;
    for head in 0..heads.n_heads {
        let query = &qkv[head * heads.head_dim..][..heads.head_dim];
        let row = softmax(query, &cached(keys, n_past + 1, head, heads));
        let out = &mut out[head * heads.head_dim..][..heads.head_dim];
        mix(&row, &cached(values, n_past + 1, head, heads), out);
        for (slot, probability) in row.iter().enumerate() {
            probabilities[head * capacity + slot] = *probability as f32;
        }
    }
}
