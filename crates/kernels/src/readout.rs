//! Packs what a step leaves for the host into a few hundred bytes.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    sizes::Shares,
};

/// Constants of `readout.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Readout;

impl Shader for Readout {
    fn parts(&self) -> Vec<&'static str> {
        vec![include_str!("../../../shaders/readout.wgsl")]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
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
