//! The packed weight format, written once: `quantize` writes it, the engine reads it, in the tab and natively.
//!
//! * [`Format`] and [`Layout`]: how a matrix becomes 32-bit words and group scales.
//! * [`pack_rows`] and [`dequantize_rows`]: numbers to words and back.
//! * [`Manifest`]: `manifest.json`, the table of tensors, shards and side files.
//! * [`ShardReader`] and [`Verified::pieces`]: bytes of a shard, hashed chunk by chunk, as parts of tensors.
//! * [`Checkpoint`]: a Hugging Face folder with safetensors files.
//!
//! Nothing here knows Burn or the network. All stored numbers are little endian.

mod check;
mod checkpoint;
mod checkpoint_error;
mod format;
mod group;
mod header;
mod layout;
mod manifest;
mod manifest_error;
mod names;
mod pack;
mod shard;
mod unpack;

pub use checkpoint::{Checkpoint, SourceTensor};
pub use checkpoint_error::CheckpointError;
pub use format::Format;
pub use header::{Dtype, HeaderError, HeaderTensor, parse_header};
pub use layout::{Layout, LayoutError};
pub use manifest::{Chunk, Manifest, Shard, SideFile, Tensor};
pub use manifest_error::ManifestError;
pub use names::{canonical_name, matrix_shape, stored_format};
pub use pack::{PackError, PackedRows, pack_rows};
pub use shard::{Part, Piece, ShardError, ShardReader, Verified};
pub use unpack::dequantize_rows;

// Words are written to files and read from them by a cast.
const _: () = assert!(cfg!(target_endian = "little"));
