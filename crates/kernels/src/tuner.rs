//! Which variants of the products run fastest on this adapter: tried when it is opened, for names and capabilities do
//! not tell. A software adapter pays for every barrier and every load, a GPU for reads that are not side by side and
//! for registers. What a capability promises is believed only where the products stay the same with it.

use burn::tensor::Device;
use web_time::Instant;
use weights::Format;

use crate::{
    device::{GpuError, first_line, wait},
    trial::Trial,
    tuning::{
        BATCHES, BLOCKINGS, Blocking, Features, NO_FEATURES, SPREADS, Tuning, set_tuning, tuning,
    },
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
    let trial = |n_x| Trial::new(device, FORMAT, SIDE, n_x);
    let (Some(one), Some(few), Some(many)) = (trial(1), trial(N_BATCH), trial(N_X)) else {
        return Ok(plain);
    };
    let spreads = SPREADS.map(|spread| Tuning { spread, ..plain });
    let mut best = fastest(&one, device, &spreads).await?;
    if subgroup > 1 && best.spread.lanes > 1 {
        let features = Features {
            subgroup,
            ..best.features
        };
        best = fastest(&one, device, &[best, Tuning { features, ..best }]).await?;
    }
    let features = Features {
        halves: true,
        ..best.features
    };
    best = fastest(&one, device, &[best, Tuning { features, ..best }]).await?;
    let [neighbours, tiles, bytes] = BLOCKINGS.map(|blocking| Tuning { blocking, ..best });
    best = fastest(&many, device, &[neighbours, tiles]).await?;
    // Bytes are worth a trial where tiles are.
    if best == tiles {
        best = fastest(&many, device, &[tiles, bytes]).await?;
        if best == bytes && !agree(device, Q8, N_X, tiles, bytes).await? {
            best = tiles;
        }
    }
    let batches = BATCHES.map(|batch| Tuning { batch, ..best });
    fastest(&few, device, &batches).await
}

/// The first candidate, or one that computes the same in less time.
async fn fastest(
    trial: &Trial,
    device: &Device,
    candidates: &[Tuning],
) -> Result<Tuning, GpuError> {
    let [first, others @ ..] = candidates else {
        return Ok(tuning());
    };
    let expected = numbers(trial, *first).await?;
    let n_product = products_of_a_run(device, trial, *first).await?;
    let seconds_of =
        async |candidate, limit| seconds(device, trial, candidate, n_product, limit).await;
    let mut best = (seconds_of(*first, f64::INFINITY).await?, *first);
    for &candidate in others {
        let limit = best.0;
        let tried = async {
            match is_same(&expected, &numbers(trial, candidate).await?) {
                true => seconds_of(candidate, limit).await,
                false => Ok(f64::INFINITY),
            }
        };
        if let Some(seconds) = unless_lost(tried.await)?
            && seconds < best.0
        {
            best = (seconds, candidate);
        }
    }
    Ok(best.1)
}

/// Of the fastest run, with the handicap; far above `limit` two runs are enough.
async fn seconds(
    device: &Device,
    trial: &Trial,
    tuning: Tuning,
    n_product: usize,
    limit: f64,
) -> Result<f64, GpuError> {
    let mut least = f64::INFINITY;
    for n_done in 0..N_RUNS {
        if n_done == 2 && least > HOPELESS * limit {
            break;
        }
        let seconds = run(device, trial, tuning, n_product).await?;
        least = least.min(seconds * tuning.handicap());
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
