//! Twin of `sample.wgsl`.

use crate::sizes::{Choice, Sampling};

/// A logit as the penalty leaves it.
pub fn penalized(logit: f32, is_seen: bool, penalty: f32) -> f32 {
    match (is_seen, logit > 0.0) {
        (false, _) => logit,
        (true, true) => logit / penalty,
        (true, false) => logit * penalty,
    }
}

/// Chooses among the ids below `logits.len()`; `is_seen` tells which stood in prompt and answer so far.
pub fn choose(logits: &[f32], is_seen: &[bool], sampling: Sampling, draw: f32) -> Choice {
    let penalty = sampling.repetition_penalty;
    let values: Vec<f32> = logits
        .iter()
        .zip(is_seen)
        .map(|(&logit, &is_seen)| penalized(logit, is_seen, penalty))
        .collect();
    let id = match sampling.temperature > 0.0 {
        true => drawn(&kept(&values, sampling), draw),
        false => largest(&values),
    };
    let maximum = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|&l| f64::from(l - maximum).exp()).sum();
    let logprob = f64::from(logits[id] - maximum) - total.ln();
    Choice {
        id: id as u32,
        logprob: logprob as f32,
    }
}

/// The first of the largest.
fn largest(values: &[f32]) -> usize {
    let mut best = 0;
    for (id, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = id;
        }
    }
    best
}

/// Ids that temperature (above 0), top-k and top-p leave of penalised logits, in their order, with their
/// probabilities, which sum to 1. Both keep what lies at or above a threshold, ties included.
pub fn kept(values: &[f32], sampling: Sampling) -> Vec<(usize, f64)> {
    let maximum = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |value: f32| (f64::from(value - maximum) / f64::from(sampling.temperature)).exp();
    let mut least = f32::NEG_INFINITY;
    if (1..=values.len()).contains(&sampling.top_k) {
        let mut order = values.to_vec();
        let (_, last, _) = order.select_nth_unstable_by(sampling.top_k - 1, |a, b| b.total_cmp(a));
        least = *last;
    }
    if sampling.top_p < 1.0 {
        let left = values.iter().copied().filter(|&value| value >= least);
        let mut left: Vec<f32> = left.collect();
        left.sort_unstable_by(|a, b| b.total_cmp(a));
        let wanted = f64::from(sampling.top_p) * left.iter().copied().map(weight).sum::<f64>();
        let mut mass = 0.0;
        let nucleus = left.into_iter().find(|&value| {
            mass += weight(value);
            mass >= wanted
        });
        least = nucleus.unwrap_or(least).max(least);
    }
    let ids = values
        .iter()
        .enumerate()
        .filter(|(_, value)| **value >= least);
    let mut kept: Vec<(usize, f64)> = ids.map(|(id, &value)| (id, weight(value))).collect();
    let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
    kept.iter_mut().for_each(|(_, weight)| *weight /= total);
    kept
}

fn drawn(kept: &[(usize, f64)], draw: f32) -> usize {
    let mut left = f64::from(draw);
    for &(id, probability) in kept {
        left -= probability;
        if left < 0.0 {
            return id;
        }
    }
    kept.last().map_or(0, |last| last.0)
}
