//! `generation_config.json`: how the published model wants to be sampled, and where it stops.

use super::field::{ConfigError, Fields};
use serde_json::Value;

/// Sampling defaults and end-of-sequence ids.
///
/// The published Qwen2.5-VL file sets `do_sample` with temperature 1e-6 and `repetition_penalty` 1.05: practically
/// greedy, with a penalty. With `do_sample` false the choice is greedy, and the penalty applies all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerationConfig {
    /// Whether to draw from the distribution; otherwise the largest logit wins.
    pub do_sample: bool,
    /// Divides the logits; above 0. Unused when `do_sample` is false.
    pub temperature: f64,
    /// Keep this many most likely tokens; 0 keeps all. Unused when `do_sample` is false.
    pub top_k: usize,
    /// Keep the smallest set with at least this probability, 0…1. Unused when `do_sample` is false.
    pub top_p: f64,
    /// Divides positive and multiplies negative logits of tokens seen so far; 1 leaves them alone.
    pub repetition_penalty: f64,
    /// Generation ends after any of these ids.
    pub eos_token_id: Vec<u32>,
    /// Padding id.
    pub pad_token_id: Option<u32>,
    /// Beginning-of-sequence id; Qwen's template does not use it.
    pub bos_token_id: Option<u32>,
}

impl GenerationConfig {
    /// Reads a parsed `generation_config.json`, or the library's defaults where the checkpoint has none.
    ///
    /// End, padding and beginning ids that are absent are looked for in `config` (the parsed `config.json`, flat or
    /// under `text_config`), as the library does.
    ///
    /// # Errors
    /// [`ConfigError`] for values out of range, ill-typed fields, or when neither file names an end id.
    pub fn parse(generation: Option<&Value>, config: &Value) -> Result<Self, ConfigError> {
        let empty = Value::Object(serde_json::Map::new());
        let fields = Fields::root("generation_config.json", generation.unwrap_or(&empty))?;
        let top = Fields::root("config.json", config)?;
        let text = top.section("text_config")?.unwrap_or_else(|| top.clone());
        let ids = |field| fields.or(top.or(&text, field), field).ids(field);
        let first = |ids: Option<Vec<u32>>| ids.and_then(|ids| ids.first().copied());
        let temperature = fields.number_or("temperature", 1.0)?;
        let generation = Self {
            // The library refuses temperature 0; everyone who writes it means greedy.
            do_sample: fields.flag_or("do_sample", false)? && temperature > 0.0,
            temperature: if temperature == 0.0 { 1.0 } else { temperature },
            top_k: fields.number_or("top_k", 50.0)? as usize,
            top_p: fields.positive_or("top_p", 1.0)?,
            repetition_penalty: fields.positive_or("repetition_penalty", 1.0)?,
            eos_token_id: ids("eos_token_id")?.unwrap_or_default(),
            pad_token_id: first(ids("pad_token_id")?),
            bos_token_id: first(ids("bos_token_id")?),
        };
        generation.check(&fields)?;
        Ok(generation)
    }

    fn check(&self, fields: &Fields<'_>) -> Result<(), ConfigError> {
        let refuse = |field, expected: &str| {
            let value = fields.get(field).unwrap_or(&Value::Null);
            Err(fields.wrong_type(field, expected, value))
        };
        if self.temperature < 0.0 {
            return refuse("temperature", "a number from 0");
        }
        if self.top_p > 1.0 {
            return refuse("top_p", "a number above 0 and up to 1");
        }
        let top_k = fields.number_or("top_k", 50.0)?;
        if top_k < 0.0 || top_k.fract() != 0.0 {
            return refuse("top_k", "an integer from 0");
        }
        if self.eos_token_id.is_empty() {
            return Err(fields.missing("eos_token_id"));
        }
        Ok(())
    }
}
