//! Twin of `scan.wgsl`.

use super::{sample::penalized, step};
use crate::sizes::GROUP_ID;

/// Per group of ids: maximum, Σ exp(logit − maximum), largest penalised logit, its id.
pub fn scan(logits: &[f32], seen: &[u32], words: &[u32]) -> Vec<u32> {
    let penalty = step::sampling(words).repetition_penalty;
    let n_id = step::n_id(words);
    let group = |first: usize| {
        let ids = first..(first + GROUP_ID).min(n_id);
        let own = &logits[ids.clone()];
        let maximum = own.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = own.iter().map(|&l| f64::from(l - maximum).exp()).sum();
        let mut best = (f32::NEG_INFINITY, u32::MAX);
        for id in ids {
            let value = penalized(logits[id], seen[id] != 0, penalty);
            if value > best.0 {
                best = (value, id as u32);
            }
        }
        [
            maximum.to_bits(),
            (sum as f32).to_bits(),
            best.0.to_bits(),
            best.1,
        ]
    };
    (0..n_id).step_by(GROUP_ID).flat_map(group).collect()
}
