//! What the kernels that read or write keys and values share.

use burn_wgpu::CubeTensor;

use crate::{
    launch::Constant,
    sizes::Heads,
    tuning::{Features, KV_FORMATS, KvFormat, NO_FEATURES, tuning},
};

/// Constants of `shared/cache.wgsl` and of who includes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cache {
    /// Width of a head; a multiple of 8 up to [`crate::MAX_HEAD_DIM`].
    pub head_dim: u32,
    /// How keys and values are kept.
    pub format: KvFormat,
    /// What of the adapter is used to read halves.
    pub features: Features,
}

impl Cache {
    /// As `keys` are kept, read by the variants in use.
    pub(crate) fn of(keys: &CubeTensor, heads: Heads) -> Cache {
        let mut formats = KV_FORMATS.into_iter();
        let format = formats.find(|format| format.dtype() == keys.dtype);
        let format = format.unwrap_or(KvFormat::F32);
        let features = match format {
            KvFormat::F16 => Features {
                halves: tuning().features.halves,
                ..NO_FEATURES
            },
            KvFormat::F32 => NO_FEATURES,
        };
        Cache {
            head_dim: heads.head_dim as u32,
            format,
            features,
        }
    }

    /// The texts that say where keys and values lie, and how.
    pub(crate) fn parts(self) -> Vec<&'static str> {
        let lie = include_str!("../../../shaders/shared/cache.wgsl");
        match self.format {
            KvFormat::F32 => vec![lie, include_str!("../../../shaders/shared/cache_f32.wgsl")],
            KvFormat::F16 => vec![
                lie,
                self.features.half_part(),
                include_str!("../../../shaders/shared/cache_f16.wgsl"),
            ],
        }
    }

    /// A quarter of the head width.
    pub(crate) fn n_vec4(self) -> (&'static str, Constant) {
        ("N_VEC4", Constant::U32(self.head_dim / 4))
    }
}
