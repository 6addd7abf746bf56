//! The variants of the products, and which are in use; `tuner` chooses.

use std::{
    fmt,
    str::FromStr,
    sync::{PoisonError, RwLock},
};

use crate::launch::Constant;

/// How invocations share the rows of a matrix × vector product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spread {
    /// Invocations that share a row: a power of two up to 64.
    pub lanes: u32,
    /// Rows that they take together.
    pub rows: u32,
}

/// How invocations share the work of a product of two matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blocking {
    /// Square tiles of both in workgroup memory: `matmul_tile`.
    Tiles,
    /// The same in packed bytes, where weights are: `matmul_bytes`.
    Bytes,
    /// Neighbours that share rows of w: `matmul`.
    Neighbours,
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
    /// Of the products.
    pub features: Features,
}

/// As [`Tuning::from_str`] reads it.
impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tuning {
            spread,
            blocking,
            batch,
            features,
        } = self;
        write!(f, "{}x{},", spread.lanes, spread.rows)?;
        write!(f, "{},{batch},", blocking.name())?;
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
pub const SPREADS: [Spread; 3] = [
    Spread { lanes: 32, rows: 2 },
    Spread { lanes: 8, rows: 2 },
    Spread { lanes: 1, rows: 4 },
];

/// What is tried for many rows of input.
pub const BLOCKINGS: [Blocking; 3] = [Blocking::Neighbours, Blocking::Tiles, Blocking::Bytes];

/// What is tried for a few rows of input.
pub const BATCHES: [usize; 2] = [8, 2];

/// Widths of subgroups that kernels know; 1 is none.
pub const SUBGROUPS: [u32; 6] = [1, 4, 8, 16, 32, 64];

/// What every adapter has.
pub(crate) const NO_FEATURES: Features = Features {
    subgroup: 1,
    halves: false,
};

static TUNING: RwLock<Tuning> = RwLock::new(Tuning {
    spread: SPREADS[0],
    blocking: BLOCKINGS[0],
    batch: BATCHES[0],
    features: NO_FEATURES,
});

/// The variants in use.
pub fn tuning() -> Tuning {
    *TUNING.read().unwrap_or_else(PoisonError::into_inner)
}

/// Uses other variants from now on.
pub fn set_tuning(tuning: Tuning) {
    *TUNING.write().unwrap_or_else(PoisonError::into_inner) = tuning;
}

impl Tuning {
    /// What its time is multiplied with: who rounds x must be faster by a quarter, and what not every adapter has by
    /// more than chance.
    pub(crate) fn handicap(self) -> f64 {
        let rounds = if self.blocking == Blocking::Bytes {
            1.25
        } else {
            1.0
        };
        let asks = if self.features == NO_FEATURES {
            1.0
        } else {
            1.03
        };
        rounds * asks
    }

    /// All that can be chosen.
    fn all() -> impl Iterator<Item = Tuning> {
        let choices = SPREADS.into_iter().flat_map(|spread| {
            BLOCKINGS.into_iter().flat_map(move |blocking| {
                BATCHES.into_iter().map(move |batch| Tuning {
                    spread,
                    blocking,
                    batch,
                    features: NO_FEATURES,
                })
            })
        });
        choices
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
        if self.halves {
            include_str!("../../../shaders/shared/half_converted.wgsl")
        } else {
            include_str!("../../../shaders/shared/half.wgsl")
        }
    }
}

impl Blocking {
    fn name(self) -> &'static str {
        match self {
            Self::Tiles => "tiles",
            Self::Bytes => "bytes",
            Self::Neighbours => "neighbours",
        }
    }
}

impl Spread {
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
