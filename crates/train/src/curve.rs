//! Losses and accuracy over the steps, as a table and as a picture.

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::student::Parts;

/// Curves: name and colour.
const CURVES: [(&str, &str); 7] = [
    ("text", "#0072B2"),
    ("right", "#009E73"),
    ("eyes", "#E69F00"),
    ("place", "#999999"),
    ("look", "#D55E00"),
    ("outside", "#CC79A7"),
    ("reward", "#56B4E9"),
];
const WIDTH: f32 = 720.0;
const PANEL: f32 = 96.0;
const LEFT: f32 = 72.0;

/// `curve.csv` and `curve.svg` of a run.
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// Opens the table of a run, a new one unless it `resumes`.
    pub fn open(dir: &Path, resumes: bool) -> Result<Log> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let path = dir.join("curve.csv");
        if !resumes || !path.is_file() {
            let names: Vec<&str> = CURVES.iter().map(|curve| curve.0).collect();
            fs::write(&path, format!("step,{}\n", names.join(",")))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(Log { path })
    }

    /// Adds a line.
    pub fn write(&self, step: u64, parts: &Parts) -> Result<()> {
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        let values = parts.values().map(|value| value.to_string());
        writeln!(file, "{step},{}", values.join(","))?;
        Ok(())
    }

    /// Draws the table: one panel for each curve that is not 0 throughout.
    pub fn draw(&self) -> Result<()> {
        let table = fs::read_to_string(&self.path)?;
        let rows: Vec<Vec<f32>> = table
            .lines()
            .skip(1)
            .map(|line| {
                line.split(',')
                    .filter_map(|value| value.parse().ok())
                    .collect()
            })
            .filter(|row: &Vec<f32>| row.len() == CURVES.len() + 1)
            .collect();
        fs::write(self.path.with_extension("svg"), svg(&rows))?;
        Ok(())
    }
}

fn svg(rows: &[Vec<f32>]) -> String {
    let last_step = rows.last().map_or(1.0, |row| row[0]).max(1.0);
    let mut panels = String::new();
    let mut top = 16.0;
    for (index, (name, color)) in CURVES.into_iter().enumerate() {
        let values: Vec<f32> = rows.iter().map(|row| row[index + 1]).collect();
        let largest = values
            .iter()
            .fold(0.0f32, |largest, &value| largest.max(value));
        if largest == 0.0 {
            continue;
        }
        let points = rows.iter().zip(&values).map(|(row, value)| {
            let x = LEFT + (WIDTH - LEFT - 16.0) * row[0] / last_step;
            let y = top + PANEL * (1.0 - value.max(0.0) / largest);
            format!("{x:.1},{y:.1}")
        });
        let (points, last) = (
            points.collect::<Vec<_>>().join(" "),
            values.last().unwrap_or(&0.0),
        );
        let (middle, bottom, right) = (top + PANEL / 2.0, top + PANEL, WIDTH - 16.0);
        let _ = write!(
            panels,
            r##"<path d="M{LEFT} {top}V{bottom}H{right}" fill="none" stroke="#999"/><polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/><text x="8" y="{middle}">{name}</text><text x="8" y="{top}" dy="10">{largest:.3}</text><text x="{right}" y="{top}" dy="10" text-anchor="end">last {last:.4}</text>"##
        );
        top += PANEL + 28.0;
    }
    let (label, height) = (top + 4.0, top + 16.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>{panels}<text x="{LEFT}" y="{label}">steps to {last_step}</text></svg>"##
    )
}
