//! Packs what a step leaves for the host into a few hundred bytes.

use burn_wgpu::CubeTensor;

use crate::launch::{Binding, Constant, Shader, launch};

/// Constants of `readout.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Readout;

impl Shader for Readout {
    const WGSL: &'static [&'static str] = &[include_str!("../../../shaders/readout.wgsl")];

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// Sizes of what is packed.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Image tokens of the prompt.
    pub n_image_token: usize,
    /// Layers.
    pub n_layers: usize,
    /// Blocks of the cache.
    pub n_blocks: usize,
}

impl Shares {
    /// Word at which the bytes of the map begin.
    pub fn map_word(&self) -> usize {
        4 + 4 * self.n_layers
    }

    /// Words of the result: id, log probability, largest value of the map, 0; per layer the probability on image,
    /// question, generated and all counted slots; one byte per image token.
    pub fn n_words(&self) -> usize {
        self.map_word() + self.n_image_token.div_ceil(4)
    }
}

/// `map` [n_image_token, at least 1], `sums` [n_layers, 4 · n_blocks], `result` [n_words].
pub(crate) fn run(
    map: &CubeTensor,
    sums: &CubeTensor,
    step: &CubeTensor,
    result: &CubeTensor,
    shares: Shares,
) {
    launch(
        Readout,
        [1, 1, 1],
        &[
            Binding::Read(map),
            Binding::Read(sums),
            Binding::Read(step),
            Binding::Write(result),
        ],
        &[shares.n_image_token, shares.n_layers, shares.n_blocks].map(|value| value as u32),
    );
}
