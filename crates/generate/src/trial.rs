//! How fast a device is.

use qwen_vl::Trial;
use web_time::Instant;
use weights::Format;

use crate::{Error, Target, readout::floats};

/// Rows and columns of the matrix, and its storage.
const SIDE: usize = 256;
const FORMAT: Format = Format::Q4 { group: 64 };

/// Timed runs; the fastest counts, for others may be at work.
const N_RUNS: usize = 3;

/// Milliseconds that `target` needs for about a token's worth of small products, its kernels compiled before.
///
/// # Errors
/// When the device fails.
pub async fn trial(target: &Target) -> Result<f64, Error> {
    let Some(trial) = Trial::new(&target.device(), FORMAT, SIDE, 1) else {
        return Ok(f64::INFINITY);
    };
    floats(trial.run()).await?;
    let mut fastest_millis = f64::INFINITY;
    for _ in 0..N_RUNS {
        let started = Instant::now();
        floats(trial.run()).await?;
        fastest_millis = fastest_millis.min(started.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(fastest_millis)
}
