//! Which variants of the products run fastest on this adapter: tried when it is opened, for names and capabilities do
//! not tell. A software adapter pays for every barrier and every load, a GPU for reads that are not side by side and
//! for registers.

use std::{
    fmt,
    str::FromStr,
    sync::{PoisonError, RwLock},
};

use burn::tensor::Device;
use web_time::Instant;

use crate::{
    device::{GpuError, wait},
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
pub struct Blocking {
    /// Neighbouring invocations that share rows of w: a power of two from 4 to 16.
    pub lanes: u32,
    /// Rows of w that they take together.
    pub rows: u32,
}

/// The variants in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Of `matvec` and `matvec_gated`.
    pub spread: Spread,
    /// Of `matmul`.
    pub blocking: Blocking,
}

/// As [`Tuning::from_str`] reads it.
impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tuning { spread, blocking } = self;
        write!(f, "{}x{},", spread.lanes, spread.rows)?;
        write!(f, "{}x{}", blocking.lanes, blocking.rows)
    }
}

/// No choice of this tuner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no choice of the tuner; leave it out, and it chooses again")]
pub struct UnknownTuning;

impl FromStr for Tuning {
    type Err = UnknownTuning;

    fn from_str(text: &str) -> Result<Self, UnknownTuning> {
        let choices = SPREADS
            .into_iter()
            .flat_map(|spread| BLOCKINGS.map(|blocking| Tuning { spread, blocking }));
        let mut known = choices.filter(|choice| choice.to_string() == text);
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
pub const BLOCKINGS: [Blocking; 2] = [
    Blocking { lanes: 16, rows: 8 },
    Blocking { lanes: 4, rows: 64 },
];

/// Rows and columns of the matrix that is tried.
const SIDE: usize = 1024;
/// Rows of the input to a product of many.
const N_X: usize = 64;
/// Timed runs; the fastest counts, for others may be at work.
const N_RUNS: usize = 2;

static TUNING: RwLock<Tuning> = RwLock::new(Tuning {
    spread: SPREADS[0],
    blocking: BLOCKINGS[0],
});

/// The variants in use.
pub fn tuning() -> Tuning {
    *TUNING.read().unwrap_or_else(PoisonError::into_inner)
}

/// Uses other variants from now on.
pub fn set_tuning(tuning: Tuning) {
    *TUNING.write().unwrap_or_else(PoisonError::into_inner) = tuning;
}

/// Tries the variants on `device` and uses the fastest from now on.
///
/// # Errors
/// When the device fails; the variants stay what they were.
pub(crate) async fn tune(device: &Device) -> Result<(), GpuError> {
    let spreads = SPREADS.map(|spread| Tuning { spread, ..tuning() });
    set_tuning(fastest(device, 1, spreads).await?);
    let blockings = BLOCKINGS.map(|blocking| Tuning {
        blocking,
        ..tuning()
    });
    set_tuning(fastest(device, N_X, blockings).await?);
    Ok(())
}

async fn fastest<const N: usize>(
    device: &Device,
    n_x: usize,
    candidates: [Tuning; N],
) -> Result<Tuning, GpuError> {
    let before = tuning();
    let mut best = (f64::INFINITY, before);
    let Some(trial) = Trial::new(device, SIDE, n_x) else {
        return Ok(before);
    };
    for candidate in candidates {
        // The first run compiles.
        for run in 0..=N_RUNS {
            set_tuning(candidate);
            let started = Instant::now();
            drop(trial.product());
            let waited = wait(device).await;
            set_tuning(before);
            waited?;
            let seconds = started.elapsed().as_secs_f64();
            if run > 0 && seconds < best.0 {
                best = (seconds, candidate);
            }
        }
    }
    Ok(best.1)
}

impl Blocking {
    /// Fours of rows of x per invocation: two where 32 columns of that many rows fit into workgroup memory, and where
    /// that covers no more rows than one.
    pub(crate) fn fours(self, n_x: usize) -> u32 {
        let n_four = n_x.div_ceil(4 * self.lanes as usize);
        if self.lanes <= 8 && n_four.is_multiple_of(2) {
            2
        } else {
            1
        }
    }
}

impl Spread {
    /// Workgroups of 64 invocations for `n_rows` rows.
    pub(crate) fn groups(self, n_rows: usize) -> u32 {
        (n_rows as u32).div_ceil(64 / self.lanes * self.rows)
    }

    pub(crate) fn constants(self) -> [(&'static str, Constant); 2] {
        [
            ("LANES", Constant::U32(self.lanes)),
            ("ROWS", Constant::U32(self.rows)),
        ]
    }
}
