//! A model folder on disk: a Lookback folder or a Hugging Face one.

use std::{fs, io::Read, path::Path};

use qwen_vl::{
    config::Config,
    load::{Builder, Offer},
};
use trace::{Loaded, ModelInfo};
use weights::{Checkpoint, Format, Manifest, Part};

use crate::{
    Error, Files, Generator, Loader,
    files::json,
    loader::{Target, sha256_hex},
};

/// Read from disk at once.
const PIECE_BYTES: usize = 4 << 20;

/// Opens `dir`; `progress` is told bytes loaded and bytes in all.
///
/// # Errors
/// For anything that is missing, damaged or of another architecture.
pub async fn open_folder(
    dir: &Path,
    target: Target,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Generator, Error> {
    if !dir.is_dir() {
        return Err(Error::NoFolder {
            dir: dir.display().to_string(),
        });
    }
    if dir.join(Manifest::FILE).is_file() {
        open_lookback(dir, target, progress).await
    } else {
        open_hugging_face(dir, target, progress).await
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::ReadFile {
        name: path.display().to_string(),
        reason: error.to_string(),
    }
}

async fn open_lookback(
    dir: &Path,
    target: Target,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Generator, Error> {
    let manifest_json = read_file(&dir.join(Manifest::FILE))?;
    let mut loader = Loader::new(&manifest_json, target)?;
    for name in loader.files() {
        loader.add_file(&name, read_file(&dir.join(&name))?)?;
    }
    for (shard, (name, _)) in loader.shards().iter().enumerate() {
        let path = dir.join(name);
        let metadata = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        loader.check_length(shard, metadata.len())?;
    }
    let mut piece = vec![0; PIECE_BYTES];
    for (name, _) in loader.shards() {
        let path = dir.join(name);
        let mut file = fs::File::open(&path).map_err(|error| unreadable(&path, &error))?;
        loop {
            let n = file
                .read(&mut piece)
                .map_err(|error| unreadable(&path, &error))?;
            if n == 0 {
                break;
            }
            loader.push(&piece[..n])?;
            progress(loader.loaded_bytes(), loader.total_bytes());
        }
        loader.end_shard()?;
    }
    loader.finish().await
}

async fn open_hugging_face(
    dir: &Path,
    target: Target,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Generator, Error> {
    let checkpoint = Checkpoint::open(dir)?;
    let config_json = json("config.json", checkpoint.config().as_bytes())?;
    let config = Config::parse(&config_json)?;
    let offers: Vec<Offer> = checkpoint
        .tensors()
        .map(|(name, tensor)| Offer {
            name: name.to_owned(),
            shape: tensor.shape.clone(),
            format: Format::F32,
        })
        .collect();
    let (device, limit) = (target.device(), target.max_binding_bytes());
    let mut builder = Builder::new(config.clone(), &offers, device, limit)?;
    let total_bytes: u64 = checkpoint.tensors().map(|(_, tensor)| tensor.bytes()).sum();
    let mut loaded_bytes = 0;
    for (index, (name, tensor)) in checkpoint.tensors().enumerate() {
        write_dense(&checkpoint, name, index, &mut builder)?;
        loaded_bytes += tensor.bytes();
        progress(loaded_bytes, total_bytes);
    }
    let mut files = Files::default();
    for name in Files::NAMES {
        let path = dir.join(name);
        if path.is_file() {
            files.insert(name, read_file(&path)?);
        }
    }
    let host = files.read(&config_json, &config)?;
    let model = builder.finish()?;
    model.wait().await?;
    let name = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let name = name.file_name().unwrap_or(dir.as_os_str());
    let loaded = Loaded {
        model: ModelInfo {
            name: name.to_string_lossy().into_owned(),
            method: String::new(),
            quantization: crate::quantization(&model),
            sha256: sha256_hex(checkpoint.config().as_bytes()),
        },
        adapter: target.name(),
        gpu_bytes: model.weight_bytes,
        ..Loaded::default()
    };
    Ok(Generator {
        model,
        host,
        loaded,
    })
}

/// Passes one tensor on as f32, some rows at a time.
fn write_dense(
    checkpoint: &Checkpoint,
    name: &str,
    index: usize,
    builder: &mut Builder,
) -> Result<(), Error> {
    let tensor = checkpoint.tensor(name)?;
    let row_bytes = 4 * tensor.row_len().max(1);
    let n_at_once = (PIECE_BYTES / row_bytes).max(1);
    for first in (0..tensor.n_rows()).step_by(n_at_once) {
        let rows = first..(first + n_at_once).min(tensor.n_rows());
        let values = checkpoint.read_rows_f32(name, rows)?;
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        builder.write(index, Part::Words, (first * row_bytes) as u64, &bytes);
    }
    Ok(())
}
