//! Rotary embedding of the language model, and the write into the key/value cache.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    sizes::Heads,
};

/// Constants of `mrope.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mrope;

impl Shader for Mrope {
    fn parts(&self) -> Vec<&'static str> {
        vec![include_str!("../../../shaders/mrope.wgsl")]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// Rotates the queries of `qkv` [n_rows, (n_heads + 2 n_kv_heads) · head_dim] in place and fills the
/// cache slots from the step's on. Keys lie in
/// blocks of 64 slots: [capacity / 64, n_kv_heads, head_dim / 4, 64, 4].
pub(crate) fn run(
    qkv: &CubeTensor,
    [cosines, sines]: [&CubeTensor; 2],
    step: &CubeTensor,
    [keys, values]: [&CubeTensor; 2],
    heads: Heads,
    n_rows: usize,
) {
    let half_dim = heads.head_dim / 2;
    let n_all_heads = heads.n_heads + 2 * heads.n_kv_heads;
    launch(
        Mrope,
        [
            (n_all_heads * half_dim).div_ceil(64) as u32,
            n_rows as u32,
            1,
        ],
        &[
            Binding::Write(qkv),
            Binding::Read(cosines),
            Binding::Read(sines),
            Binding::Read(step),
            Binding::Write(keys),
            Binding::Write(values),
        ],
        &[n_rows, heads.n_heads, heads.n_kv_heads, half_dim].map(|value| value as u32),
    );
}
