//! Two-way attention inside windows of the vision tower.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    sizes::TILE_ROWS,
};

/// Constants of `attention_window.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttentionWindow {
    /// Width of a head; a multiple of 4 up to [`crate::MAX_HEAD_DIM`].
    pub head_dim: u32,
}

impl Shader for AttentionWindow {
    fn parts(&self) -> Vec<&'static str> {
        vec![
            include_str!("../../../shaders/shared/attention_tile.wgsl"),
            include_str!("../../../shaders/attention_window.wgsl"),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        vec![("N_VEC4", Constant::U32(self.head_dim / 4))]
    }
}

/// `qkv` [n_rows, 3 · n_heads · head_dim], `borders` [n_rows, 2], `out` [n_rows, n_heads · head_dim].
pub(crate) fn run(
    qkv: &CubeTensor,
    borders: &CubeTensor,
    out: &CubeTensor,
    n_heads: usize,
    head_dim: usize,
    n_rows: usize,
) {
    let scale = 1.0 / (head_dim as f32).sqrt();
    launch(
        AttentionWindow {
            head_dim: head_dim as u32,
        },
        [n_rows.div_ceil(TILE_ROWS) as u32, n_heads as u32, 1],
        &[
            Binding::Read(qkv),
            Binding::Read(borders),
            Binding::Write(out),
        ],
        &[n_rows as u32, n_heads as u32, scale.to_bits()],
    );
}
