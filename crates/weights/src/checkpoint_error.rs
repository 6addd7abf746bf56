//! Everything that can be wrong with a Hugging Face folder.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::HeaderError;
use crate::checkpoint::{INDEX, SINGLE};

/// What is wrong with a checkpoint folder.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}; complete the download of the checkpoint", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Neither a single file nor an index.
    #[error(
        "{} has neither {SINGLE} nor {INDEX}; give the folder of a Hugging Face checkpoint saved as safetensors",
        dir.display()
    )]
    NoWeights {
        /// The folder.
        dir: PathBuf,
    },
    /// The index is not one.
    #[error("{} has no usable weight_map ({reason}); download the file again", path.display())]
    Index {
        /// The index file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A safetensors file is damaged or of an unknown kind.
    #[error("{} cannot be used: {source}; download the file again", path.display())]
    Header {
        /// The safetensors file.
        path: PathBuf,
        /// What is wrong with its header.
        source: HeaderError,
    },
    /// A tensor is not where the index says, or not there at all.
    #[error("tensor {tensor} is missing from {}; complete the download of the checkpoint", path.display())]
    Missing {
        /// Name of the tensor.
        tensor: String,
        /// The file or folder it was looked for in.
        path: PathBuf,
    },
    /// Two tensors of one name, one in the old and one in the new naming scheme.
    #[error(
        "{} has the tensor {tensor} twice, under its old and its new name; save the checkpoint again with one of them",
        dir.display()
    )]
    Twice {
        /// Canonical name of the tensor.
        tensor: String,
        /// The folder.
        dir: PathBuf,
    },
    /// Rows beyond the end of a tensor.
    #[error("tensor {tensor} has {n_rows} rows, so rows {start} to {end} cannot be read")]
    Rows {
        /// Name of the tensor.
        tensor: String,
        /// Rows of the tensor.
        n_rows: usize,
        /// First row asked for.
        start: usize,
        /// Row after the last one asked for.
        end: usize,
    },
}
