//! Rotary embedding of the vision tower, in place.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    sizes::RopeHeads,
};

/// Constants of `rope.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rope;

impl Shader for Rope {
    fn parts(&self) -> Vec<&'static str> {
        vec![include_str!("../../../shaders/rope.wgsl")]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// Rotates `qkv` [n_rows, n_heads · head_dim] by the tables [n_rows, head_dim / 2].
pub(crate) fn run(
    qkv: &CubeTensor,
    cosines: &CubeTensor,
    sines: &CubeTensor,
    heads: RopeHeads,
    n_rows: usize,
) {
    let half_dim = heads.head_dim / 2;
    launch(
        Rope,
        [
            (heads.n_rotated * half_dim).div_ceil(64) as u32,
            n_rows.min(32_768) as u32,
            n_rows.div_ceil(32_768) as u32,
        ],
        &[
            Binding::Write(qkv),
            Binding::Read(cosines),
            Binding::Read(sines),
        ],
        &[n_rows, heads.n_heads, heads.n_rotated, half_dim].map(|value| value as u32),
    );
}
