//! The small fixtures made large: more rows of the vocabulary, more layers.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};

use crate::Outcome;

const TABLE: &str = "model.embed_tokens.weight";

/// A tensor of a checkpoint.
#[derive(Clone)]
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

type Tensors = BTreeMap<String, Tensor>;

/// The tied fixture with a vocabulary of `n_rows` that nobody needs, in f32.
pub fn write_with_rows(n_rows: usize, out: &Path) -> Outcome {
    let config = |config: &mut Value| config["vocab_size"] = json!(n_rows);
    let tensors = |tensors: &mut Tensors| {
        if let Some(table) = tensors.get_mut(TABLE) {
            let row_bytes = table.bytes.len() / table.shape[0];
            table.shape[0] = n_rows;
            table.bytes.resize(n_rows * row_bytes, 0);
        }
    };
    write("f-tied", config, tensors, "f32", out)
}

/// A fixture with its layers repeated until there are `n_layer`, in q4.
pub fn write_with_layers(fixture: &str, n_layer: usize, out: &Path) -> Outcome {
    let config = |config: &mut Value| {
        let text = match config["text_config"].is_object() {
            true => &mut config["text_config"],
            false => config,
        };
        text["num_hidden_layers"] = json!(n_layer);
        text["max_window_layers"] = json!(n_layer);
        text["layer_types"] = json!(null);
    };
    let tensors = |tensors: &mut Tensors| {
        let parts = |name: &str| {
            let (before, rest) = name.split_once("layers.")?;
            let (layer, after) = rest.split_once('.')?;
            Some((
                before.to_owned(),
                layer.parse::<usize>().ok()?,
                after.to_owned(),
            ))
        };
        let names: Vec<_> = tensors.keys().filter_map(|name| parts(name)).collect();
        let n_own = names
            .iter()
            .map(|(_, layer, _)| layer + 1)
            .max()
            .unwrap_or(1);
        for (before, layer, after) in names {
            let own = tensors[&format!("{before}layers.{layer}.{after}")].clone();
            for copy in (layer..n_layer).step_by(n_own).skip(1) {
                tensors.insert(format!("{before}layers.{copy}.{after}"), own.clone());
            }
        }
    };
    write(fixture, config, tensors, "q4", out)
}

/// The tensors of a folder's files, which are taken away.
fn taken_from(folder: &Path) -> Result<Tensors, Box<dyn Error>> {
    let mut tensors = Tensors::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.to_string_lossy().contains(".safetensors") {
            continue;
        }
        if path.extension().is_some_and(|end| end == "safetensors") {
            let bytes = fs::read(&path)?;
            let own = SafeTensors::deserialize(&bytes)?;
            tensors.extend(own.tensors().into_iter().map(|(name, view)| {
                let tensor = Tensor {
                    dtype: view.dtype(),
                    shape: view.shape().to_vec(),
                    bytes: view.data().to_vec(),
                };
                (name, tensor)
            }));
        }
        fs::remove_file(path)?;
    }
    Ok(tensors)
}

fn write(
    fixture: &str,
    change_config: impl FnOnce(&mut Value),
    change_tensors: impl FnOnce(&mut Tensors),
    format: &str,
    out: &Path,
) -> Outcome {
    let fixture = tests::fixtures_dir().join("checkpoints").join(fixture);
    let source = tempfile::tempdir()?;
    for entry in fs::read_dir(&fixture)? {
        let entry = entry?;
        fs::copy(entry.path(), source.path().join(entry.file_name()))?;
    }
    let config_path = source.path().join("config.json");
    let mut config = serde_json::from_slice(&fs::read(&config_path)?)?;
    change_config(&mut config);
    fs::write(&config_path, config.to_string())?;

    let mut tensors = taken_from(source.path())?;
    change_tensors(&mut tensors);
    let views = tensors.iter().map(|(name, tensor)| {
        let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)?;
        Ok((name.clone(), view))
    });
    let views =
        views.collect::<Result<Vec<(String, TensorView)>, safetensors::SafeTensorError>>()?;
    safetensors::serialize_to_file(views, None, &source.path().join("model.safetensors"))?;
    let status = Command::new(tests::built("quantize")?)
        .arg("--in")
        .arg(source.path())
        .arg("--out")
        .arg(out)
        .args(["--format", format])
        .stdout(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("quantize failed".into()),
    }
}
