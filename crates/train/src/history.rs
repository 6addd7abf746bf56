//! How a checkpoint came about: one entry per stage, handed on from folder to folder, for the model card.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::run::Progress;

const FILE: &str = "history.json";

/// The stages so far.
pub fn read(dir: &Path) -> Result<Vec<Value>> {
    let path = dir.join(FILE);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path)?;
    serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
}

/// Writes the stages of `from` and this one into `out`.
pub fn append(
    from: &Path,
    out: &Path,
    stage: &str,
    progress: &Progress,
    settings: &Value,
) -> Result<()> {
    let mut stages = read(from)?;
    stages.push(json!({
        "stage": stage,
        "steps": progress.step,
        "minutes": (progress.seconds / 6.0).round() / 10.0,
        "threads": rayon::current_num_threads(),
        "settings": settings,
    }));
    fs::write(out.join(FILE), serde_json::to_string_pretty(&stages)?)?;
    Ok(())
}
