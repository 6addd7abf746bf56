//! `model.safetensors` of a folder.

use std::path::Path;

use anyhow::{Context, Result};
use qwen_vl::model::Model;
use safetensors::{Dtype, tensor::TensorView};

/// Name, shape, values.
pub type Tensor = (String, Vec<usize>, Vec<f32>);

/// Writes all tensors into `dir`, whole or not at all.
pub fn write(dir: &Path, tensors: Vec<Tensor>) -> Result<()> {
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, shape, values)| {
            let bytes = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            (name, shape, bytes)
        })
        .collect();
    let views = bytes
        .iter()
        .map(|(name, shape, bytes)| {
            Ok((
                name.as_str(),
                TensorView::new(Dtype::F32, shape.clone(), bytes)?,
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    let partial = dir.join("model.safetensors.partial");
    safetensors::serialize_to_file(views, None, &partial)
        .with_context(|| format!("cannot write {}", partial.display()))?;
    std::fs::rename(&partial, dir.join("model.safetensors"))?;
    Ok(())
}

/// Copies the side files of `from` and writes the network's weights beside them.
pub fn save(from: &Path, dir: &Path, model: &Model) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    for name in generate::Files::NAMES.into_iter().chain(["config.json"]) {
        let (source, target) = (from.join(name), dir.join(name));
        if source.is_file() && source != target {
            std::fs::copy(&source, &target).with_context(|| format!("cannot write {name}"))?;
        }
    }
    write(dir, model.network.dense_tensors(&model.config))
}
