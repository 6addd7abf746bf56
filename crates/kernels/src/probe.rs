//! Reads the attention of one layer out: a map over image tokens and sums by role.

use burn_wgpu::CubeTensor;

use crate::launch::{Binding, Constant, Shader, launch};

/// Role of a cache slot that no share counts, such as the system prompt.
pub const ROLE_OUTSIDE: u32 = 0;
/// Role of a slot that counts in the denominator only, such as `<|vision_end|>`.
pub const ROLE_COUNTED: u32 = 1;
/// Role of a token of the question.
pub const ROLE_QUESTION: u32 = 2;
/// Role of a generated token.
pub const ROLE_GENERATED: u32 = 3;
/// Role of image token 0; image token j is `ROLE_IMAGE + j`.
pub const ROLE_IMAGE: u32 = 4;

/// Constants of `probe.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Probe;

impl Shader for Probe {
    const WGSL: &'static [&'static str] = &[include_str!("../../../shaders/probe.wgsl")];

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// Which layer is read out, and the sizes of the buffers.
#[derive(Clone, Copy, Debug)]
pub struct ProbeLayer {
    /// Query heads.
    pub n_heads: usize,
    /// Slots of the cache.
    pub capacity_token: usize,
    /// Image tokens of the prompt.
    pub n_image_token: usize,
    /// This layer.
    pub layer: usize,
    /// All layers.
    pub n_layers: usize,
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
