//! The model's `config.json`: sizes, rotary sections and special ids, checked before anything is built on them.

mod field;
mod generation;
mod preprocessor;
mod vision;

pub use field::ConfigError;
pub use generation::GenerationConfig;
pub use preprocessor::PreprocessorConfig;
pub use vision::VisionConfig;

use field::{Fields, N_MAX_POSITION, N_MAX_VOCAB, N_MAX_WIDTH};
use kernels::MAX_HEAD_DIM;
use serde_json::Value;

/// The one architecture this engine runs, as `architectures` names it.
const ARCHITECTURE: &str = "Qwen2_5_VLForConditionalGeneration";

/// What `config.json` says about the language model, with the vision tower under `vision_config`.
///
/// Fields carry the file's own words. Both layouts are read: flat, and text settings under `text_config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Width of the residual stream of the language model.
    pub hidden_size: usize,
    /// Decoder layers.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key/value heads; divides `num_attention_heads`.
    pub num_key_value_heads: usize,
    /// Width of the MLP.
    pub intermediate_size: usize,
    /// Rows of the embedding; larger than the number of ids with text.
    pub vocab_size: usize,
    /// Epsilon of every RMSNorm of the language model.
    pub rms_norm_eps: f64,
    /// Base of the text rotary frequencies.
    pub rope_theta: f64,
    /// Contiguous runs of rotary angles for the temporal, height and width axes; their sum is `head_dim / 2`.
    pub mrope_section: [usize; 3],
    /// Whether the logits use the embedding matrix (the checkpoint then has no `lm_head.weight`).
    pub tie_word_embeddings: bool,
    /// Longest context the model was made for, in tokens.
    pub max_position_embeddings: usize,
    /// `hidden_size / num_attention_heads`.
    pub head_dim: usize,
    /// Id of `<|image_pad|>`.
    pub image_token_id: u32,
    /// Id of `<|vision_start|>`.
    pub vision_start_token_id: u32,
    /// Id of `<|vision_end|>`.
    pub vision_end_token_id: u32,
    /// Id of `<|video_pad|>`, which this engine refuses.
    pub video_token_id: u32,
    /// The vision tower.
    pub vision_config: VisionConfig,
}

impl Config {
    /// Reads a parsed `config.json`.
    ///
    /// # Errors
    /// [`ConfigError`] for another architecture, a missing or ill-typed field, sizes that do not fit together,
    /// and settings that would change the arithmetic (sliding window, quantized weights, other activations).
    pub fn parse(value: &Value) -> Result<Self, ConfigError> {
        let top = Fields::root("config.json", value)?;
        check_architecture(&top)?;
        check_settings(&top)?;
        let text = top.section("text_config")?.unwrap_or_else(|| top.clone());
        check_settings(&text)?;
        let config = Self::read(&top, &text)?;
        config.check()?;
        Ok(config)
    }

    fn read(top: &Fields<'_>, text: &Fields<'_>) -> Result<Self, ConfigError> {
        let hidden_size = text.size("hidden_size", N_MAX_WIDTH)?;
        let num_attention_heads = text.size("num_attention_heads", N_MAX_WIDTH)?;
        let rope = Rope::read(text)?;
        let special = |name| top.or(text, name).id(name);
        Ok(Self {
            hidden_size,
            num_hidden_layers: text.size("num_hidden_layers", 1024)?,
            num_attention_heads,
            num_key_value_heads: text.size("num_key_value_heads", N_MAX_WIDTH)?,
            intermediate_size: text.size("intermediate_size", N_MAX_WIDTH)?,
            vocab_size: text.size("vocab_size", N_MAX_VOCAB)?,
            rms_norm_eps: text.positive("rms_norm_eps")?,
            rope_theta: rope.theta,
            mrope_section: rope.section,
            // transformers leaves the flag out where it has its default, true.
            tie_word_embeddings: top
                .or(text, "tie_word_embeddings")
                .flag_or("tie_word_embeddings", true)?,
            max_position_embeddings: text.size("max_position_embeddings", N_MAX_POSITION)?,
            head_dim: text.size_or("head_dim", N_MAX_WIDTH, hidden_size / num_attention_heads)?,
            image_token_id: special("image_token_id")?,
            vision_start_token_id: special("vision_start_token_id")?,
            vision_end_token_id: special("vision_end_token_id")?,
            video_token_id: special("video_token_id")?,
            vision_config: VisionConfig::read(&top.required_section("vision_config")?)?,
        })
    }

    fn check(&self) -> Result<(), ConfigError> {
        let inconsistent = |holds: bool, rule: &'static str, got: String| {
            if holds {
                Ok(())
            } else {
                Err(ConfigError::Inconsistent { rule, got })
            }
        };
        inconsistent(
            self.head_dim as u64 * self.num_attention_heads as u64 == self.hidden_size as u64,
            "hidden_size = num_attention_heads * head_dim",
            format!(
                "{}, {} and {}",
                self.hidden_size, self.num_attention_heads, self.head_dim
            ),
        )?;
        inconsistent(
            self.num_attention_heads
                .is_multiple_of(self.num_key_value_heads),
            "num_attention_heads to be a multiple of num_key_value_heads",
            format!(
                "{} and {}",
                self.num_attention_heads, self.num_key_value_heads
            ),
        )?;
        inconsistent(
            self.head_dim.is_multiple_of(8) && self.head_dim <= MAX_HEAD_DIM,
            "head_dim to be a multiple of 8 up to 128",
            self.head_dim.to_string(),
        )?;
        inconsistent(
            self.head_dim == 2 * self.mrope_section.iter().sum::<usize>(),
            "the sum of mrope_section to be head_dim / 2",
            format!("{:?} and head_dim {}", self.mrope_section, self.head_dim),
        )?;
        inconsistent(
            self.vision_config.out_hidden_size == self.hidden_size,
            "vision_config.out_hidden_size = hidden_size",
            format!(
                "{} and {}",
                self.vision_config.out_hidden_size, self.hidden_size
            ),
        )?;
        let ids = self.special_ids();
        let last = ids.into_iter().max().unwrap_or(0);
        inconsistent(
            (last as usize) < self.vocab_size,
            "every special token id to be below vocab_size",
            format!("{last} and {}", self.vocab_size),
        )?;
        let distinct = (0..ids.len()).all(|i| !ids[..i].contains(&ids[i]));
        inconsistent(
            distinct,
            "the special token ids to differ",
            format!("{ids:?}"),
        )
    }

    /// Ids of `<|image_pad|>`, `<|video_pad|>`, `<|vision_start|>` and `<|vision_end|>`, which only the chat
    /// template may put into a prompt.
    pub fn special_ids(&self) -> [u32; 4] {
        [
            self.image_token_id,
            self.video_token_id,
            self.vision_start_token_id,
            self.vision_end_token_id,
        ]
    }
}

/// Rotary settings from `rope_scaling` or, in newer files, `rope_parameters`.
struct Rope {
    theta: f64,
    section: [usize; 3],
}

impl Rope {
    /// Published default of `Qwen2_5_VLTextConfig`.
    const THETA: f64 = 1_000_000.0;

    fn read(text: &Fields<'_>) -> Result<Self, ConfigError> {
        let rope = match text.section("rope_parameters")? {
            Some(rope) => rope,
            None => text.required_section("rope_scaling")?,
        };
        for name in ["type", "rope_type"] {
            let kind = rope.text_or(name, "mrope")?;
            if kind != "mrope" && kind != "default" {
                return Err(rope.unsupported(name, &kind, "mrope or default"));
            }
        }
        let theta = rope
            .or(text, "rope_theta")
            .positive_or("rope_theta", Self::THETA)?;
        let section = rope.sizes("mrope_section", N_MAX_WIDTH)?;
        let section = section
            .try_into()
            .map_err(|got: Vec<usize>| ConfigError::Inconsistent {
                rule: "mrope_section to have three entries",
                got: format!("{}", got.len()),
            })?;
        Ok(Self { theta, section })
    }
}

fn check_architecture(top: &Fields<'_>) -> Result<(), ConfigError> {
    let got = match top.texts("architectures")? {
        Some(names) if names.is_empty() => "an empty list".to_owned(),
        Some(names) => names.join(", "),
        None => match top.text_or("model_type", "")?.as_str() {
            "qwen2_5_vl" => return Ok(()),
            "" => return Err(top.missing("architectures")),
            other => other.to_owned(),
        },
    };
    if got == ARCHITECTURE {
        Ok(())
    } else {
        Err(ConfigError::Architecture { got })
    }
}

/// Refuses settings under which the published arithmetic would no longer hold.
fn check_settings(fields: &Fields<'_>) -> Result<(), ConfigError> {
    let hidden_act = fields.text_or("hidden_act", "silu")?;
    if hidden_act != "silu" {
        return Err(fields.unsupported("hidden_act", &hidden_act, "silu"));
    }
    if fields.flag_or("use_sliding_window", false)? {
        return Err(fields.unsupported("use_sliding_window", "true", "false"));
    }
    if let Some(kinds) = fields.texts("layer_types")?
        && let Some(kind) = kinds.iter().find(|kind| *kind != "full_attention")
    {
        return Err(fields.unsupported("layer_types", kind, "full_attention only"));
    }
    if fields.section("quantization_config")?.is_some() {
        return Err(fields.unsupported(
            "quantization_config",
            "a quantized checkpoint",
            "dense weights",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
