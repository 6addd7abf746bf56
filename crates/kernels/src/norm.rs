//! RMS norm.

use burn_wgpu::CubeTensor;

use crate::launch::{Binding, Constant, Shader, folded, launch};

/// Constants of `norm.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Norm;

impl Shader for Norm {
    fn parts(&self) -> Vec<&'static str> {
        vec![include_str!("../../../shaders/norm.wgsl")]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// `out = weight · x / sqrt(mean(x²) + eps)`; x and out are [n_rows, n_cols].
pub(crate) fn run(
    x: &CubeTensor,
    weight: &CubeTensor,
    out: &CubeTensor,
    [n_rows, n_cols]: [usize; 2],
    eps: f32,
) {
    launch(
        Norm,
        folded(n_rows as u32),
        &[Binding::Read(x), Binding::Read(weight), Binding::Write(out)],
        &[n_cols as u32, eps.to_bits()],
    );
}
