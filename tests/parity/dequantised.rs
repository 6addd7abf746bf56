//! A Lookback folder read back by the letter of the format, and written as a dense f32 Hugging Face folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use half::f16;
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize_to_file};
use serde::Deserialize;

#[derive(Deserialize)]
struct Manifest {
    tensors: Vec<Tensor>,
    shards: Vec<Shard>,
}

#[derive(Deserialize)]
struct Tensor {
    name: String,
    shape: Vec<usize>,
    format: String,
    group: Option<usize>,
    shard: usize,
    offset: usize,
    length: usize,
}

#[derive(Deserialize)]
struct Shard {
    file: String,
}

/// Writes `dense` from the weights in `packed` and the settings and tokenizer in `source`.
pub fn write(packed: &Path, source: &Path, dense: &Path) -> Result<()> {
    let manifest: Manifest = serde_json::from_slice(&fs::read(packed.join("manifest.json"))?)?;
    let read =
        |shard: &Shard| fs::read(packed.join(&shard.file)).with_context(|| shard.file.clone());
    let shards = manifest
        .shards
        .iter()
        .map(read)
        .collect::<Result<Vec<_>>>()?;
    let contents = manifest
        .tensors
        .iter()
        .map(|tensor| tensor.dense_bytes(&shards));
    let contents = contents.collect::<Result<Vec<_>>>()?;
    let views = manifest
        .tensors
        .iter()
        .zip(&contents)
        .map(|(tensor, bytes)| {
            let view = TensorView::new(Dtype::F32, tensor.published_shape(), bytes)?;
            Ok((&tensor.name, view))
        });
    let views = views.collect::<Result<Vec<_>>>()?;
    fs::create_dir_all(dense)?;
    serialize_to_file(views, None, &dense.join("model.safetensors"))?;
    copy_settings(source, dense)
}

/// Copies everything but weights.
pub fn copy_settings(source: &Path, target: &Path) -> Result<()> {
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        let name = path.file_name().context("a folder entry without a name")?;
        if !name.to_string_lossy().contains("safetensors") {
            fs::write(target.join(name), fs::read(&path)?)?;
        }
    }
    Ok(())
}

impl Tensor {
    /// The patch embedding is stored as a matrix and published as a convolution.
    fn published_shape(&self) -> Vec<usize> {
        match (self.name.as_str(), self.shape.as_slice()) {
            ("visual.patch_embed.proj.weight", &[hidden, 1176]) => vec![hidden, 3, 2, 14, 14],
            (_, shape) => shape.to_vec(),
        }
    }

    /// The values as little-endian f32.
    fn dense_bytes(&self, shards: &[Vec<u8>]) -> Result<Vec<u8>> {
        let end = self.offset + self.length;
        let stored = shards
            .get(self.shard)
            .and_then(|shard| shard.get(self.offset..end));
        let stored = stored.with_context(|| format!("{} lies outside its shard", self.name))?;
        let values = self.values(stored).with_context(|| self.name.clone())?;
        Ok(values.into_iter().flat_map(f32::to_le_bytes).collect())
    }

    fn values(&self, bytes: &[u8]) -> Result<Vec<f32>> {
        let words = bytes
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let words: Vec<u32> = words.collect();
        let cols = *self.shape.last().context("a tensor without shape")?;
        let rows = self.shape.iter().product::<usize>() / cols;
        match (self.format.as_str(), self.group) {
            ("f32", None) => Ok(words.into_iter().map(f32::from_bits).collect()),
            ("f16", None) => halves(&words, rows, cols),
            ("q8", Some(group)) => steps(&words, [rows, cols], group, 8),
            ("q4", Some(group)) => steps(&words, [rows, cols], group, 4),
            (format, group) => bail!("unknown format {format} with group {group:?}"),
        }
    }
}

/// Two per word, the first in the low half; a row begins with a new word.
fn halves(words: &[u32], rows: usize, cols: usize) -> Result<Vec<f32>> {
    ensure!(
        words.len() == rows * cols.div_ceil(2),
        "{} words for [{rows}, {cols}] in f16",
        words.len()
    );
    let row = |words: &[u32]| -> Vec<f32> {
        let pairs = words
            .iter()
            .flat_map(|word| [*word as u16, (word >> 16) as u16]);
        pairs
            .take(cols)
            .map(|bits| f16::from_bits(bits).to_f32())
            .collect()
    };
    Ok(words.chunks_exact(cols.div_ceil(2)).flat_map(row).collect())
}

/// Steps of `bits` bits, the first lowest, whole groups per row; then one word per group: scale low, minimum high.
fn steps(words: &[u32], [rows, cols]: [usize; 2], group: usize, bits: u32) -> Result<Vec<f32>> {
    let n_groups = cols.div_ceil(group);
    let words_per_row = n_groups * group * bits as usize / 32;
    let n_words = rows * (words_per_row + n_groups);
    ensure!(
        words.len() == n_words,
        "{} words for [{rows}, {cols}], expected {n_words}",
        words.len()
    );
    let (packed, scales) = words.split_at(rows * words_per_row);
    let mut values = Vec::with_capacity(rows * cols);
    for row in 0..rows {
        for col in 0..cols {
            let bit = col * bits as usize;
            let word = packed[row * words_per_row + bit / 32];
            let q = (word >> (bit % 32)) & ((1 << bits) - 1);
            let scale = scales[row * n_groups + col / group];
            let s = f16::from_bits(scale as u16).to_f32();
            let m = f16::from_bits((scale >> 16) as u16).to_f32();
            values.push(q as f32 * s + m);
        }
    }
    Ok(values)
}
