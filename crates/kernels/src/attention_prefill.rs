//! Causal attention of a chunk of the prompt over the cache.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    sizes::{Heads, TILE_ROWS},
};

/// Constants of `attention_prefill.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttentionPrefill {
    /// Width of a head; a multiple of 8 up to [`crate::MAX_HEAD_DIM`].
    pub head_dim: u32,
}

impl Shader for AttentionPrefill {
    fn parts(&self) -> Vec<&'static str> {
        vec![
            include_str!("../../../shaders/shared/attention_tile.wgsl"),
            include_str!("../../../shaders/attention_prefill.wgsl"),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        vec![("N_VEC4", Constant::U32(self.head_dim / 4))]
    }
}

/// `qkv` as `mrope` leaves it, `out` [n_rows, n_heads · head_dim].
pub(crate) fn run(
    qkv: &CubeTensor,
    [keys, values]: [&CubeTensor; 2],
    step: &CubeTensor,
    out: &CubeTensor,
    heads: Heads,
    n_rows: usize,
) {
    let scale = 1.0 / (heads.head_dim as f32).sqrt();
    launch(
        AttentionPrefill {
            head_dim: heads.head_dim as u32,
        },
        [n_rows.div_ceil(TILE_ROWS) as u32, heads.n_heads as u32, 1],
        &[
            Binding::Read(qkv),
            Binding::Read(keys),
            Binding::Read(values),
            Binding::Read(step),
            Binding::Write(out),
        ],
        &[
            n_rows as u32,
            heads.n_heads as u32,
            heads.n_kv_heads as u32,
            scale.to_bits(),
        ],
    );
}
