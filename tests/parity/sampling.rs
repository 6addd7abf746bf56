//! Greedy decoding with a repetition penalty, set where the library takes it from: `generation_config.json`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use tests::{Case, fixtures_dir};

use crate::dequantised::copy_settings;
use crate::program::{Ask, devices};

#[derive(Deserialize)]
struct Sampling {
    greedy: Vec<Penalised>,
}

#[derive(Deserialize)]
struct Penalised {
    case: String,
    repetition_penalty: f64,
    generated_ids: Vec<i64>,
}

#[test]
fn repetition_penalty() -> Result<()> {
    let sampling: Sampling =
        serde_json::from_slice(&fs::read(fixtures_dir().join("sampling.json"))?)?;
    for expected in &sampling.greedy {
        let case = Case::read(&fixtures_dir(), &expected.case)?;
        let folder = tempfile::tempdir()?;
        write_model(
            &case.model_dir(),
            folder.path(),
            expected.repetition_penalty,
        )?;
        for device in devices()? {
            let ask = Ask {
                model: folder.path().to_owned(),
                max_tokens: expected.generated_ids.len(),
                ..Ask::of_case(&case, device)
            };
            let ids = ask.run()?.tensors.integers("generated_ids")?.values;
            let wanted = &expected.generated_ids;
            ensure!(
                ids == *wanted,
                "{} on {device}: got {ids:?}, expected {wanted:?}",
                case.name
            );
        }
    }
    Ok(())
}

/// The checkpoint with another penalty.
fn write_model(source: &Path, target: &Path, penalty: f64) -> Result<()> {
    copy_settings(source, target)?;
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        let name = path.file_name().context("a folder entry without a name")?;
        if name.to_string_lossy().contains("safetensors") {
            fs::copy(&path, target.join(name))?;
        }
    }
    let file = target.join("generation_config.json");
    let mut settings: Value = serde_json::from_slice(&fs::read(&file)?)?;
    settings["repetition_penalty"] = penalty.into();
    fs::write(&file, settings.to_string())?;
    Ok(())
}
