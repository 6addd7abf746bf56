//! Ways to break the files of a model.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Rewrites a JSON file.
pub fn json(path: &Path, change: impl FnOnce(&mut Value)) -> Result<()> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    let mut value: Value = serde_json::from_slice(&text)?;
    let before = value.clone();
    change(&mut value);
    ensure!(value != before, "{} is as it was", path.display());
    Ok(fs::write(path, value.to_string())?)
}

/// Header of a safetensors file, and the tensors' bytes.
fn parts(file: &[u8]) -> Result<(Value, &[u8])> {
    let (length, rest) = file.split_at_checked(8).context("no header")?;
    let n_bytes = u64::from_le_bytes(length.try_into()?) as usize;
    let (header, tensors) = rest.split_at_checked(n_bytes).context("a short header")?;
    Ok((serde_json::from_slice(header)?, tensors))
}

/// Rewrites the header of a safetensors file; the tensors' bytes stay.
pub fn header(path: &Path, change: impl FnOnce(&mut Value)) -> Result<()> {
    let file = fs::read(path)?;
    let (mut value, tensors) = parts(&file)?;
    let before = value.clone();
    change(&mut value);
    ensure!(value != before, "the header is as it was");
    let header = value.to_string();
    let length = (header.len() as u64).to_le_bytes();
    Ok(fs::write(
        path,
        [&length, header.as_bytes(), tensors].concat(),
    )?)
}

/// Puts `byte` everywhere into a tensor of a safetensors file.
pub fn fill(path: &Path, tensor: &str, byte: u8) -> Result<()> {
    let file = fs::read(path)?;
    let (header, tensors) = parts(&file)?;
    let [start, end]: [usize; 2] = serde_json::from_value(header[tensor]["data_offsets"].clone())?;
    let first = file.len() - tensors.len();
    bytes(path, |file| file[first + start..first + end].fill(byte))
}

/// Rewrites the bytes of a file.
pub fn bytes(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
    let mut file = fs::read(path).with_context(|| path.display().to_string())?;
    let before = file.clone();
    change(&mut file);
    ensure!(file != before, "{} is as it was", path.display());
    Ok(fs::write(path, file)?)
}

/// Removes a field of a JSON object.
pub fn remove(object: &mut Value, field: &str) {
    if let Some(object) = object.as_object_mut() {
        object.remove(field);
    }
}
