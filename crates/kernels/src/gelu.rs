//! The exact (erf) GELU, in place.

use burn_wgpu::CubeTensor;

use crate::launch::{Binding, Constant, Shader, folded, launch};

/// Constants of `gelu.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gelu;

impl Shader for Gelu {
    fn parts(&self) -> Vec<&'static str> {
        vec![include_str!("../../../shaders/gelu.wgsl")]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// All `n` elements of `x`.
pub(crate) fn run(x: &CubeTensor, n: usize) {
    launch(
        Gelu,
        folded((n as u32).div_ceil(64)),
        &[Binding::Write(x)],
        &[n as u32],
    );
}
