//! A Lookback folder, loaded as its bytes arrive: from HTTP in a tab, from disk natively.

use std::sync::Arc;

use burn::tensor::Device;
use qwen_vl::{
    Gpu,
    config::Config,
    load::{Builder, Offer, check_offers},
};
use sha2::{Digest, Sha256};
use trace::{Loaded, ModelInfo};
use weights::{Manifest, ShardReader};

use crate::{Error, Files, Generator};

/// Takes the files of a Lookback folder in the order `files`, then `shards`. Every byte is checked against the
/// manifest's hashes before it is used; at most one chunk of a shard is held.
pub struct Loader {
    manifest: Arc<Manifest>,
    manifest_sha256: String,
    target: Target,
    config: Config,
    files: Files,
    offers: Vec<Offer>,
    builder: Option<Builder>,
    reader: Option<ShardReader>,
    shard: usize,
    loaded_bytes: u64,
}

/// Where a model goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// A GPU.
    Gpu(Gpu),
    /// Burn's CPU backend.
    Cpu(Device),
}

impl Target {
    pub(crate) fn device(&self) -> Device {
        match self {
            Target::Gpu(gpu) => gpu.device.clone(),
            Target::Cpu(device) => device.clone(),
        }
    }

    pub(crate) fn max_binding_bytes(&self) -> u64 {
        match self {
            Target::Gpu(gpu) => gpu.max_binding_bytes,
            Target::Cpu(_) => u64::MAX,
        }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Target::Gpu(gpu) => gpu.adapter.clone(),
            Target::Cpu(_) => "CPU".to_owned(),
        }
    }
}

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Loader {
    /// Checks the manifest; the weights are allocated with the first bytes of a shard.
    ///
    /// # Errors
    /// For a manifest, config or tensor table that cannot be used.
    pub fn new(manifest_json: &[u8], target: Target) -> Result<Loader, Error> {
        let manifest = Arc::new(Manifest::parse(manifest_json)?);
        let config = Config::parse(&manifest.config)?;
        let offers: Vec<Offer> = manifest
            .tensors
            .iter()
            .map(|tensor| Offer {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                format: tensor.format,
            })
            .collect();
        check_offers(&config, &offers)?;
        Ok(Loader {
            manifest,
            manifest_sha256: sha256_hex(manifest_json),
            target,
            config,
            files: Files::default(),
            offers,
            builder: None,
            reader: None,
            shard: 0,
            loaded_bytes: 0,
        })
    }

    /// Side files to pass to [`Loader::add_file`].
    pub fn files(&self) -> Vec<String> {
        let files = self.manifest.files.iter();
        files.map(|file| file.name.clone()).collect()
    }

    /// Takes one whole side file.
    ///
    /// # Errors
    /// [`Error::FileHash`] if it is not the file of the manifest.
    pub fn add_file(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let known = self.manifest.files.iter().find(|file| file.name == name);
        if known.is_none_or(|file| !file.sha256.eq_ignore_ascii_case(&sha256_hex(&bytes))) {
            return Err(Error::FileHash {
                name: name.to_owned(),
            });
        }
        self.loaded_bytes += bytes.len() as u64;
        self.files.insert(name, bytes);
        Ok(())
    }

    /// File names and lengths in bytes of the shards, to be pushed in this order.
    pub fn shards(&self) -> Vec<(String, u64)> {
        let shards = self.manifest.shards.iter();
        shards
            .map(|shard| (shard.file.clone(), shard.length))
            .collect()
    }

    /// Holds the length of shard number `shard`, as far as it is known before its bytes come, against the
    /// manifest: a manifest may claim any size, and what it claims is allocated.
    ///
    /// # Errors
    /// [`Error::Shard`] if it is shorter.
    pub fn check_length(&self, shard: usize, got: u64) -> Result<(), Error> {
        match self.manifest.shards.get(shard) {
            Some(shard) => Ok(shard.check_length(got)?),
            None => Ok(()),
        }
    }

    /// What receives the weights, allocated now if it was not before.
    fn take_builder(&mut self) -> Result<Builder, Error> {
        if let Some(builder) = self.builder.take() {
            return Ok(builder);
        }
        let (device, limit) = (self.target.device(), self.target.max_binding_bytes());
        Ok(Builder::new(
            self.config.clone(),
            &self.offers,
            device,
            limit,
        )?)
    }

    /// The next bytes of the current shard, in pieces of any size.
    ///
    /// # Errors
    /// [`Error::Shard`] for a chunk with a wrong hash.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => ShardReader::new(self.manifest.clone(), self.shard)?,
        };
        let mut builder = self.take_builder()?;
        let mut rest = bytes;
        while let Some(chunk) = reader.next_chunk(&mut rest)? {
            for piece in chunk.pieces(&self.manifest) {
                builder.write(piece.tensor, piece.part, piece.offset, piece.bytes);
            }
        }
        self.loaded_bytes += bytes.len() as u64;
        (self.reader, self.builder) = (Some(reader), Some(builder));
        Ok(())
    }

    /// Ends the current shard; the next bytes are the next one's.
    ///
    /// # Errors
    /// [`Error::Shard`] if the shard is not complete.
    pub fn end_shard(&mut self) -> Result<(), Error> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => ShardReader::new(self.manifest.clone(), self.shard)?,
        };
        reader.finish()?;
        self.shard += 1;
        Ok(())
    }

    /// Bytes taken so far.
    pub fn loaded_bytes(&self) -> u64 {
        self.loaded_bytes
    }

    /// Bytes of all files and shards.
    pub fn total_bytes(&self) -> u64 {
        self.manifest.total_bytes()
    }

    /// The model, ready to answer.
    ///
    /// # Errors
    /// For shards that are missing, side files that cannot be used, and if the device ran out of memory.
    pub async fn finish(mut self) -> Result<Generator, Error> {
        let expected = self.manifest.shards.len();
        if self.shard < expected {
            let loaded = self.shard;
            return Err(Error::Shards { loaded, expected });
        }
        let host = self.files.read(&self.manifest.config, &self.config)?;
        let model = self.take_builder()?.finish()?;
        model.wait().await?;
        let quantization = crate::quantization(&model);
        let loaded = Loaded {
            model: ModelInfo {
                name: self.manifest.name.clone(),
                method: String::new(),
                quantization,
                sha256: self.manifest_sha256,
            },
            adapter: self.target.name(),
            gpu_bytes: model.weight_bytes,
            notice: self.manifest.notice.clone(),
            methods: self.manifest.methods.clone(),
            ..Loaded::default()
        };
        Ok(Generator {
            model,
            host,
            loaded,
        })
    }
}
