//! Everything that can go wrong between the files of a model and the last token of an answer.

use qwen_vl::{
    GpuError, config::ConfigError, image::PictureError, load::LoadError, model::ImageTooLarge,
    mrope::MropeError, prompt::PromptError, tokenizer::TokenizerError,
};

/// Each variant's text is one sentence that says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No GPU, or one that failed.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// `config.json` and its siblings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] weights::ManifestError),
    /// A shard.
    #[error(transparent)]
    Shard(#[from] weights::ShardError),
    /// A Hugging Face folder.
    #[error(transparent)]
    Checkpoint(#[from] weights::CheckpointError),
    /// The tensors.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A picture.
    #[error("{name}: {source}")]
    Picture {
        /// Name of the picture.
        name: String,
        /// What is wrong with it.
        source: PictureError,
    },
    /// All pictures together.
    #[error(transparent)]
    ImageTooLarge(#[from] ImageTooLarge),
    /// The messages or the template.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// Image tokens that do not fit their grids.
    #[error(transparent)]
    Mrope(#[from] MropeError),
    /// The tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The model folder is not there.
    #[error("there is no folder {dir}; give a Hugging Face folder or one that quantize made")]
    NoFolder {
        /// Path asked for.
        dir: String,
    },
    /// A file of the model is not there.
    #[error("the model folder has no {name}; get the complete folder")]
    MissingFile {
        /// File name.
        name: String,
    },
    /// A file of the model cannot be read.
    #[error("cannot read {name} ({reason}); check the path and get the file again")]
    ReadFile {
        /// File name or path.
        name: String,
        /// The system's words.
        reason: String,
    },
    /// A file is not what the manifest says.
    #[error(
        "{name} does not have the hash in manifest.json; the file is damaged or of another version, get it again"
    )]
    FileHash {
        /// File name.
        name: String,
    },
    /// Shards were not loaded to their end.
    #[error("only {loaded} of the model's {expected} shards are loaded; load the model again")]
    Shards {
        /// Shards that are complete.
        loaded: usize,
        /// Shards of the manifest.
        expected: usize,
    },
    /// A file is not JSON.
    #[error("{name} is not valid JSON ({reason}); get the file again")]
    Json {
        /// File name.
        name: String,
        /// The parser's words.
        reason: String,
    },
    /// No method of that name.
    #[error("there is no method {name}; use one of {known}")]
    Method {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// A sampling setting out of range.
    #[error("{field} is {got}, but must be {expected}; correct the setting")]
    Setting {
        /// Name of the setting.
        field: &'static str,
        /// Its value.
        got: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// More than a recording of the answer can hold.
    #[error("{got} {field} are asked for, but an answer can have {limit} at most; ask for less")]
    TooMany {
        /// What there is too much of.
        field: &'static str,
        /// How many.
        got: usize,
        /// How many there may be.
        limit: usize,
    },
    /// No image area satisfies the limits asked for.
    #[error(
        "the limits on an image's area need {rule}, got {got}; correct min_pixels or max_pixels"
    )]
    PixelLimits {
        /// The rule that is broken.
        rule: &'static str,
        /// The limits.
        got: String,
    },
    /// Logits that are no numbers.
    #[error(
        "the model computes no number for token {n_token} of its answer; its weights are damaged or not meant for this architecture: get the model's folder again"
    )]
    NotFinite {
        /// The first of such tokens, counted from 1.
        n_token: usize,
    },
    /// The device cannot be read.
    #[error(
        "the GPU did not return its results ({0}); close other programs that use it and load the model again"
    )]
    Read(String),
}

impl Error {
    /// The GPU cannot be used again by this process.
    pub fn fatal(&self) -> bool {
        matches!(self, Error::Gpu(GpuError::Lost(_)) | Error::Read(_))
    }
}
