//! The words of a step, as `step.rs` lays them out.

use crate::sizes::Sampling;

/// Slot of the first new token.
pub fn n_past(step: &[u32]) -> usize {
    step[0] as usize
}

/// In 0 … 1.
pub fn draw(step: &[u32]) -> f32 {
    f32::from_bits(step[1])
}

/// How to choose.
pub fn sampling(step: &[u32]) -> Sampling {
    Sampling {
        temperature: f32::from_bits(step[2]),
        top_k: step[3] as usize,
        top_p: f32::from_bits(step[4]),
        repetition_penalty: f32::from_bits(step[5]),
    }
}

/// Ids to choose from.
pub fn n_id(step: &[u32]) -> usize {
    step[6] as usize
}

/// Cosines and sines of the new token.
pub fn angles(step: &[u32], head_dim: usize) -> (Vec<f32>, Vec<f32>) {
    let angles: Vec<f32> = step[8..].iter().map(|&bits| f32::from_bits(bits)).collect();
    let half = head_dim / 2;
    (angles[..half].to_vec(), angles[half..2 * half].to_vec())
}
