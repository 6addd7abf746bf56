//! What the page asks of the engine, and what the engine reports back.

use serde::{Deserialize, Serialize};

/// Page to engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// Load the Lookback folder at `url` (absolute, ending in `/`); replaces the model at hand.
    Load {
        /// Folder that holds `manifest.json`.
        url: String,
        /// What [`Loaded::tuning`] said of this GPU before; empty where nothing is known of it.
        tuning: String,
    },
    /// Answer one question.
    Ask(Ask),
    /// Stop the answer that is being generated, within one token, or the load.
    Stop,
    /// Measure the device.
    Trial,
}

/// One question. A field that is `None` takes the method's or the checkpoint's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ask {
    /// System message; `None` takes the method's.
    pub system: Option<String>,
    /// The user's question.
    pub question: String,
    /// Encoded pictures (PNG, JPEG or WebP), shown to the model before the question, in order.
    pub images: Vec<ImageFile>,
    /// Name of the method: `plain`, `cot`, `semantic-back`, `solution-back`, …
    pub method: String,
    /// Most tokens to generate.
    pub max_tokens: Option<u32>,
    /// 0 is greedy.
    pub temperature: Option<f32>,
    /// Keep the k most likely tokens.
    pub top_k: Option<u32>,
    /// Keep the smallest set of tokens whose probability reaches p.
    pub top_p: Option<f32>,
    /// Hugging Face's repetition penalty; 1 is off.
    pub repetition_penalty: Option<f32>,
    /// Seed of the sampler.
    pub seed: u64,
    /// Smallest image area after resizing.
    pub min_pixels: Option<u64>,
    /// Largest image area after resizing.
    pub max_pixels: Option<u64>,
}

/// An encoded picture and the name it is shown under.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageFile {
    /// File name or label; never interpreted.
    pub name: String,
    /// The file's bytes.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// Engine to page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// The worker listens; commands sent earlier are lost.
    Ready,
    /// Instead of `Ready`: the worker gets no GPU, so an engine that needs none must answer.
    NoGpu {
        /// The worker's browser has WebGPU, which found no adapter.
        has_webgpu: bool,
    },
    /// Bytes of the model that have reached the GPU.
    Progress {
        /// Loaded so far.
        loaded_bytes: u64,
        /// The whole model.
        total_bytes: u64,
    },
    /// The model answers from now on.
    Loaded(Loaded),
    /// The prompt is built; generation begins.
    Prompt(Prompt),
    /// A long prompt goes through the network chunk by chunk.
    Prefill {
        /// Tokens that have gone through.
        read_tokens: u32,
        /// All of the prompt, those of its images included.
        prompt_tokens: u32,
    },
    /// One generated token.
    Token(Token),
    /// The answer is complete.
    Done {
        /// Why it ended.
        stop: StopReason,
        /// Where the time went.
        timing: Timing,
    },
    /// Something failed; the engine takes commands again unless `fatal`.
    Error(Failure),
    /// What a little work took on the device.
    Trial {
        /// Smaller is faster.
        millis: f64,
        /// As [`Loaded::tuning`].
        tuning: String,
    },
}

/// What was loaded, and on what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// Identity of the model.
    pub model: ModelInfo,
    /// The adapter's own description.
    pub adapter: String,
    /// From the command to now.
    pub load_millis: f64,
    /// Weights on the GPU.
    pub gpu_bytes: u64,
    /// Linear memory of the engine's wasm module; 0 natively.
    pub wasm_bytes: u64,
    /// Which variants of the kernels this GPU likes, in the engine's own words; empty on a CPU.
    pub tuning: String,
    /// A sentence the manifest wants shown, for example that this is a stand-in with random weights.
    pub notice: Option<String>,
    /// Methods this checkpoint was made for, the preferred one first.
    pub methods: Vec<String>,
}

/// Identity of the model that made a trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelInfo {
    /// Folder or repository name.
    pub name: String,
    /// Method the question was asked with.
    pub method: String,
    /// `q4`, `q8`, `f16` or `f32`.
    pub quantization: String,
    /// SHA-256 of the manifest, or of the config for a Hugging Face folder.
    pub sha256: String,
}

/// The question as the trace keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prompt {
    /// System message.
    pub system: String,
    /// Question as asked, without the method's instruction.
    pub question: String,
    /// Pictures in prompt order.
    pub images: Vec<PromptImage>,
}

/// One picture of the prompt. Token `r * cols + c` covers 28×28 px of the resized picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PromptImage {
    /// Name it was given.
    pub name: String,
    /// Width as decoded, before resizing.
    pub width_px: u32,
    /// Height as decoded, before resizing.
    pub height_px: u32,
    /// Rows of image tokens.
    pub rows: u32,
    /// Columns of image tokens.
    pub cols: u32,
    /// The encoded picture (PNG, JPEG or WebP), where the trace carries it along; else empty.
    #[serde(
        default,
        with = "crate::base64_bytes",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub file: Vec<u8>,
}

/// One generated token and where its query looked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Vocabulary id.
    pub id: u32,
    /// Text that this token completed; empty while a UTF-8 character is still open.
    pub text: String,
    /// Natural logarithm of the probability it was drawn with.
    pub logprob: f32,
    /// Milliseconds since the token before (the first: since the prefill began).
    pub millis: f64,
    /// Attention by kind of token.
    pub shares: Shares,
    /// One byte per image token, row-major, all images in order; byte b is probability `b / 255 * map_max`.
    #[serde(with = "crate::base64_bytes")]
    pub map: Vec<u8>,
    /// Largest probability of the map.
    pub map_max: f32,
}

/// Shares of attention, `refocus-methods` 1.6: ratio of head means per layer, then mean over layers.
/// They sum to slightly below 1 (`<|vision_end|>` is in the denominator only).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// On image tokens.
    pub image: f32,
    /// On the question.
    pub question: f32,
    /// On what was generated before.
    pub generated: f32,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// An end-of-sequence token.
    #[default]
    End,
    /// The token limit or the context.
    Length,
    /// The user.
    Stopped,
    /// A failure; the trace holds what came before.
    Failed,
}

/// Where the time of one answer went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    /// Loading the model.
    pub load_millis: f64,
    /// Decoding, resizing and encoding the pictures.
    pub vision_millis: f64,
    /// The prompt, up to the first token.
    pub prefill_millis: f64,
    /// All tokens after the first.
    pub decode_millis: f64,
}

/// A failure in the page's own voice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// One sentence: what is wrong and what to do.
    pub message: String,
    /// For a report; shown on request.
    pub detail: String,
    /// The engine cannot go on; the page starts a new worker.
    pub fatal: bool,
}
