//! The folder that is written: what may be replaced, the side files, the manifest last.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use weights::{Manifest, SideFile};

use crate::error::Error;
use crate::shards::is_shard;

const TOKENIZER: &str = "tokenizer.json";
/// Copied verbatim where the checkpoint has them.
const SIDE_FILES: [&str; 6] = [
    TOKENIZER,
    "tokenizer_config.json",
    "chat_template.json",
    "chat_template.jinja",
    "preprocessor_config.json",
    "generation_config.json",
];
/// The manifest while the folder is unfinished; it marks the folder as ours after a crash.
const PARTIAL: &str = "manifest.json.partial";

/// An output folder that is being written.
pub struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// Makes the folder, or takes over an empty or a Lookback one and removes what is ours from it.
    pub fn prepare(dir: &Path, input: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(Error::write(dir))?;
        let real = |path: &Path| fs::canonicalize(path).map_err(Error::read(path));
        if real(dir)? == real(input)? {
            return Err(Error::SameFolder);
        }
        let names = file_names(dir)?;
        if !names.is_empty() && !names.iter().any(|name| name == PARTIAL) && !is_lookback(dir) {
            return Err(Error::Occupied {
                dir: dir.to_owned(),
            });
        }
        let partial = dir.join(PARTIAL);
        fs::write(&partial, "{}\n").map_err(Error::write(&partial))?;
        let ours = |name: &&String| {
            is_shard(name) || *name == Manifest::FILE || SIDE_FILES.contains(&name.as_str())
        };
        for name in names.iter().filter(ours) {
            let path = dir.join(name);
            fs::remove_file(&path).map_err(Error::write(&path))?;
        }
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Copies tokenizer and settings.
    pub fn copy_side_files(&self, input: &Path) -> Result<Vec<SideFile>, Error> {
        if !input.join(TOKENIZER).is_file() {
            return Err(Error::NoTokenizer {
                dir: input.to_owned(),
            });
        }
        let present = SIDE_FILES.iter().filter(|name| input.join(name).is_file());
        present.map(|name| self.copy(input, name)).collect()
    }

    fn copy(&self, input: &Path, name: &str) -> Result<SideFile, Error> {
        let (from, to) = (input.join(name), self.dir.join(name));
        let content = fs::read(&from).map_err(Error::read(&from))?;
        fs::write(&to, &content).map_err(Error::write(&to))?;
        Ok(SideFile {
            name: name.to_owned(),
            length: content.len() as u64,
            sha256: format!("{:x}", Sha256::digest(&content)),
        })
    }

    /// Writes the manifest under its partial name, reads it back with the checks of a reader, and
    /// gives it its name.
    pub fn finish(self, manifest: &Manifest) -> Result<(), Error> {
        let (partial, done) = (self.dir.join(PARTIAL), self.dir.join(Manifest::FILE));
        let json = serde_json::to_string_pretty(manifest).map_err(io::Error::from);
        let json = json.map_err(Error::write(&partial))? + "\n";
        Manifest::parse(json.as_bytes())?;
        fs::write(&partial, json).map_err(Error::write(&partial))?;
        fs::rename(&partial, &done).map_err(Error::write(&done))
    }
}

/// The last part of the folder's real path.
pub fn display_name(dir: &Path) -> String {
    let real = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let name = real
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "model".to_owned())
}

fn file_names(dir: &Path) -> Result<Vec<String>, Error> {
    let entries = fs::read_dir(dir).map_err(Error::read(dir))?;
    let name = |entry: io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
    };
    let names: io::Result<_> = entries.map(name).collect();
    names.map_err(Error::read(dir))
}

/// Whether the folder has a manifest of any version of our format.
fn is_lookback(dir: &Path) -> bool {
    #[derive(Deserialize)]
    struct Version {
        format: String,
    }
    let manifest = fs::read(dir.join(Manifest::FILE)).unwrap_or_default();
    serde_json::from_slice(&manifest)
        .is_ok_and(|version: Version| version.format.starts_with("lookback-weights/"))
}
