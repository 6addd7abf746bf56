//! Rotary embedding of the language model, and the write into the key/value cache.

use burn_wgpu::CubeTensor;

use crate::{
    cache::Cache,
    launch::{Binding, Constant, Shader, launch},
    sizes::Heads,
};

/// Constants of `mrope.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mrope {
    /// What is written to.
    pub cache: Cache,
}

impl Shader for Mrope {
    fn parts(&self) -> Vec<&'static str> {
        let own = include_str!("../../../shaders/mrope.wgsl");
        self.cache.parts(&[own])
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        vec![self.cache.n_vec4()]
    }
}

/// Rotates the queries of `qkv` [n_rows, (n_heads + 2 n_kv_heads) · head_dim] in place and fills the cache slots from
/// the step's on.
pub(crate) fn run(
    qkv: &CubeTensor,
    [cosines, sines]: [&CubeTensor; 2],
    step: &CubeTensor,
    [keys, values]: [&CubeTensor; 2],
    heads: Heads,
    n_rows: usize,
) {
    let n_all_heads = heads.n_heads + 2 * heads.n_kv_heads;
    let n_pair = n_all_heads * heads.head_dim / 8;
    launch(
        Mrope {
            cache: Cache::of(keys, heads),
        },
        [n_pair.div_ceil(64) as u32, n_rows as u32, 1],
        &[
            Binding::Write(qkv),
            Binding::Read(cosines),
            Binding::Read(sines),
            Binding::Read(step),
            Binding::Write(keys),
            Binding::Write(values),
        ],
        &[n_rows, heads.n_heads, heads.n_kv_heads].map(|value| value as u32),
    );
}
