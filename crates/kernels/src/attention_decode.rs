//! Attention of one new token, block by block of the cache; `attention_merge` puts the blocks together.

use burn_wgpu::CubeTensor;

use crate::{
    cache::Cache,
    launch::{Binding, Constant, Shader, launch},
    sizes::{Blocks, Heads, STEP_ANGLES, n_parts},
};

/// Query heads of one workgroup, at most.
const MOST_HEADS: usize = 8;

/// Constants of `attention_decode.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttentionDecode {
    /// What is attended to.
    pub cache: Cache,
    /// Query heads per key/value head.
    pub group: u32,
}

impl AttentionDecode {
    /// Query heads of one workgroup: the largest divisor of the group that its memory takes.
    fn heads(&self) -> u32 {
        let fits = (1..=MOST_HEADS as u32).rev();
        fits.into_iter()
            .find(|heads| self.group.is_multiple_of(*heads))
            .unwrap_or(1)
    }
}

impl Shader for AttentionDecode {
    fn parts(&self) -> Vec<&'static str> {
        let own = include_str!("../../../shaders/attention_decode.wgsl");
        self.cache.parts(&[own])
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        vec![
            self.cache.n_vec4(),
            ("HEADS", Constant::U32(self.heads())),
            ("GROUP_HEADS", Constant::U32(self.group)),
            (
                "PARTS",
                Constant::U32(n_parts(self.cache.head_dim as usize) as u32),
            ),
            ("STEP_ANGLES", Constant::U32(STEP_ANGLES as u32)),
        ]
    }
}

/// `qkv` is one row as the projection leaves it, `step` the step buffer; `scratch` is scores, contexts, stats.
pub(crate) fn run(
    qkv: &CubeTensor,
    step: &CubeTensor,
    [keys, values]: [&CubeTensor; 2],
    [scores, contexts, stats]: [&CubeTensor; 3],
    blocks: Blocks,
) {
    let Heads {
        n_heads,
        n_kv_heads,
        head_dim,
    } = blocks.heads;
    let shader = AttentionDecode {
        cache: Cache::of(keys, blocks.heads),
        group: (n_heads / n_kv_heads) as u32,
    };
    let scale = 1.0 / (head_dim as f32).sqrt();
    let groups = [n_heads as u32 / shader.heads(), blocks.n_blocks() as u32, 1];
    launch(
        shader,
        groups,
        &[
            Binding::Read(qkv),
            Binding::Read(step),
            Binding::Write(keys),
            Binding::Write(values),
            Binding::Write(scores),
            Binding::Write(contexts),
            Binding::Write(stats),
        ],
        &[
            n_heads as u32,
            n_kv_heads as u32,
            blocks.capacity_token as u32,
            blocks.n_blocks() as u32,
            scale.to_bits(),
        ],
    );
}
