//! Reference cases: the project's own and the oracle's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::{Array, Tensors};

/// One prompt with its images and what the reference implementation computed for it.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// Name, unique over all folders.
    pub name: String,
    /// Folder under `checkpoints/`.
    pub checkpoint: String,
    /// File names under `images/`, in the order of the messages' image numbers.
    pub images: Vec<String>,
    /// Messages as `lookback ask --messages` takes them.
    pub messages: Value,
    /// Lower pixel limit that replaces the checkpoint's.
    pub min_pixels: Option<u64>,
    /// Upper pixel limit that replaces the checkpoint's.
    pub max_pixels: Option<u64>,
    /// `[height, width]` of each image after resizing, pixels.
    #[serde(default)]
    pub resized_hw: Vec<[usize; 2]>,
    /// Greedy tokens; an end token, if it came, included.
    pub generated_ids: Vec<i64>,
    #[serde(skip)]
    root: PathBuf,
}

#[derive(Deserialize)]
struct Index {
    cases: Vec<IndexEntry>,
}

#[derive(Deserialize)]
struct IndexEntry {
    name: String,
}

/// The project's fixtures.
pub fn fixtures_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The oracle beside the checkout, or `None`, with a line on stderr, where it is absent.
pub fn oracle_dir() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracle");
    if folder.join("cases/index.json").is_file() {
        return Some(folder);
    }
    eprintln!("SKIPPED: the oracle's cases, since ../shared/oracle is absent");
    None
}

/// All cases: the fixtures, then the oracle's where present.
///
/// # Errors
/// An index or a case that cannot be read.
pub fn cases() -> Result<Vec<Case>> {
    let mut all = cases_in(&fixtures_dir())?;
    if let Some(oracle) = oracle_dir() {
        all.extend(cases_in(&oracle)?);
    }
    Ok(all)
}

fn cases_in(root: &Path) -> Result<Vec<Case>> {
    let index: Index = read_json(&root.join("cases/index.json"))?;
    let names = index.cases.into_iter().map(|entry| entry.name);
    names.map(|name| Case::read(root, &name)).collect()
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not as expected", path.display()))
}

impl Case {
    /// The case `name` of a folder with `cases/`, `images/` and `checkpoints/`.
    ///
    /// # Errors
    /// A missing or malformed file.
    pub fn read(root: &Path, name: &str) -> Result<Self> {
        let case: Self = read_json(&root.join("cases").join(format!("{name}.json")))?;
        Ok(Self {
            root: root.to_owned(),
            ..case
        })
    }

    /// The checkpoint folder.
    pub fn model_dir(&self) -> PathBuf {
        self.root.join("checkpoints").join(&self.checkpoint)
    }

    /// The image files; for a JPEG the reference decoder's result, since decoders differ by a level.
    pub fn image_files(&self) -> Vec<PathBuf> {
        let decoded = |file: PathBuf| {
            let png = file.with_extension("decoded.png");
            if png.is_file() { png } else { file }
        };
        self.source_files().into_iter().map(decoded).collect()
    }

    /// The image files as they are.
    pub fn source_files(&self) -> Vec<PathBuf> {
        let folder = self.root.join("images");
        self.images.iter().map(|name| folder.join(name)).collect()
    }

    /// The reference tensors.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn tensors(&self) -> Result<Tensors> {
        Tensors::read(
            &self
                .root
                .join("cases")
                .join(format!("{}.safetensors", self.name)),
        )
    }

    /// Image `n` after conversion to RGB and resizing, `[height, width, 3]`, levels 0 to 255.
    ///
    /// # Errors
    /// The reference has no such image.
    pub fn resized(&self, n: usize) -> Result<Array<i64>> {
        let png = self
            .root
            .join("cases")
            .join(format!("{}.resized.{n}.png", self.name));
        if !png.is_file() {
            return self.tensors()?.integers(&format!("resized_u8.{n}"));
        }
        let image = image::open(&png)
            .with_context(|| format!("cannot read {}", png.display()))?
            .into_rgb8();
        let shape = vec![image.height() as usize, image.width() as usize, 3];
        let values = image.into_raw().into_iter().map(i64::from).collect();
        Ok(Array { shape, values })
    }
}
