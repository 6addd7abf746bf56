//! −log softmax(logits)[target] per row, and its gradient softmax − one-hot; the maximum is subtracted first.

use super::simd::{exp, for_rows};

#[inline(always)]
fn max_and_sum(logits: &[f32]) -> (f32, f32) {
    let max = logits.iter().fold(f32::MIN, |max, &x| max.max(x));
    let mut lanes = [0.0f32; 16];
    let chunks = logits.chunks_exact(16);
    let rest: f32 = chunks.remainder().iter().map(|x| exp(x - max)).sum();
    for chunk in chunks {
        for lane in 0..16 {
            lanes[lane] += exp(chunk[lane] - max);
        }
    }
    (max, lanes.iter().sum::<f32>() + rest)
}

/// logits [n, n_class], targets [n] → [n]
pub fn forward(logits: &[f32], targets: &[u32], out: &mut [f32], n_class: usize) {
    for_rows(out, 1, |row, loss| {
        let logits = &logits[row * n_class..][..n_class];
        let (max, sum) = max_and_sum(logits);
        loss[0] = sum.ln() + max - logits[targets[row] as usize];
    });
}

/// g · (softmax − one-hot): [n, n_class]
pub fn backward(logits: &[f32], targets: &[u32], grad: &[f32], out: &mut [f32], n_class: usize) {
    for_rows(out, n_class, |row, out| {
        let logits = &logits[row * n_class..][..n_class];
        let (max, sum) = max_and_sum(logits);
        let scale = grad[row] / sum;
        for (d, x) in out.iter_mut().zip(logits) {
            *d = exp(x - max) * scale;
        }
        out[targets[row] as usize] -= grad[row];
    });
}
