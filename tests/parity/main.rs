//! The engine against the reference: the built `lookback` and `quantize` programs, every case, both devices.
//!
//! `LOOKBACK_DEVICES` (default `cpu,gpu`) chooses the devices; `LOOKBACK_PARITY_TABLE` names a file for the table.

mod dequantised;
mod halves;
mod packed;
mod pixels;
mod program;
mod quantity;
mod sampling;
mod table;

use std::thread;

use anyhow::{Result, bail};
use tests::{Case, Tensors, cases, fixtures_dir};

use crate::program::{Ask, Device};
use crate::table::Table;

/// The parity table: ids, pixels, embeddings, logits and attention of every case.
#[test]
fn engine_equals_reference() -> Result<()> {
    let cases = &cases()?;
    let devices = program::devices()?;
    let mut table = thread::scope(|scope| {
        let runs = devices
            .iter()
            .map(|&device| scope.spawn(move || check_device(cases, device)));
        let runs: Vec<_> = runs.collect();
        let tables = runs
            .into_iter()
            .map(|run| run.join().unwrap_or_else(|_| Table::broken()));
        tables.fold(Table::default(), Table::merge)
    });
    table.write(cases.len())?;
    table.verdict()
}

fn check_device(cases: &[Case], device: Device) -> Table {
    let mut table = Table::default();
    for case in cases {
        eprintln!("{device}: {}", case.name);
        if let Err(error) = check_case(case, device, &mut table) {
            table.fail(format!("{} on {device}: {error:#}", case.name));
        }
    }
    table
}

fn check_case(case: &Case, device: Device, table: &mut Table) -> Result<()> {
    let reference = case.tensors()?;
    let answer = Ask::of_case(case, device).run()?;
    quantity::check(case, device, &answer, &reference, table)?;
    if !case.images.is_empty() {
        pixels::check(case, device, &answer.tensors, table)?;
    }
    Ok(())
}

/// A JPEG straight from the file: no level differs by more than one from the reference decoder's.
#[test]
fn jpeg_is_within_one_level() -> Result<()> {
    let case = Case::read(&fixtures_dir(), "t07_jpeg")?;
    let mut ask = Ask::of_case(&case, Device::Cpu);
    ask.images = case.source_files();
    ask.max_tokens = 1;
    let tensors: Tensors = ask.run()?.tensors;
    let worst = pixels::worst_level(&case, &tensors)?;
    if worst.worst > 1.0 {
        bail!("levels of the JPEG: {worst}");
    }
    Ok(())
}
