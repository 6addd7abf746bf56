//! Attention of one query over the cache; keeps the normalised probabilities of every head.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    sizes::Heads,
};

/// Constants of `attention_decode.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttentionDecode {
    /// Width of a head; a multiple of 4.
    pub head_dim: u32,
}

impl Shader for AttentionDecode {
    const WGSL: &'static [&'static str] = &[include_str!("../../../shaders/attention_decode.wgsl")];

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        vec![("N_VEC4", Constant::U32(self.head_dim / 4))]
    }
}

/// `qkv` one row as `mrope` leaves it, `out` [1, n_heads · head_dim], `probabilities` [n_heads, capacity].
pub(crate) fn run(
    qkv: &CubeTensor,
    [keys, values]: [&CubeTensor; 2],
    n_past: &CubeTensor,
    [out, probabilities]: [&CubeTensor; 2],
    heads: Heads,
    capacity_token: usize,
) {
    let scale = 1.0 / (heads.head_dim as f32).sqrt();
    launch(
        AttentionDecode {
            head_dim: heads.head_dim as u32,
        },
        [heads.n_heads as u32, 1, 1],
        &[
            Binding::Read(qkv),
            Binding::Read(keys),
            Binding::Read(values),
            Binding::Read(n_past),
            Binding::Write(out),
            Binding::Write(probabilities),
        ],
        &[
            heads.n_heads as u32,
            heads.n_kv_heads as u32,
            capacity_token as u32,
            scale.to_bits(),
        ],
    );
}
