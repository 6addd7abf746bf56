//! Twin of `probe.wgsl`.

use crate::sizes::{ProbeLayer, ROLE_GENERATED, ROLE_IMAGE, ROLE_OUTSIDE, ROLE_QUESTION};

/// Adds one layer to the readout.
pub fn probe(
    probabilities: &[f32],
    roles: &[u32],
    n_past: usize,
    readout: &mut [f32],
    at: ProbeLayer,
) {
    let mut sums = [0f64; 4];
    for (slot, &role) in roles.iter().enumerate().take(n_past + 1) {
        let over_heads: f64 = (0..at.n_heads)
            .map(|head| f64::from(probabilities[head * at.capacity_token + slot]))
            .sum();
        let mean = over_heads / at.n_heads as f64;
        match role {
            ROLE_IMAGE.. => {
                let old = &mut readout[(role - ROLE_IMAGE) as usize];
                let before = if at.layer == 0 { 0.0 } else { f64::from(*old) };
                *old = (before + mean / at.n_layers as f64) as f32;
                sums[0] += mean;
            }
            ROLE_QUESTION => sums[1] += mean,
            ROLE_GENERATED => sums[2] += mean,
            _ => {}
        }
        if role != ROLE_OUTSIDE {
            sums[3] += mean;
        }
    }
    let layer = &mut readout[at.n_image_token + 4 * at.layer..][..4];
    for (out, sum) in layer.iter_mut().zip(sums) {
        *out = sum as f32;
    }
}
