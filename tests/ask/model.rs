//! The model folders that the tests ask.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use tests::{built, fixtures_dir};

/// Greedy, one file, vision and text in bf16, tied head.
pub fn tied() -> PathBuf {
    fixtures_dir().join("checkpoints/f-tied")
}

/// Sampling by default, two shards, separate head.
pub fn untied() -> PathBuf {
    fixtures_dir().join("checkpoints/f-untied")
}

/// A copy that may be broken.
pub fn copy(model: &Path) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for entry in fs::read_dir(model)? {
        let entry = entry?;
        fs::copy(entry.path(), folder.path().join(entry.file_name()))?;
    }
    Ok(folder)
}

/// The tied checkpoint as a Lookback folder.
pub fn quantized(format: &str) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(built("quantize")?);
    command
        .arg("--in")
        .arg(tied())
        .arg("--out")
        .arg(folder.path());
    let output = command.args(["--format", format]).output()?;
    ensure!(output.status.success(), "{command:?}: {output:?}");
    Ok(folder)
}
