//! Everything that can stop a conversion; each message says what to do.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use weights::{CheckpointError, LayoutError, ManifestError, PackError};

/// Why `quantize` failed.
#[derive(Debug, Error)]
pub enum Error {
    /// The checkpoint folder.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A weight that the format cannot hold.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Packed rows that cannot be read back.
    #[error(transparent)]
    Unpack(#[from] LayoutError),
    /// A tensor of a shape that cannot be stored.
    #[error("tensor {tensor}: {source}; the checkpoint is not a Qwen2.5-VL model")]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// What the format says.
        source: LayoutError,
    },
    /// The manifest would not be readable.
    #[error("the result would not be readable: {0}")]
    Manifest(#[from] ManifestError),
    /// `config.json` is not JSON.
    #[error("config.json is not JSON ({0}); download the file again")]
    Config(serde_json::Error),
    /// Another model.
    #[error(
        "config.json describes a model of type {found}, but only qwen2_5_vl (Qwen2.5-VL) is supported; choose another checkpoint"
    )]
    Architecture {
        /// Model type or architecture of the configuration.
        found: String,
    },
    /// An output matrix is asked for but not there.
    #[error(
        "config.json says tie_word_embeddings false, but the checkpoint has no lm_head.weight; complete the download or correct config.json"
    )]
    NoHead,
    /// No fast tokenizer file.
    #[error("{} has no tokenizer.json (vocab.json and merges.txt do not replace it); load the tokenizer with transformers' AutoTokenizer and save_pretrained it there", dir.display())]
    NoTokenizer {
        /// The checkpoint folder.
        dir: PathBuf,
    },
    /// The output folder holds something else.
    #[error("{} is not empty and not a Lookback folder; choose a new folder for --out", dir.display())]
    Occupied {
        /// The output folder.
        dir: PathBuf,
    },
    /// Input and output are the same.
    #[error("--in and --out are the same folder; choose a new folder for --out")]
    SameFolder,
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}; check the path, its permissions and the free space", path.display())]
    File {
        /// "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err` on reading `path`.
    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        Self::file("read", path)
    }

    /// For `map_err` on writing `path`.
    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        Self::file("write", path)
    }

    fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}
