//! The parity table: the worst difference of each quantity on each device.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Result, bail};

use crate::program::Device;

/// How far a quantity may be off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Not at all.
    Equal,
    /// Absolute difference on the CPU; three times that on the GPU.
    Absolute(f64),
}

#[derive(Debug, Default)]
struct Row {
    absolute: Option<f64>,
    cpu: Option<f64>,
    gpu: Option<f64>,
}

/// Worst differences by quantity, and everything that was out of bounds.
#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<&'static str, Row>,
    failures: Vec<String>,
}

impl Table {
    /// What a run leaves that panicked.
    pub fn broken() -> Self {
        let failures = vec!["the comparison itself panicked, see above".to_owned()];
        Self {
            failures,
            ..Self::default()
        }
    }

    /// Notes one comparison; `place` says where the difference is.
    pub fn add(
        &mut self,
        name: &'static str,
        bound: Bound,
        device: Device,
        worst: f64,
        place: &str,
    ) {
        let row = self.rows.entry(name).or_default();
        let (absolute, limit) = match bound {
            Bound::Equal => (None, 0.0),
            Bound::Absolute(bound) => (Some(bound), bound * device.tolerance_factor()),
        };
        row.absolute = absolute;
        let cell = match device {
            Device::Cpu => &mut row.cpu,
            Device::Gpu => &mut row.gpu,
        };
        *cell = Some(cell.unwrap_or(0.0).max(worst));
        if worst > limit {
            self.fail(format!("{name} on {device}, allowed {limit:.1e}: {place}"));
        }
    }

    /// Notes something that could not be compared.
    pub fn fail(&mut self, message: String) {
        self.failures.push(message);
    }

    /// Two tables as one.
    pub fn merge(mut self, other: Self) -> Self {
        for (name, row) in other.rows {
            let known = self.rows.entry(name).or_default();
            known.absolute = row.absolute;
            known.cpu = larger(known.cpu, row.cpu);
            known.gpu = larger(known.gpu, row.gpu);
        }
        self.failures.extend(other.failures);
        self
    }

    /// Prints the table, and writes it to the file that `LOOKBACK_PARITY_TABLE` names.
    pub fn write(&mut self, n_cases: usize) -> Result<()> {
        let table = self.markdown();
        println!("{n_cases} cases\n\n{table}");
        if let Some(file) = env::var_os("LOOKBACK_PARITY_TABLE") {
            fs::write(file, table)?;
        }
        Ok(())
    }

    /// Fails with everything that was out of bounds.
    pub fn verdict(&self) -> Result<()> {
        if self.failures.is_empty() {
            return Ok(());
        }
        bail!(
            "{} comparisons failed:\n{}",
            self.failures.len(),
            self.failures.join("\n")
        )
    }

    fn markdown(&self) -> String {
        let mut text = String::from(
            "| quantity | bound CPU | worst CPU | bound GPU | worst GPU |\n|---|---|---|---|---|\n",
        );
        for (name, row) in &self.rows {
            let bound = |device: Device| match row.absolute {
                Some(bound) => format!("{:.0e}", bound * device.tolerance_factor()),
                None => "equal".to_owned(),
            };
            let worst = |cell: Option<f64>| match (cell, row.absolute) {
                (None, _) => "not run".to_owned(),
                (Some(0.0), None) => "equal".to_owned(),
                (Some(worst), _) => format!("{worst:.1e}"),
            };
            let (bound_cpu, bound_gpu) = (bound(Device::Cpu), bound(Device::Gpu));
            let (cpu, gpu) = (worst(row.cpu), worst(row.gpu));
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| `{name}` | {bound_cpu} | {cpu} | {bound_gpu} | {gpu} |"
            );
        }
        text
    }
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}
