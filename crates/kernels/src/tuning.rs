//! The variants of the kernels, and which are in use; `tuner` chooses.

use std::{
    fmt,
    str::FromStr,
    sync::{PoisonError, RwLock},
};

use burn::tensor::DType;
use weights::Format;

use crate::launch::Constant;

/// How invocations share the rows of a matrix × vector product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spread {
    /// Invocations that share a row: a power of two up to 64.
    pub lanes: u32,
    /// Rows that they take together.
    pub rows: u32,
    /// What each of them takes of a row before the next one does.
    pub unit: Unit,
}

/// What is loaded of a row of weights at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// 16 bytes: `shared/quad.wgsl`.
    Quad,
    /// A word, where weights are packed: `shared/word.wgsl`.
    Word,
}

/// How invocations share the work of a product of two matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blocking {
    /// Square tiles of both in workgroup memory: `matmul_tile`.
    Tiles,
    /// The same in packed bytes, where weights are: `matmul_bytes`.
    Bytes,
    /// The same in halves: `matmul_halves`.
    Halves,
    /// Neighbours that share rows of w: `matmul`.
    Neighbours,
}

/// How keys and values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KvFormat {
    /// As they are computed.
    F32,
    /// Rounded to 11 bits, in half the memory.
    F16,
}

/// What kernels use of what not every adapter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Features {
    /// So many neighbouring invocations lie in one subgroup, a power of two up to 64; 1 where subgroups are not used.
    pub subgroup: u32,
    /// Halves are converted by the adapter, not by arithmetic on their bits.
    pub halves: bool,
}

/// The variants in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Of `matvec` and `matvec_gated`.
    pub spread: Spread,
    /// Of products with many rows of x.
    pub blocking: Blocking,
    /// Rows of x up to which `matvec` is used.
    pub batch: usize,
    /// Of a cache that is made from now on.
    pub kv: KvFormat,
    /// Of the products, and of a cache of halves.
    pub features: Features,
}

/// As [`Tuning::from_str`] reads it.
impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tuning {
            spread,
            blocking,
            batch,
            kv,
            features,
        } = self;
        write!(
            f,
            "{}x{}{},",
            spread.lanes,
            spread.rows,
            spread.unit.suffix()
        )?;
        write!(f, "{},{batch},{},", blocking.name(), kv.name())?;
        write!(f, "{},{}", features.subgroup, u8::from(features.halves))
    }
}

/// No choice of this tuner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no choice of the tuner; leave it out, and it chooses again")]
pub struct UnknownTuning;

impl FromStr for Tuning {
    type Err = UnknownTuning;

    fn from_str(text: &str) -> Result<Self, UnknownTuning> {
        let mut known = Tuning::all().filter(|choice| choice.to_string() == text);
        known.next().ok_or(UnknownTuning)
    }
}

/// What is tried for one row of input.
pub const SPREADS: [Spread; 5] = [
    spread(32, 2, Unit::Quad),
    spread(8, 2, Unit::Quad),
    spread(1, 4, Unit::Quad),
    spread(32, 2, Unit::Word),
    spread(32, 4, Unit::Word),
];

const fn spread(lanes: u32, rows: u32, unit: Unit) -> Spread {
    Spread { lanes, rows, unit }
}

/// What is tried for many rows of input.
pub const BLOCKINGS: [Blocking; 4] = [
    Blocking::Neighbours,
    Blocking::Tiles,
    Blocking::Bytes,
    Blocking::Halves,
];

/// What is tried for a few rows of input.
pub const BATCHES: [usize; 2] = [8, 2];

/// What is tried for keys and values.
pub const KV_FORMATS: [KvFormat; 2] = [KvFormat::F32, KvFormat::F16];

/// Widths of subgroups that kernels know; 1 is none.
pub const SUBGROUPS: [u32; 6] = [1, 4, 8, 16, 32, 64];

/// What every adapter has.
pub(crate) const NO_FEATURES: Features = Features {
    subgroup: 1,
    halves: false,
};

/// What runs everywhere.
const PLAIN: Tuning = Tuning {
    spread: SPREADS[0],
    blocking: BLOCKINGS[0],
    batch: BATCHES[0],
    kv: KV_FORMATS[0],
    features: NO_FEATURES,
};

static TUNING: RwLock<Tuning> = RwLock::new(PLAIN);

/// The variants in use.
pub fn tuning() -> Tuning {
    *TUNING.read().unwrap_or_else(PoisonError::into_inner)
}

/// Uses other variants from now on.
pub fn set_tuning(tuning: Tuning) {
    *TUNING.write().unwrap_or_else(PoisonError::into_inner) = tuning;
}

impl Tuning {
    /// What its time is multiplied with: who rounds must be faster by a quarter, and what not every adapter has by more
    /// than chance.
    pub(crate) fn handicap(self) -> f64 {
        let factors = [
            (self.blocking.rounds(), 1.25),
            (self.kv == KvFormat::F16, 1.25),
            (self.features != NO_FEATURES, 1.03),
        ];
        let own = factors.into_iter().filter(|(is_so, _)| *is_so);
        own.map(|(_, factor)| factor).product()
    }

    /// All that can be chosen.
    pub fn all() -> impl Iterator<Item = Tuning> {
        SPREADS
            .into_iter()
            .map(|spread| Tuning { spread, ..PLAIN })
            .flat_map(|choice| BLOCKINGS.map(|blocking| Tuning { blocking, ..choice }))
            .flat_map(|choice| BATCHES.map(|batch| Tuning { batch, ..choice }))
            .flat_map(|choice| KV_FORMATS.map(|kv| Tuning { kv, ..choice }))
            .flat_map(|choice| Features::all().map(move |features| Tuning { features, ..choice }))
    }
}

impl Features {
    /// All that can be chosen.
    pub fn all() -> impl Iterator<Item = Features> {
        SUBGROUPS
            .into_iter()
            .flat_map(|subgroup| [false, true].map(|halves| Features { subgroup, halves }))
    }

    /// The text that gives `halves`.
    pub(crate) fn half_part(self) -> &'static str {
        half_part(self.halves)
    }
}

/// The same, converted by the adapter or by arithmetic.
pub(crate) fn half_part(is_converted: bool) -> &'static str {
    if is_converted {
        include_str!("../../../shaders/shared/half_converted.wgsl")
    } else {
        include_str!("../../../shaders/shared/half.wgsl")
    }
}

impl KvFormat {
    /// Of the tensors that hold keys and values.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }
}

impl Blocking {
    /// Whether it rounds x, and takes packed weights only.
    pub(crate) fn rounds(self) -> bool {
        matches!(self, Self::Bytes | Self::Halves)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tiles => "tiles",
            Self::Bytes => "bytes",
            Self::Halves => "halves",
            Self::Neighbours => "neighbours",
        }
    }
}

impl Unit {
    fn suffix(self) -> &'static str {
        match self {
            Self::Quad => "",
            Self::Word => "w",
        }
    }
}

impl Spread {
    /// What this spread makes of weights in `format`: only packed ones are taken by the word.
    pub(crate) fn of(self, format: Format) -> Spread {
        match format.group() {
            Some(_) => self,
            None => Spread {
                unit: Unit::Quad,
                ..self
            },
        }
    }

    /// Columns that an invocation takes at a time.
    pub(crate) fn unit_columns(self, format: Format) -> usize {
        match self.unit {
            Unit::Quad => 4 * format.values_per_word(),
            Unit::Word => format.values_per_word(),
        }
    }

    /// The texts that give a unit's products.
    pub(crate) fn unit_parts(self) -> [&'static str; 2] {
        let unit = match self.unit {
            Unit::Quad => include_str!("../../../shaders/shared/quad.wgsl"),
            Unit::Word => include_str!("../../../shaders/shared/word.wgsl"),
        };
        [include_str!("../../../shaders/shared/unit.wgsl"), unit]
    }

    /// Workgroups of 64 invocations for `n_rows` rows.
    pub(crate) fn groups(self, n_rows: usize) -> u32 {
        (n_rows as u32).div_ceil(64 / self.lanes * self.rows)
    }

    /// Whether invocations of a subgroup exchange values.
    pub(crate) fn uses_subgroups(self, features: Features) -> bool {
        self.lanes > 1 && features.subgroup > 1
    }

    /// The text that gives `sum_lanes`.
    pub(crate) fn lanes_part(self, features: Features) -> &'static str {
        if self.uses_subgroups(features) {
            include_str!("../../../shaders/shared/lanes_subgroup.wgsl")
        } else {
            include_str!("../../../shaders/shared/lanes.wgsl")
        }
    }

    /// Constants of `shared/lanes.wgsl` for `n_sums` sums, and of who includes it.
    pub(crate) fn constants(
        self,
        features: Features,
        n_sums: u32,
    ) -> [(&'static str, Constant); 4] {
        [
            ("LANES", Constant::U32(self.lanes)),
            ("ROWS", Constant::U32(self.rows)),
            ("N_SUMS", Constant::U32(n_sums)),
            ("SUBGROUP", Constant::U32(features.subgroup)),
        ]
    }
}
