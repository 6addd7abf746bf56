//! `manifest.json`: what a Lookback folder contains and where each tensor lies.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Format, Layout, LayoutError, ManifestError, matrix_shape};

/// The manifest of a Lookback folder.
///
/// One that came out of [`Manifest::parse`] is consistent: names are unique, every tensor lies within
/// its shard at an offset divisible by 4, tensors ascend by shard and offset without overlap, and the
/// chunks of a shard add up to its length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the format, [`Manifest::FORMAT`].
    pub format: String,
    /// Name to show for the model.
    pub name: String,
    /// Text to show with the model, such as what it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Names of the re-look methods that the model was trained for.
    #[serde(default)]
    pub methods: Vec<String>,
    /// `config.json` of the checkpoint, unchanged.
    pub config: Value,
    /// Tokenizer and settings, copied from the checkpoint.
    pub files: Vec<SideFile>,
    /// All tensors, ascending by shard and offset.
    pub tensors: Vec<Tensor>,
    /// The files that hold the tensors.
    pub shards: Vec<Shard>,
}

/// A small file beside the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideFile {
    /// File name within the folder.
    pub name: String,
    /// Length in bytes.
    pub length: u64,
    /// SHA-256 of the content, 64 hex digits.
    pub sha256: String,
}

/// One tensor, stored as one row (1-D) or as a matrix (2-D).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensor {
    /// Published name, see [`crate::canonical_name`].
    pub name: String,
    /// `[cols]` or `[rows, cols]`.
    pub shape: Vec<usize>,
    /// Number format and group length.
    #[serde(flatten)]
    pub format: Format,
    /// Index of its shard.
    pub shard: usize,
    /// First byte within the shard.
    pub offset: u64,
    /// Length in bytes, words and scales together.
    pub length: u64,
}

/// One file of tensors, cut into chunks that are checked one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// File name within the folder.
    pub file: String,
    /// Length in bytes.
    pub length: u64,
    /// Its chunks in order.
    pub chunks: Vec<Chunk>,
}

/// A run of bytes of a shard with its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Length in bytes, divisible by 4.
    pub length: u64,
    /// SHA-256 of the bytes, 64 hex digits.
    pub sha256: String,
}

impl Manifest {
    /// The version of the format that this crate reads and writes.
    pub const FORMAT: &str = "lookback-weights/1";
    /// Name of the manifest's own file.
    pub const FILE: &str = "manifest.json";

    /// Reads and checks a manifest of unknown origin.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Version {
            format: String,
        }
        ManifestError::check_size(json)?;
        let version: Version = serde_json::from_slice(json)?;
        if version.format != Self::FORMAT {
            return Err(ManifestError::version(&version.format));
        }
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Bytes of all shards and side files: what a download moves.
    pub fn total_bytes(&self) -> u64 {
        let shards = self.shards.iter().map(|shard| shard.length);
        let files = self.files.iter().map(|file| file.length);
        shards.chain(files).sum()
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }
}

impl Tensor {
    /// How the numbers lie within the tensor's bytes.
    ///
    /// # Errors
    /// A shape or group that the format cannot hold; never for a tensor of a parsed manifest.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        let (rows, cols) = matrix_shape(&self.shape).unwrap_or((0, 0));
        Layout::new(rows, cols, self.format)
    }
}
