//! The softmax that the attentions over whole rows share.

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
