//! A Hugging Face folder: `config.json` and one or several safetensors files.

use std::collections::{BTreeMap, HashMap, btree_map::Entry};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use serde::Deserialize;

use crate::header::{header_bytes, parse_header};
use crate::{CheckpointError, Dtype, HeaderTensor, canonical_name};

const CONFIG: &str = "config.json";
pub(crate) const SINGLE: &str = "model.safetensors";
pub(crate) const INDEX: &str = "model.safetensors.index.json";

/// An open checkpoint. It holds the headers only; numbers are read when they are asked for.
#[derive(Debug)]
pub struct Checkpoint {
    dir: PathBuf,
    config: String,
    tensors: BTreeMap<String, SourceTensor>,
}

/// Where a tensor of the checkpoint lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTensor {
    /// Number format in the file.
    pub dtype: Dtype,
    /// Sides of the tensor as saved; a row is one index of the first side.
    pub shape: Vec<usize>,
    file: String,
    start: u64,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Reads `config.json` and the headers of all weight files of a folder.
    ///
    /// # Errors
    /// A file that is missing, truncated or damaged, or a number type other than BF16, F16 and F32.
    pub fn open(dir: &Path) -> Result<Self, CheckpointError> {
        let config_path = dir.join(CONFIG);
        let config =
            fs::read_to_string(&config_path).map_err(|source| unreadable(&config_path, source))?;
        let mut checkpoint = Self {
            dir: dir.to_owned(),
            config,
            tensors: BTreeMap::new(),
        };
        if dir.join(SINGLE).is_file() {
            for tensor in read_header(&dir.join(SINGLE))? {
                checkpoint.insert(tensor, SINGLE)?;
            }
        } else if dir.join(INDEX).is_file() {
            checkpoint.insert_shards(&dir.join(INDEX))?;
        } else {
            return Err(CheckpointError::NoWeights {
                dir: dir.to_owned(),
            });
        }
        Ok(checkpoint)
    }

    /// The text of `config.json`.
    pub fn config(&self) -> &str {
        &self.config
    }

    /// Canonical names and places of all tensors, ascending by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &SourceTensor)> {
        self.tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The tensor of a canonical name.
    ///
    /// # Errors
    /// There is none.
    pub fn tensor(&self, name: &str) -> Result<&SourceTensor, CheckpointError> {
        self.tensors
            .get(name)
            .ok_or_else(|| CheckpointError::Missing {
                tensor: name.to_owned(),
                path: self.dir.clone(),
            })
    }

    /// Rows of a tensor, widened to f32, row-major; a vector has one row per number.
    /// Only these bytes of the file are read.
    ///
    /// # Errors
    /// No such tensor or rows, or a file that has changed since it was opened.
    pub fn read_rows_f32(
        &self,
        name: &str,
        rows: Range<usize>,
    ) -> Result<Vec<f32>, CheckpointError> {
        let tensor = self.tensor(name)?;
        if rows.start > rows.end || rows.end > tensor.n_rows() {
            return Err(CheckpointError::Rows {
                tensor: name.to_owned(),
                n_rows: tensor.n_rows(),
                start: rows.start,
                end: rows.end,
            });
        }
        let row_bytes = tensor.row_len() * tensor.dtype.bytes();
        let start = tensor.start + rows.start as u64 * row_bytes as u64;
        let path = self.dir.join(&tensor.file);
        let bytes = read_range(&path, start, rows.len() * row_bytes)
            .map_err(|source| unreadable(&path, source))?;
        Ok(widen(&bytes, tensor.dtype))
    }

    fn insert(&mut self, tensor: HeaderTensor, file: &str) -> Result<(), CheckpointError> {
        match self
            .tensors
            .entry(canonical_name(&tensor.name).into_owned())
        {
            Entry::Occupied(twice) => Err(CheckpointError::Twice {
                tensor: twice.key().clone(),
                dir: self.dir.clone(),
            }),
            Entry::Vacant(place) => {
                place.insert(SourceTensor {
                    dtype: tensor.dtype,
                    shape: tensor.shape,
                    file: file.to_owned(),
                    start: tensor.start,
                });
                Ok(())
            }
        }
    }

    /// Follows the `weight_map` of an index; tensors that it does not list are left out.
    fn insert_shards(&mut self, index_path: &Path) -> Result<(), CheckpointError> {
        let mut headers = HashMap::new();
        for (tensor, file) in read_index(index_path)?.weight_map {
            let path = self.dir.join(&file);
            if !headers.contains_key(&file) {
                let tensors = read_header(&path)?.into_iter();
                let by_name: HashMap<_, _> = tensors.map(|t| (t.name.clone(), t)).collect();
                headers.insert(file.clone(), by_name);
            }
            let found = headers
                .get_mut(&file)
                .and_then(|header| header.remove(&tensor));
            let found = found.ok_or(CheckpointError::Missing { tensor, path })?;
            self.insert(found, &file)?;
        }
        Ok(())
    }
}

impl SourceTensor {
    /// Length of the first side; 1 for a scalar.
    pub fn n_rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Numbers in one row.
    pub fn row_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// Bytes of the tensor in its file.
    pub fn bytes(&self) -> u64 {
        self.n_rows() as u64 * self.row_len() as u64 * self.dtype.bytes() as u64
    }
}

fn unreadable(path: &Path, source: io::Error) -> CheckpointError {
    CheckpointError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Reads the index; its file names must not leave the folder.
fn read_index(path: &Path) -> Result<Index, CheckpointError> {
    let text = fs::read(path).map_err(|source| unreadable(path, source))?;
    let refuse = |reason: String| CheckpointError::Index {
        path: path.to_owned(),
        reason,
    };
    let index: Index = serde_json::from_slice(&text).map_err(|error| refuse(error.to_string()))?;
    let outside = |file: &&String| Path::new(file).file_name() != Some(file.as_ref());
    match index.weight_map.values().find(outside) {
        Some(file) => Err(refuse(format!("{file:?} is not a plain file name"))),
        None => Ok(index),
    }
}

fn read_header(path: &Path) -> Result<Vec<HeaderTensor>, CheckpointError> {
    let refuse = |source| CheckpointError::Header {
        path: path.to_owned(),
        source,
    };
    let read = || -> io::Result<_> {
        let mut file = File::open(path)?;
        let file_bytes = file.metadata()?.len();
        let mut prefix = [0; 8];
        file.read_exact(&mut prefix)?;
        Ok((file, file_bytes, prefix))
    };
    let (mut file, file_bytes, prefix) = read().map_err(|source| unreadable(path, source))?;
    let mut json = vec![0; header_bytes(prefix, file_bytes).map_err(refuse)?];
    file.read_exact(&mut json)
        .map_err(|source| unreadable(path, source))?;
    parse_header(&json, file_bytes).map_err(refuse)
}

fn read_range(path: &Path, start: u64, n_bytes: usize) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; n_bytes];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Numbers of a file as f32; exact for all three types.
fn widen(bytes: &[u8], dtype: Dtype) -> Vec<f32> {
    let (pairs, _) = bytes.as_chunks::<2>();
    match dtype {
        Dtype::Bf16 => pairs
            .iter()
            .map(|&b| bf16::from_le_bytes(b).to_f32())
            .collect(),
        Dtype::F16 => pairs
            .iter()
            .map(|&b| f16::from_le_bytes(b).to_f32())
            .collect(),
        Dtype::F32 => {
            let (words, _) = bytes.as_chunks::<4>();
            words.iter().map(|&b| f32::from_le_bytes(b)).collect()
        }
    }
}
