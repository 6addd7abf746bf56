//! Keys and values in halves, as adapters choose that pay by the byte.

use std::fs;

use anyhow::{Context, Result, ensure};
use tests::{Case, cases, difference, mismatches};

use crate::program::{Ask, Device, cache, devices};

/// Attention may differ from the reference by this much.
const ATTENTION: f64 = 1e-3;

/// Every so many cases is tried.
const STEP: usize = 8;

/// The same ids, and the same attention but for rounding.
#[test]
fn a_cache_of_halves_answers_the_same() -> Result<()> {
    if !devices()?.contains(&Device::Gpu) {
        return Ok(());
    }
    let cases = cases()?;
    let cache = cache("halves");
    let file = cache.join("lookback").join("variants");
    if file.exists() {
        fs::remove_file(&file)?;
    }
    let run = |case: &Case| {
        let mut ask = Ask::of_case(case, Device::Gpu);
        ask.cache.clone_from(&cache);
        ask.run()
    };
    // The first run keeps what the adapter likes; the others find that it likes halves.
    run(cases.first().context("there are no cases")?)?;
    let kept = fs::read_to_string(&file)?;
    ensure!(kept.contains(",f32,"), "the adapter likes halves: {kept}");
    let wanted = kept.replace(",f32,", ",f16,");
    fs::write(&file, &wanted)?;
    let mut worst = 0f64;
    for case in cases.iter().step_by(STEP) {
        let (got, reference) = (run(case)?.tensors, case.tensors()?);
        let ids = [&got, &reference].map(|tensors| tensors.integers("generated_ids"));
        let [got_ids, ids] = ids;
        let (n_wrong, first) = mismatches(&got_ids?, &ids?)?;
        ensure!(n_wrong == 0, "{}: other ids, {first}", case.name);
        for name in ["attn_image_tokens", "attn_image_mass"] {
            if reference.contains(name) {
                let found = difference(&got.floats(name)?, &reference.floats(name)?)?;
                ensure!(found.worst <= ATTENTION, "{}: {name}: {found}", case.name);
                worst = worst.max(found.worst);
            }
        }
    }
    println!("attention with halves differs by {worst:.1e} at most");
    // What is not right is not taken, and what is taken instead is kept.
    ensure!(fs::read_to_string(&file)? == wanted, "halves were not used");
    Ok(())
}
