//! Which variants of the products run fastest on this adapter: tried when it is opened, for names and capabilities do
//! not tell. A software adapter pays for every barrier and every load, a GPU for reads that are not side by side and
//! for registers. What a capability promises is believed only where the products stay the same with it.

use std::{
    fmt,
    str::FromStr,
    sync::{PoisonError, RwLock},
};

use burn::tensor::Device;
use web_time::Instant;
use weights::Format;

use crate::{
    device::{GpuError, first_line, wait},
    launch::Constant,
    trial::Trial,
};

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

const NO_FEATURES: Features = Features {
    subgroup: 1,
    halves: false,
};

/// Rows and columns of the matrix that is tried: 31 quads of a row, so that the lanes of no row do the same number of
/// rounds, and a last group that is short.
const SIDE: usize = 992;
const FORMAT: Format = Format::Q4 { group: 64 };
/// The other storage of bytes.
const Q8: Format = Format::Q8 { group: 32 };
/// Rows of the input to a product of many, and of a few.
const N_X: usize = 64;
const N_BATCH: usize = 4;
/// Timed runs; the fastest counts, for others may be at work.
const N_RUNS: usize = 3;
/// A run has so many products that it takes this long, up to a limit: else the clock measures how long asking takes.
const RUN_MILLIS: f64 = 3.0;
const N_MOST_PRODUCTS: usize = 64;
/// Who takes so many times as long is not tried again.
const HOPELESS: f64 = 1.5;
/// Sums in another order differ by less than this part.
const TOLERANCE: f32 = 1e-4;

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

/// Uses `chosen` on `device` from now on. What it asks of the adapter must compute what the plain variants compute: the
/// adapter's driver may be another one by now.
///
/// # Errors
/// When the device is lost, or fails with the plain variants.
pub(crate) async fn take(device: &Device, chosen: Tuning) -> Result<bool, GpuError> {
    let has_bytes = chosen.blocking == Blocking::Bytes;
    let plain = Tuning {
        features: NO_FEATURES,
        blocking: if has_bytes {
            Blocking::Tiles
        } else {
            chosen.blocking
        },
        ..chosen
    };
    let is_right = chosen == plain
        || agree(device, FORMAT, 1, plain, chosen).await?
            && agree(device, FORMAT, N_X, plain, chosen).await?
            && (!has_bytes || agree(device, Q8, N_X, plain, chosen).await?);
    if is_right {
        set_tuning(chosen);
    }
    Ok(is_right)
}

/// Tries the variants on `device`, of whose neighbouring invocations `subgroup` are said to lie in one subgroup, and uses
/// the fastest from now on.
///
/// # Errors
/// When the device is lost, or fails with the plain variants; the variants stay what they were.
pub(crate) async fn tune(device: &Device, subgroup: u32) -> Result<(), GpuError> {
    let plain = Tuning {
        features: NO_FEATURES,
        ..tuning()
    };
    set_tuning(choose(device, subgroup, plain).await?);
    Ok(())
}

async fn choose(device: &Device, subgroup: u32, plain: Tuning) -> Result<Tuning, GpuError> {
    let spreads = SPREADS.map(|spread| Tuning { spread, ..plain });
    let mut best = fastest(device, 1, &spreads).await?;
    if subgroup > 1 && best.spread.lanes > 1 {
        let features = Features {
            subgroup,
            ..best.features
        };
        best = fastest(device, 1, &[best, Tuning { features, ..best }]).await?;
    }
    let features = Features {
        halves: true,
        ..best.features
    };
    best = fastest(device, 1, &[best, Tuning { features, ..best }]).await?;
    let [neighbours, tiles, bytes] = BLOCKINGS.map(|blocking| Tuning { blocking, ..best });
    best = fastest(device, N_X, &[neighbours, tiles]).await?;
    // Bytes are worth a trial where tiles are.
    if best == tiles {
        best = fastest(device, N_X, &[tiles, bytes]).await?;
        if best == bytes && !agree(device, Q8, N_X, tiles, bytes).await? {
            best = tiles;
        }
    }
    let batches = BATCHES.map(|batch| Tuning { batch, ..best });
    fastest(device, N_BATCH, &batches).await
}

/// The first candidate, or one that computes the same in less time.
async fn fastest(device: &Device, n_x: usize, candidates: &[Tuning]) -> Result<Tuning, GpuError> {
    let [first, others @ ..] = candidates else {
        return Ok(tuning());
    };
    let Some(trial) = Trial::new(device, FORMAT, SIDE, n_x) else {
        return Ok(*first);
    };
    let expected = numbers(&trial, *first).await?;
    let n_product = products_of_a_run(device, &trial, *first).await?;
    let mut best = (f64::INFINITY, *first);
    for _ in 0..N_RUNS {
        let seconds = run(device, &trial, *first, n_product).await?;
        best.0 = best.0.min(seconds * first.handicap());
    }
    for &candidate in others {
        let limit = best.0;
        let tried = tried(device, &trial, candidate, &expected, n_product, limit).await;
        if let Some(seconds) = unless_lost(tried)?
            && seconds < best.0
        {
            best = (seconds, candidate);
        }
    }
    Ok(best.1)
}

/// Seconds of the fastest run, with the handicap; infinite for one that computes something else.
async fn tried(
    device: &Device,
    trial: &Trial,
    candidate: Tuning,
    expected: &[f32],
    n_product: usize,
    limit: f64,
) -> Result<f64, GpuError> {
    if !is_same(expected, &numbers(trial, candidate).await?) {
        return Ok(f64::INFINITY);
    }
    let mut least = f64::INFINITY;
    for n_done in 0..N_RUNS {
        if n_done == 2 && least > HOPELESS * limit {
            break;
        }
        let seconds = run(device, trial, candidate, n_product).await?;
        least = least.min(seconds * candidate.handicap());
    }
    Ok(least)
}

/// Whether `other` computes what `plain` computes.
async fn agree(
    device: &Device,
    format: Format,
    n_x: usize,
    plain: Tuning,
    other: Tuning,
) -> Result<bool, GpuError> {
    let Some(trial) = Trial::new(device, format, SIDE, n_x) else {
        return Ok(false);
    };
    let expected = numbers(&trial, plain).await?;
    let got = unless_lost(numbers(&trial, other).await)?;
    Ok(got.is_some_and(|got| is_same(&expected, &got)))
}

/// A driver that fails with one variant has others; one that is gone has none.
fn unless_lost<T>(tried: Result<T, GpuError>) -> Result<Option<T>, GpuError> {
    match tried {
        Ok(tried) => Ok(Some(tried)),
        Err(lost @ GpuError::Lost(_)) => Err(lost),
        Err(_) => Ok(None),
    }
}

/// Doubled until a run takes [`RUN_MILLIS`].
async fn products_of_a_run(
    device: &Device,
    trial: &Trial,
    tuning: Tuning,
) -> Result<usize, GpuError> {
    let mut n_product = 1;
    while n_product < N_MOST_PRODUCTS
        && run(device, trial, tuning, n_product).await? * 1e3 < RUN_MILLIS
    {
        n_product *= 2;
    }
    Ok(n_product)
}

/// Seconds that `n_product` products take.
async fn run(
    device: &Device,
    trial: &Trial,
    tuning: Tuning,
    n_product: usize,
) -> Result<f64, GpuError> {
    let started = Instant::now();
    with(tuning, || {
        (0..n_product).for_each(|_| drop(trial.product()))
    });
    wait(device).await?;
    Ok(started.elapsed().as_secs_f64())
}

/// What `f` asks the device for while `tuning` is in use.
fn with<T>(tuning: Tuning, f: impl FnOnce() -> T) -> T {
    let before = self::tuning();
    set_tuning(tuning);
    let asked = f();
    set_tuning(before);
    asked
}

/// What the trial computes with these variants.
async fn numbers(trial: &Trial, tuning: Tuning) -> Result<Vec<f32>, GpuError> {
    let product = with(tuning, || trial.product());
    let device = product.device();
    let read = product.into_data_async().await;
    // What a kernel did wrong is told here.
    wait(&device).await?;
    let data = read.map_err(|error| GpuError::Failed(first_line(&error.to_string())))?;
    Ok(data.iter::<f32>().collect())
}

/// All products of the trial are positive, and large beside what cancels in them.
fn is_same(expected: &[f32], got: &[f32]) -> bool {
    let mut pairs = expected.iter().zip(got);
    expected.len() == got.len() && pairs.all(|(a, b)| (a - b).abs() <= TOLERANCE * a.abs())
}

impl Tuning {
    /// What its time is multiplied with: who rounds x must be faster by a quarter, and what not every adapter has by
    /// more than chance.
    fn handicap(self) -> f64 {
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
