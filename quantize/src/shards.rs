//! Writing shards: tensors one behind the other, hashed in chunks.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use weights::{Chunk, Shard};

use crate::error::Error;

/// Length of every chunk but the last of a shard.
const CHUNK_BYTES: usize = 4 << 20;
/// A shard grows beyond this only if it holds a single larger tensor.
const SHARD_BYTES: u64 = 256 << 20;

/// Writes the shards of one folder in order.
pub struct ShardWriter {
    dir: PathBuf,
    shards: Vec<Shard>,
    /// The file of the last shard.
    open: Option<(PathBuf, File)>,
    /// The bytes of the current chunk.
    chunk: Vec<u8>,
}

impl ShardWriter {
    /// Starts without any shard.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            shards: Vec::new(),
            open: None,
            chunk: Vec::with_capacity(CHUNK_BYTES),
        }
    }

    /// Makes room for a tensor and returns its shard and its first byte there.
    pub fn begin(&mut self, tensor_bytes: u64) -> Result<(usize, u64), Error> {
        let full = |shard: &Shard| shard.length > 0 && shard.length + tensor_bytes > SHARD_BYTES;
        if self.shards.last().is_none_or(full) {
            self.end_chunk()?;
            self.open_next()?;
        }
        let offset = self.shards.last().map_or(0, |shard| shard.length);
        Ok((self.shards.len() - 1, offset))
    }

    /// Appends words to the current shard.
    pub fn write(&mut self, words: &[u32]) -> Result<(), Error> {
        for &word in words {
            self.chunk.extend_from_slice(&word.to_le_bytes());
            if self.chunk.len() == CHUNK_BYTES {
                self.end_chunk()?;
            }
        }
        if let Some(shard) = self.shards.last_mut() {
            shard.length += 4 * words.len() as u64;
        }
        Ok(())
    }

    /// Ends the last shard and returns all of them.
    pub fn finish(mut self) -> Result<Vec<Shard>, Error> {
        self.end_chunk()?;
        Ok(self.shards)
    }

    fn open_next(&mut self) -> Result<(), Error> {
        let file = shard_name(self.shards.len());
        let path = self.dir.join(&file);
        let opened = File::create(&path).map_err(Error::write(&path))?;
        self.open = Some((path, opened));
        self.shards.push(Shard {
            file,
            length: 0,
            chunks: Vec::new(),
        });
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), Error> {
        if let (Some((path, file)), Some(shard)) = (&mut self.open, self.shards.last_mut())
            && !self.chunk.is_empty()
        {
            file.write_all(&self.chunk).map_err(Error::write(path))?;
            shard.chunks.push(Chunk {
                length: self.chunk.len() as u64,
                sha256: format!("{:x}", Sha256::digest(&self.chunk)),
            });
            self.chunk.clear();
        }
        Ok(())
    }
}

fn shard_name(index: usize) -> String {
    format!("weights-{index:05}.bin")
}

/// Whether a file of a Lookback folder is one of its shards.
pub fn is_shard(name: &str) -> bool {
    let digits = name
        .strip_prefix("weights-")
        .and_then(|rest| rest.strip_suffix(".bin"));
    digits.is_some_and(|digits| digits.len() == 5 && digits.bytes().all(|c| c.is_ascii_digit()))
}
