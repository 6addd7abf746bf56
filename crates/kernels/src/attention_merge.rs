//! Puts the blocks of a decode attention together, and reads one layer's attention out.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    sizes::{Blocks, LayerOf, n_parts},
};

/// Blocks that a workgroup reads out: the components of `slots` in the WGSL.
const N_READ: usize = 4;

/// Constants of `attention_merge.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttentionMerge {
    /// Width of a head; a multiple of 8 up to [`crate::MAX_HEAD_DIM`].
    pub head_dim: u32,
    /// Query heads.
    pub n_heads: u32,
}

impl Shader for AttentionMerge {
    fn parts(&self) -> Vec<&'static str> {
        vec![include_str!("../../../shaders/attention_merge.wgsl")]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        vec![
            ("N_VEC4", Constant::U32(self.head_dim / 4)),
            ("N_HEADS", Constant::U32(self.n_heads)),
            (
                "PARTS",
                Constant::U32(n_parts(self.head_dim as usize) as u32),
            ),
        ]
    }
}

/// `scratch` is scores, contexts and stats as `attention_decode` leaves them; `out` the context
/// [1, n_heads · head_dim], `map` [n_image_token], `sums` [n_layers, n_blocks · 4]. Without a layer nothing is read
/// out.
pub(crate) fn run(
    [scores, contexts, stats]: [&CubeTensor; 3],
    [roles, step]: [&CubeTensor; 2],
    out: &CubeTensor,
    [map, sums]: [&CubeTensor; 2],
    blocks: Blocks,
    at: Option<LayerOf>,
) {
    let n_heads = blocks.heads.n_heads;
    let (n_reader, layer, n_layers) = match at {
        Some(at) => (blocks.n_blocks().div_ceil(N_READ), at.layer, at.n_layers),
        None => (0, 0, 1),
    };
    launch(
        AttentionMerge {
            head_dim: blocks.heads.head_dim as u32,
            n_heads: n_heads as u32,
        },
        [(n_heads + n_reader) as u32, 1, 1],
        &[
            Binding::Read(stats),
            Binding::Read(contexts),
            Binding::Read(scores),
            Binding::Read(roles),
            Binding::Read(step),
            Binding::Write(out),
            Binding::Write(map),
            Binding::Write(sums),
        ],
        &[blocks.capacity_token, blocks.n_blocks(), layer, n_layers].map(|value| value as u32),
    );
}
