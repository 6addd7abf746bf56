//! Reading a shard as it arrives: every chunk is hashed before its bytes go on to the tensors.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{Chunk, Manifest, Shard, Tensor};

/// Takes the bytes of one shard in order, in pieces of any size, and gives back whole verified chunks.
/// It holds at most one chunk.
#[derive(Debug)]
pub struct ShardReader {
    manifest: Arc<Manifest>,
    shard: usize,
    chunk: usize,
    /// First byte of the current chunk within the shard.
    offset: u64,
    /// The part of the current chunk that has arrived.
    pending: Vec<u8>,
    /// `pending` is a chunk that was given back already.
    given_back: bool,
}

/// Bytes of a shard whose hash is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'b> {
    /// Index of the shard.
    pub shard: usize,
    /// First byte within the shard, divisible by 4.
    pub offset: u64,
    /// The bytes; their number is divisible by 4.
    pub bytes: &'b [u8],
}

/// The two arrays of a stored tensor, see [`crate::Layout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The words of all rows.
    Words,
    /// The scale words of all groups.
    Scales,
}

/// Verified bytes of one part of one tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'b> {
    /// Index of the tensor in the manifest.
    pub tensor: usize,
    /// Which of its arrays.
    pub part: Part,
    /// First byte within that array, divisible by 4.
    pub offset: u64,
    /// The bytes; their number is divisible by 4.
    pub bytes: &'b [u8],
}

/// A shard that is not what the manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShardError {
    /// The manifest has no such shard.
    #[error("the manifest has {n_shards} shards, so there is no shard {shard}")]
    Unknown {
        /// Index asked for.
        shard: usize,
        /// Shards of the manifest.
        n_shards: usize,
    },
    /// A wrong hash.
    #[error(
        "chunk {chunk} of {file} (bytes {start} to {end}) does not have the hash in manifest.json; the file is damaged or of another version, get it again"
    )]
    Hash {
        /// File of the shard.
        file: String,
        /// Index of the chunk.
        chunk: usize,
        /// Its first byte.
        start: u64,
        /// The byte after its last.
        end: u64,
    },
    /// The bytes ended early.
    #[error(
        "{file} ends after {got} bytes in chunk {chunk}, but manifest.json says {expected}; the file is incomplete, get it again"
    )]
    Truncated {
        /// File of the shard.
        file: String,
        /// The chunk that is incomplete.
        chunk: usize,
        /// Bytes that arrived.
        got: u64,
        /// Bytes of the shard.
        expected: u64,
    },
    /// More bytes than the shard has.
    #[error(
        "{file} is longer than the {expected} bytes that manifest.json says; it is of another version, get it again"
    )]
    TooLong {
        /// File of the shard.
        file: String,
        /// Bytes of the shard.
        expected: u64,
    },
}

impl ShardReader {
    /// Starts at the first byte of shard `shard` of a parsed manifest.
    ///
    /// # Errors
    /// The manifest has no such shard.
    pub fn new(manifest: Arc<Manifest>, shard: usize) -> Result<Self, ShardError> {
        let n_shards = manifest.shards.len();
        if shard >= n_shards {
            return Err(ShardError::Unknown { shard, n_shards });
        }
        Ok(Self {
            manifest,
            shard,
            chunk: 0,
            offset: 0,
            pending: Vec::new(),
            given_back: false,
        })
    }

    /// Takes bytes off the front of `input` up to the end of the current chunk and returns the chunk
    /// once it is complete; `None` means that `input` is used up. Call it until then.
    ///
    /// # Errors
    /// A chunk with a wrong hash, or bytes after the last chunk. The reader is of no use afterwards.
    pub fn next_chunk<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Verified<'a>>, ShardError> {
        if std::mem::take(&mut self.given_back) {
            self.pending.clear();
        }
        if input.is_empty() {
            return Ok(None);
        }
        let shard = &self.manifest.shards[self.shard];
        let chunk = shard.chunks.get(self.chunk);
        let chunk = chunk.ok_or_else(|| ShardError::TooLong {
            file: shard.file.clone(),
            expected: shard.length,
        })?;
        let Some(bytes) = gather(&mut self.pending, chunk.length as usize, input) else {
            return Ok(None);
        };
        let verified = Verified {
            shard: self.shard,
            offset: self.offset,
            bytes,
        };
        if !has_hash(bytes, &chunk.sha256) {
            return Err(ShardError::Hash {
                file: shard.file.clone(),
                chunk: self.chunk,
                start: self.offset,
                end: self.offset + chunk.length,
            });
        }
        self.given_back = true;
        self.chunk += 1;
        self.offset += chunk.length;
        Ok(Some(verified))
    }

    /// To be called when the input has ended.
    ///
    /// # Errors
    /// Chunks are missing.
    pub fn finish(self) -> Result<(), ShardError> {
        let shard = &self.manifest.shards[self.shard];
        if self.chunk == shard.chunks.len() {
            return Ok(());
        }
        let waiting = if self.given_back {
            0
        } else {
            self.pending.len()
        };
        Err(ShardError::Truncated {
            file: shard.file.clone(),
            chunk: self.chunk,
            got: self.offset + waiting as u64,
            expected: shard.length,
        })
    }
}

impl Shard {
    /// Whether a file of `got` bytes can be this shard.
    ///
    /// # Errors
    /// [`ShardError::Truncated`] if it is shorter.
    pub fn check_length(&self, got: u64) -> Result<(), ShardError> {
        if got >= self.length {
            return Ok(());
        }
        let complete = |end: &mut u64, chunk: &Chunk| {
            *end += chunk.length;
            (*end <= got).then_some(())
        };
        Err(ShardError::Truncated {
            file: self.file.clone(),
            chunk: self.chunks.iter().scan(0, complete).count(),
            got,
            expected: self.length,
        })
    }
}

/// The next `length` bytes, taken off `input`: directly if they are all there, else through `pending`.
fn gather<'a, 'i: 'a>(
    pending: &'a mut Vec<u8>,
    length: usize,
    input: &mut &'i [u8],
) -> Option<&'a [u8]> {
    if pending.is_empty() && input.len() >= length {
        return input.split_off(..length);
    }
    pending.reserve_exact(length - pending.len());
    let n_taken = input.len().min(length - pending.len());
    pending.extend_from_slice(input.split_off(..n_taken)?);
    (pending.len() == length).then_some(pending)
}

/// Whether the SHA-256 of `bytes` is the one written in `hex`.
fn has_hash(bytes: &[u8], hex: &str) -> bool {
    let digits = hex.as_bytes().chunks_exact(2);
    digits.len() == 32
        && Sha256::digest(bytes).iter().zip(digits).all(|(&byte, pair)| {
            let digit = |c: u8| char::from(c).to_digit(16);
            matches!((digit(pair[0]), digit(pair[1])), (Some(h), Some(l)) if h << 4 | l == u32::from(byte))
        })
}

impl<'b> Verified<'b> {
    /// The bytes as parts of tensors, in ascending order; bytes between tensors are left out.
    pub fn pieces<'m>(
        self,
        manifest: &'m Manifest,
    ) -> impl Iterator<Item = Piece<'b>> + use<'m, 'b> {
        let behind = |tensor: &Tensor| (tensor.shard, tensor.offset + tensor.length);
        let first = manifest
            .tensors
            .partition_point(|tensor| behind(tensor) <= (self.shard, self.offset));
        let end = self.offset + self.bytes.len() as u64;
        manifest.tensors[first..]
            .iter()
            .take_while(move |tensor| (tensor.shard, tensor.offset) < (self.shard, end))
            .zip(first..)
            .flat_map(move |(tensor, index)| self.pieces_of(tensor, index))
    }

    fn pieces_of(self, tensor: &Tensor, index: usize) -> impl Iterator<Item = Piece<'b>> + use<'b> {
        let words_bytes = tensor
            .layout()
            .map_or(tensor.length, |layout| layout.words_bytes());
        let scales_start = tensor.offset + words_bytes;
        let scales_bytes = tensor.length - words_bytes;
        [
            (Part::Words, tensor.offset, words_bytes),
            (Part::Scales, scales_start, scales_bytes),
        ]
        .into_iter()
        .filter_map(move |(part, part_start, part_bytes)| {
            let start = part_start.max(self.offset);
            let end = (part_start + part_bytes).min(self.offset + self.bytes.len() as u64);
            (start < end).then(|| Piece {
                tensor: index,
                part,
                offset: start - part_start,
                bytes: &self.bytes[(start - self.offset) as usize..(end - self.offset) as usize],
            })
        })
    }
}
