//! Reads the attention of one layer out: a map over image tokens and sums by role.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    sizes::ProbeLayer,
};

/// Constants of `probe.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Probe;

impl Shader for Probe {
    const WGSL: &'static [&'static str] = &[include_str!("../../../shaders/probe.wgsl")];

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// `readout` is [n_image_token + 4 · n_layers]: the map, then per layer the probability on image,
/// question, generated and all counted slots. Layer 0 overwrites the map, the others add to it.
pub(crate) fn run(
    probabilities: &CubeTensor,
    roles: &CubeTensor,
    n_past: &CubeTensor,
    readout: &CubeTensor,
    at: ProbeLayer,
) {
    launch(
        Probe,
        [1, 1, 1],
        &[
            Binding::Read(probabilities),
            Binding::Read(roles),
            Binding::Read(n_past),
            Binding::Write(readout),
        ],
        &[
            at.n_heads,
            at.capacity_token,
            at.n_image_token,
            at.layer,
            at.n_layers,
        ]
        .map(|value| value as u32),
    );
}
