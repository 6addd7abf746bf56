//! What the kernels that read or write keys and values share.

use burn_wgpu::CubeTensor;

use crate::{
    launch::Constant,
    sizes::Heads,
    tuning::{KV_FORMATS, KvFormat, half_part, tuning},
};

/// Constants of `shared/cache.wgsl` and of who includes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cache {
    /// Width of a head; a multiple of 8 up to [`crate::MAX_HEAD_DIM`].
    pub head_dim: u32,
    /// How keys and values are kept.
    pub format: KvFormat,
    /// Halves are converted by the adapter, not by arithmetic on their bits.
    pub halves: bool,
}

impl Cache {
    /// As `keys` are kept, read by the variants in use.
    pub(crate) fn of(keys: &CubeTensor, heads: Heads) -> Cache {
        let mut formats = KV_FORMATS.into_iter();
        let format = formats.find(|format| format.dtype() == keys.dtype);
        let format = format.unwrap_or(KvFormat::F32);
        Cache {
            head_dim: heads.head_dim as u32,
            format,
            halves: format == KvFormat::F16 && tuning().features.halves,
        }
    }

    /// The texts that say where keys and values lie, and how, before those of a kernel.
    pub(crate) fn parts(self, kernel: &[&'static str]) -> Vec<&'static str> {
        let mut parts = vec![include_str!("../../../shaders/shared/cache.wgsl")];
        match self.format {
            KvFormat::F32 => parts.push(include_str!("../../../shaders/shared/cache_f32.wgsl")),
            KvFormat::F16 => parts.extend([
                half_part(self.halves),
                include_str!("../../../shaders/shared/cache_f16.wgsl"),
            ]),
        }
        parts.extend(kernel);
        parts
    }

    /// A quarter of the head width.
    pub(crate) fn n_vec4(self) -> (&'static str, Constant) {
        ("N_VEC4", Constant::U32(self.head_dim / 4))
    }
}
