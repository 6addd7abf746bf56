//! Causal attention of a chunk of the prompt over the cache.

use burn_wgpu::CubeTensor;

use crate::{
    cache::Cache,
    launch::{Binding, Constant, Shader, launch},
    sizes::{Heads, TILE_ROWS},
};

/// Constants of `attention_prefill.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttentionPrefill {
    /// What is attended to.
    pub cache: Cache,
}

impl Shader for AttentionPrefill {
    fn parts(&self) -> Vec<&'static str> {
        self.cache.parts(&[
            include_str!("../../../shaders/shared/attention_tile.wgsl"),
            include_str!("../../../shaders/attention_prefill.wgsl"),
        ])
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        vec![self.cache.n_vec4()]
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
            cache: Cache::of(keys, heads),
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
