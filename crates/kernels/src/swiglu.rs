//! `silu(gate) · up`.

use burn_wgpu::CubeTensor;

use crate::launch::{Binding, Constant, Shader, launch};

/// Constants of `swiglu.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Swiglu;

impl Shader for Swiglu {
    fn parts(&self) -> Vec<&'static str> {
        vec![include_str!("../../../shaders/swiglu.wgsl")]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// `x` [n_rows, 2 · n_cols] holds gate and up side by side; `out` is [n_rows, n_cols].
pub(crate) fn run(x: &CubeTensor, out: &CubeTensor, [n_rows, n_cols]: [usize; 2]) {
    launch(
        Swiglu,
        [
            n_cols.div_ceil(64) as u32,
            n_rows.min(32_768) as u32,
            n_rows.div_ceil(32_768) as u32,
        ],
        &[Binding::Read(x), Binding::Write(out)],
        &[n_cols as u32, n_rows as u32],
    );
}
