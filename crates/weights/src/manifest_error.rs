//! Everything that can be wrong with a manifest.

use thiserror::Error;

use crate::{Format, LayoutError, Manifest};

/// Why a manifest is refused.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// Not JSON, or a field is missing or has the wrong type.
    #[error("manifest.json is no manifest of a Lookback folder ({0}); get the file again")]
    Json(#[from] serde_json::Error),
    /// Another version of the format.
    #[error(
        "manifest.json has the format {got:?}, but this program reads {:?}; make the folder again with the quantize that belongs to it",
        Manifest::FORMAT
    )]
    Version {
        /// The version found, shortened.
        got: String,
    },
    /// More of something than any model needs.
    #[error("manifest.json: {what} is {got}, but at most {max} is allowed; get the file again")]
    Limit {
        /// What was counted.
        what: String,
        /// The count.
        got: u64,
        /// The limit.
        max: u64,
    },
    /// A file name that could leave the folder.
    #[error(
        "manifest.json names the file {name:?}, but only letters, digits, '.', '_' and '-' are allowed; do not use this folder"
    )]
    FileName {
        /// The name found, shortened.
        name: String,
    },
    /// A tensor or file that appears twice.
    #[error("manifest.json names {name:?} twice; make the folder again with quantize")]
    Duplicate {
        /// The name, shortened.
        name: String,
    },
    /// A hash that is no SHA-256.
    #[error(
        "manifest.json: a hash of {file} is not 64 hex digits; make the folder again with quantize"
    )]
    Hash {
        /// The file with the hash.
        file: String,
    },
    /// The shape or group of a tensor.
    #[error("manifest.json: tensor {tensor:?}: {source}; make the folder again with quantize")]
    Layout {
        /// Name of the tensor.
        tensor: String,
        /// What is wrong with it.
        source: LayoutError,
    },
    /// Neither a vector in f32 nor a matrix.
    #[error(
        "manifest.json: tensor {tensor:?} has the shape {shape:?} in {format}, but vectors must be f32 and all others matrices; make the folder again with quantize"
    )]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// The shape found, at most its first four sides.
        shape: Vec<usize>,
        /// The format found.
        format: Format,
    },
    /// The length of a tensor is not that of its shape.
    #[error(
        "manifest.json: tensor {tensor:?} has {got} bytes, but its shape takes {expected}; make the folder again with quantize"
    )]
    Length {
        /// Name of the tensor.
        tensor: String,
        /// Bytes that the shape takes.
        expected: u64,
        /// Bytes in the manifest.
        got: u64,
    },
    /// A tensor outside its shard, misaligned, or before the end of its predecessor.
    #[error(
        "manifest.json: tensor {tensor:?} at byte {offset} of shard {shard} is misaligned, out of order, overlaps another or lies outside; make the folder again with quantize"
    )]
    Region {
        /// Name of the tensor.
        tensor: String,
        /// Its shard.
        shard: usize,
        /// Its first byte.
        offset: u64,
    },
    /// The chunks of a shard do not fit it.
    #[error(
        "manifest.json: the chunks of {file} do not add up to its {length} bytes in parts of 4 to 16777216 bytes divisible by 4; make the folder again with quantize"
    )]
    Chunks {
        /// File of the shard.
        file: String,
        /// Length of the shard.
        length: u64,
    },
}
