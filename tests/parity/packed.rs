//! Packed weights against the same model with their dequantised values.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tests::{Array, Case, cases, difference};

use crate::dequantised;
use crate::program::{Ask, Device, devices, quantize};

/// Largest difference of a logit, in units of the logits' root mean square.
const BOUND: f64 = 1e-3;

fn check(checkpoint: &str, format: &str, group: u32) -> Result<()> {
    let all = cases()?;
    let mut chosen = all.iter().filter(|case| case.checkpoint == checkpoint);
    let Some(case) = chosen.find(|case| !case.images.is_empty()) else {
        eprintln!("SKIPPED: {format} of {checkpoint}, since that checkpoint is absent");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let [packed, dense] = ["packed", "dense"].map(|name| folder.path().join(name));
    quantize(&case.model_dir(), &packed, format, group)?;
    dequantised::write(&packed, &case.model_dir(), &dense)?;
    for device in devices()? {
        let (ids, logits) = answer(case, &packed, device)?;
        let (dense_ids, dense_logits) = answer(case, &dense, device)?;
        let found = difference(&logits.first_rows(1), &dense_logits.first_rows(1))?;
        eprintln!("{checkpoint} {format} group {group} on {device}: first step, {found}");
        ensure!(
            ids == dense_ids,
            "{format} on {device} chose {ids:?}, its dequantised values {dense_ids:?}"
        );
        let found = difference(&logits, &dense_logits)?;
        let worst = found.worst / root_mean_square(&dense_logits);
        ensure!(
            worst <= BOUND,
            "logits of {format} on {device} are {worst:.1e} off, allowed {BOUND:.0e}: {found}"
        );
    }
    Ok(())
}

fn answer(case: &Case, model: &Path, device: Device) -> Result<(Vec<i64>, Array<f32>)> {
    let ask = Ask {
        model: model.to_owned(),
        ..Ask::of_case(case, device)
    };
    let tensors = ask
        .run()
        .with_context(|| format!("{} on {device}", model.display()))?
        .tensors;
    Ok((
        tensors.integers("generated_ids")?.values,
        tensors.floats("logits")?,
    ))
}

fn root_mean_square(logits: &Array<f32>) -> f64 {
    let squares: f64 = logits.values.iter().map(|&x| f64::from(x).powi(2)).sum();
    (squares / logits.values.len() as f64).sqrt()
}

#[test]
fn q4_of_ragged_widths() -> Result<()> {
    check("f-tied", "q4", 32)
}

#[test]
fn q4_with_a_separate_head() -> Result<()> {
    check("f-untied", "q4", 64)
}

#[test]
fn q8_of_ragged_widths() -> Result<()> {
    check("f-tied", "q8", 64)
}

#[test]
fn q8_with_a_separate_head() -> Result<()> {
    check("f-untied", "q8", 128)
}

#[test]
fn q4_of_the_oracle() -> Result<()> {
    check("tiny-b", "q4", 32)
}
