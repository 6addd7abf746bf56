//! Which variants of the kernels run fastest on this adapter: tried when it is opened, for names and capabilities do
//! not tell. A software adapter pays for every barrier and every load, a GPU for reads that are not side by side and
//! for registers. What a capability promises is believed only where the numbers stay the same with it.

use burn::tensor::{Device, Tensor};
use web_time::Instant;
use weights::Format;

use crate::{
    attention_trial::AttentionTrial,
    device::{Gpu, GpuError, first_line, wait},
    trial::Trial,
    tuning::{
        BATCHES, BLOCKINGS, Blocking, Features, KV_FORMATS, KvFormat, NO_FEATURES, SPREADS, Tuning,
        set_tuning, tuning,
    },
};

/// Rows and columns of the matrix that is tried: 31 quads of a row, so that the lanes of no row do the same number of
/// rounds, and a last group that is short.
const SIDE: usize = 992;
/// The same, 127 quads, for adapters that take less than this for a product of the small one.
const LARGE_SIDE: usize = 4064;
const FAST_MILLIS: f64 = 0.0625;
/// Products that tell how long one takes, beside the way there and back.
const N_ASKED: usize = 33;
const FORMAT: Format = Format::Q4 { group: 64 };
/// The other storage of bytes.
const Q8: Format = Format::Q8 { group: 32 };
/// Rows of the input to a product of many, and of a few.
const N_X: usize = 64;
const N_BATCH: usize = 4;
/// Timed runs; the fastest counts, for others may be at work.
const N_RUNS: usize = 3;
/// A run repeats its work until it takes this long, up to a limit: else the clock measures how long asking takes.
const RUN_MILLIS: f64 = 3.0;
const N_MOST_REPEATS: usize = 64;
/// Who takes so many times as long is not tried again.
const HOPELESS: f64 = 1.5;
/// Sums in another order differ by less than this part, those of numbers of 11 bits by less than the other.
const TOLERANCE: f32 = 1e-4;
const HALF_TOLERANCE: f32 = 5e-3;

/// What is tried: everything that it is given, on the variants in use.
type Work<'a> = &'a dyn Fn() -> Tensor<2>;

/// Uses `chosen` on `device` from now on. What it asks of the adapter must compute what the plain variants compute: the
/// adapter's driver may be another one by now.
///
/// # Errors
/// When the device is lost, or fails with the plain variants.
pub(crate) async fn take(device: &Device, chosen: Tuning) -> Result<bool, GpuError> {
    let rounds = chosen.blocking.rounds();
    let has_halves = chosen.kv == KvFormat::F16;
    let plain = Tuning {
        features: NO_FEATURES,
        blocking: if rounds {
            Blocking::Tiles
        } else {
            chosen.blocking
        },
        kv: KV_FORMATS[0],
        ..chosen
    };
    let products = Tuning {
        kv: plain.kv,
        ..chosen
    };
    let are_products_right = products == plain
        || agree(device, FORMAT, 1, plain, products).await?
            && agree(device, FORMAT, N_X, plain, products).await?
            && (!rounds || agree(device, Q8, N_X, plain, products).await?);
    let is_right =
        are_products_right && (!has_halves || attend_alike(device, plain, chosen).await?);
    if is_right {
        set_tuning(chosen);
    }
    Ok(is_right)
}

/// Tries the variants on `gpu`, and uses the fastest from now on.
///
/// # Errors
/// When the device is lost, or fails with the plain variants; the variants stay what they were.
pub(crate) async fn tune(gpu: &Gpu) -> Result<(), GpuError> {
    let plain = Tuning {
        features: NO_FEATURES,
        ..tuning()
    };
    set_tuning(choose(gpu, plain).await?);
    Ok(())
}

async fn choose(gpu: &Gpu, plain: Tuning) -> Result<Tuning, GpuError> {
    let (device, subgroup) = (&gpu.device, gpu.subgroup);
    let side = side(device, plain).await?;
    let Some(one) = Trial::new(device, FORMAT, side, 1) else {
        return Ok(plain);
    };
    let [few, many] = [N_BATCH, N_X].map(|n_x| one.with_rows(n_x));
    let (one, few, many) = (|| one.product(), || few.product(), || many.product());
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
    let [neighbours, tiles, bytes, halves] = BLOCKINGS.map(|blocking| Tuning { blocking, ..best });
    best = fastest(&many, device, &[neighbours, tiles]).await?;
    // Rounded ones are worth a trial where tiles are.
    if best == tiles {
        let mut candidates = vec![tiles, bytes, halves];
        candidates.retain(|candidate| gpu.has(*candidate));
        loop {
            best = fastest(&many, device, &candidates).await?;
            if best == tiles || agree(device, Q8, N_X, tiles, best).await? {
                break;
            }
            candidates.retain(|candidate| *candidate != best);
        }
    }
    let batches = BATCHES.map(|batch| Tuning { batch, ..best });
    best = fastest(&few, device, &batches).await?;
    // Who pays by the operation gains little by keeping less, and keeps what is exact.
    if side == SIDE {
        return Ok(best);
    }
    let attention = AttentionTrial::new(device);
    let formats = KV_FORMATS.map(|kv| Tuning { kv, ..best });
    fastest(&|| attention.context(), device, &formats).await
}

/// Of the matrices that are tried.
async fn side(device: &Device, plain: Tuning) -> Result<usize, GpuError> {
    let Some(small) = Trial::new(device, FORMAT, SIDE, 1) else {
        return Ok(SIDE);
    };
    let product = || small.product();
    // The first one compiles.
    run(&product, device, plain, 1).await?;
    let mut least = [f64::INFINITY; 2];
    for _ in 0..N_RUNS {
        for (least, n_product) in least.iter_mut().zip([1, N_ASKED]) {
            *least = least.min(run(&product, device, plain, n_product).await?);
        }
    }
    let seconds = (least[1] - least[0]) / (N_ASKED - 1) as f64;
    let is_fast = seconds * 1e3 < FAST_MILLIS;
    Ok(if is_fast { LARGE_SIDE } else { SIDE })
}

/// The first candidate, or one that computes the same in less time.
async fn fastest(
    work: Work<'_>,
    device: &Device,
    candidates: &[Tuning],
) -> Result<Tuning, GpuError> {
    let [first, others @ ..] = candidates else {
        return Ok(tuning());
    };
    let expected = numbers(work, *first).await?;
    let n_repeat = repeats_of_a_run(work, device, *first).await?;
    let seconds_of =
        async |candidate, limit| seconds(work, device, candidate, n_repeat, limit).await;
    let mut best = (seconds_of(*first, f64::INFINITY).await?, *first);
    for &candidate in others {
        let limit = best.0;
        let tried = async {
            match is_same(&expected, &numbers(work, candidate).await?, candidate) {
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
    work: Work<'_>,
    device: &Device,
    tuning: Tuning,
    n_repeat: usize,
    limit: f64,
) -> Result<f64, GpuError> {
    let mut least = f64::INFINITY;
    for n_done in 0..N_RUNS {
        if n_done == 2 && least > HOPELESS * limit {
            break;
        }
        let seconds = run(work, device, tuning, n_repeat).await?;
        least = least.min(seconds * tuning.handicap());
    }
    Ok(least)
}

/// Whether `other` computes the products that `plain` computes.
async fn agree(
    device: &Device,
    format: Format,
    n_x: usize,
    plain: Tuning,
    other: Tuning,
) -> Result<bool, GpuError> {
    match Trial::new(device, format, SIDE, n_x) {
        Some(trial) => are_alike(&|| trial.product(), plain, other).await,
        None => Ok(false),
    }
}

/// The same of attention.
async fn attend_alike(device: &Device, plain: Tuning, other: Tuning) -> Result<bool, GpuError> {
    let attention = AttentionTrial::new(device);
    are_alike(&|| attention.context(), plain, other).await
}

async fn are_alike(work: Work<'_>, plain: Tuning, other: Tuning) -> Result<bool, GpuError> {
    let expected = numbers(work, plain).await?;
    let got = unless_lost(numbers(work, other).await)?;
    Ok(got.is_some_and(|got| is_same(&expected, &got, other)))
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
async fn repeats_of_a_run(
    work: Work<'_>,
    device: &Device,
    tuning: Tuning,
) -> Result<usize, GpuError> {
    let mut n_repeat = 1;
    while n_repeat < N_MOST_REPEATS && run(work, device, tuning, n_repeat).await? * 1e3 < RUN_MILLIS
    {
        n_repeat *= 2;
    }
    Ok(n_repeat)
}

/// Seconds that `n_repeat` times the work take.
async fn run(
    work: Work<'_>,
    device: &Device,
    tuning: Tuning,
    n_repeat: usize,
) -> Result<f64, GpuError> {
    let started = Instant::now();
    with(tuning, || (0..n_repeat).for_each(|_| drop(work())));
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

/// What the work computes with these variants.
async fn numbers(work: Work<'_>, tuning: Tuning) -> Result<Vec<f32>, GpuError> {
    let asked = with(tuning, work);
    let device = asked.device();
    let read = asked.into_data_async().await;
    // What a kernel did wrong is told here.
    wait(&device).await?;
    let data = read.map_err(|error| GpuError::Failed(first_line(&error.to_string())))?;
    Ok(data.iter::<f32>().collect())
}

/// All numbers of a trial are positive, and large beside what cancels in them.
fn is_same(expected: &[f32], got: &[f32], by: Tuning) -> bool {
    let tolerance = match by {
        Tuning {
            kv: KvFormat::F16, ..
        }
        | Tuning {
            blocking: Blocking::Halves,
            ..
        } => HALF_TOLERANCE,
        _ => TOLERANCE,
    };
    let mut pairs = expected.iter().zip(got);
    expected.len() == got.len() && pairs.all(|(a, b)| (a - b).abs() <= tolerance * a.abs())
}
