//! The checks that a manifest of unknown origin must pass.

use std::collections::HashSet;

use crate::{Format, Manifest, ManifestError, Shard, Tensor};

const MAX_JSON_BYTES: usize = 64 << 20;
const MAX_TENSORS: usize = 1 << 14;
const MAX_SHARDS: usize = 1 << 12;
const MAX_FILES: usize = 32;
const MAX_METHODS: usize = 32;
const MAX_TEXT_BYTES: usize = 4096;
const MAX_NAME_BYTES: usize = 200;
const MAX_SIDE_FILE_BYTES: u64 = 64 << 20;
const MAX_SHARD_BYTES: u64 = 1 << 40;
/// A reader holds one chunk at a time.
const MAX_CHUNK_BYTES: u64 = 16 << 20;

impl ManifestError {
    pub(crate) fn check_size(json: &[u8]) -> Result<(), Self> {
        limit("the size in bytes", json.len(), MAX_JSON_BYTES)
    }

    pub(crate) fn version(got: &str) -> Self {
        Self::Version { got: short(got) }
    }
}

impl Manifest {
    /// Checks everything that [`Manifest`] promises of a parsed manifest.
    pub(crate) fn check(&self) -> Result<(), ManifestError> {
        self.check_counts()?;
        let mut names = HashSet::from([Self::FILE]);
        for file in &self.files {
            check_file_name(&file.name)?;
            check_unique(&mut names, &file.name)?;
            check_hash(&file.name, &file.sha256)?;
            limit(
                "the length of a side file",
                file.length,
                MAX_SIDE_FILE_BYTES,
            )?;
        }
        for shard in &self.shards {
            check_file_name(&shard.file)?;
            check_unique(&mut names, &shard.file)?;
            check_shard(shard)?;
        }
        let mut tensor_names = HashSet::new();
        let mut free = (0, 0);
        for tensor in &self.tensors {
            limit(
                "the length of a tensor's name",
                tensor.name.len(),
                MAX_NAME_BYTES,
            )?;
            check_unique(&mut tensor_names, &tensor.name)?;
            check_bytes(tensor)?;
            free = check_region(tensor, &self.shards, free)?;
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<(), ManifestError> {
        limit("the number of tensors", self.tensors.len(), MAX_TENSORS)?;
        limit("the number of shards", self.shards.len(), MAX_SHARDS)?;
        limit("the number of side files", self.files.len(), MAX_FILES)?;
        limit("the number of methods", self.methods.len(), MAX_METHODS)?;
        let texts = self.methods.iter().chain(&self.notice).chain([&self.name]);
        for text in texts {
            limit("the length of a text", text.len(), MAX_TEXT_BYTES)?;
        }
        Ok(())
    }
}

fn limit<N: TryInto<u64>>(what: &str, got: N, max: N) -> Result<(), ManifestError> {
    let (got, max) = (
        got.try_into().unwrap_or(u64::MAX),
        max.try_into().unwrap_or(u64::MAX),
    );
    if got <= max {
        return Ok(());
    }
    let what = what.to_owned();
    Err(ManifestError::Limit { what, got, max })
}

/// Names in messages are cut: their length is not known to be sane.
fn short(name: &str) -> String {
    name.chars().take(80).collect()
}

fn check_file_name(name: &str) -> Result<(), ManifestError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && !name.starts_with('.')
        && name.chars().all(plain)
    {
        return Ok(());
    }
    Err(ManifestError::FileName { name: short(name) })
}

fn check_unique<'a>(names: &mut HashSet<&'a str>, name: &'a str) -> Result<(), ManifestError> {
    if names.insert(name) {
        return Ok(());
    }
    Err(ManifestError::Duplicate { name: short(name) })
}

fn check_hash(file: &str, sha256: &str) -> Result<(), ManifestError> {
    if sha256.len() == 64 && sha256.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(());
    }
    let file = file.to_owned();
    Err(ManifestError::Hash { file })
}

fn check_shard(shard: &Shard) -> Result<(), ManifestError> {
    limit("the length of a shard", shard.length, MAX_SHARD_BYTES)?;
    let mut rest = shard.length;
    for chunk in &shard.chunks {
        check_hash(&shard.file, &chunk.sha256)?;
        let fits = (4..=MAX_CHUNK_BYTES.min(rest)).contains(&chunk.length);
        if !fits || !chunk.length.is_multiple_of(4) {
            return Err(ManifestError::chunks(shard));
        }
        rest -= chunk.length;
    }
    if rest == 0 {
        return Ok(());
    }
    Err(ManifestError::chunks(shard))
}

impl ManifestError {
    fn chunks(shard: &Shard) -> Self {
        Self::Chunks {
            file: shard.file.clone(),
            length: shard.length,
        }
    }
}

fn check_bytes(tensor: &Tensor) -> Result<(), ManifestError> {
    let name = || tensor.name.clone();
    let known = match tensor.shape.len() {
        1 => tensor.format == Format::F32,
        n_dims => n_dims == 2,
    };
    if !known {
        return Err(ManifestError::Shape {
            tensor: name(),
            shape: tensor.shape.iter().take(4).copied().collect(),
            format: tensor.format,
        });
    }
    let layout = tensor.layout().map_err(|source| ManifestError::Layout {
        tensor: name(),
        source,
    })?;
    if tensor.length == layout.total_bytes() {
        return Ok(());
    }
    Err(ManifestError::Length {
        tensor: name(),
        expected: layout.total_bytes(),
        got: tensor.length,
    })
}

/// `free` is the shard and the first byte behind the tensor before; returns those behind this one.
fn check_region(
    tensor: &Tensor,
    shards: &[Shard],
    free: (usize, u64),
) -> Result<(usize, u64), ManifestError> {
    let end = tensor.offset.checked_add(tensor.length);
    let shard = shards.get(tensor.shard);
    match (end, shard) {
        (Some(end), Some(shard))
            if end <= shard.length
                && tensor.offset.is_multiple_of(4)
                && (tensor.shard, tensor.offset) >= free =>
        {
            Ok((tensor.shard, end))
        }
        _ => Err(ManifestError::Region {
            tensor: tensor.name.clone(),
            shard: tensor.shard,
            offset: tensor.offset,
        }),
    }
}
