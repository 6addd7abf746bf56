//! The small files of a checkpoint: configuration, tokenizer, template.

use std::collections::BTreeMap;

use qwen_vl::{
    config::{Config, GenerationConfig, PreprocessorConfig},
    prompt::{ChatTemplate, TemplateFiles},
    tokenizer::Tokenizer,
};
use serde_json::Value;

use crate::Error;

/// Side files by name, as they lie in the checkpoint's folder.
#[derive(Clone, Debug, Default)]
pub struct Files {
    bytes: BTreeMap<String, Vec<u8>>,
}

/// What the side files say.
pub struct Host {
    /// `tokenizer.json`
    pub tokenizer: Tokenizer,
    /// Chat template, from wherever the checkpoint keeps it.
    pub template: ChatTemplate,
    /// `preprocessor_config.json`
    pub preprocessor: PreprocessorConfig,
    /// `generation_config.json`
    pub generation: GenerationConfig,
}

impl Files {
    /// Names of all side files that a checkpoint may have.
    pub const NAMES: [&str; 6] = [
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.json",
        "chat_template.jinja",
        "preprocessor_config.json",
        "generation_config.json",
    ];

    /// Adds one file.
    pub fn insert(&mut self, name: &str, bytes: Vec<u8>) {
        self.bytes.insert(name.to_owned(), bytes);
    }

    /// Reads all of them; `config` is the parsed `config.json`.
    pub(crate) fn read(&self, config_json: &Value, config: &Config) -> Result<Host, Error> {
        let tokenizer = self.required("tokenizer.json")?;
        let tokenizer = Tokenizer::from_bytes(tokenizer)?;
        tokenizer.check_against(config.vocab_size)?;
        let jinja = self.bytes.get("chat_template.jinja");
        let jinja = jinja.map(|bytes| String::from_utf8_lossy(bytes));
        let template = self.json("chat_template.json")?;
        let tokenizer_config = self.json("tokenizer_config.json")?;
        let template = ChatTemplate::from_files(TemplateFiles {
            chat_template_jinja: jinja.as_deref(),
            chat_template: template.as_ref(),
            tokenizer_config: tokenizer_config.as_ref(),
        })?;
        let preprocessor = match self.json("preprocessor_config.json")? {
            Some(json) => PreprocessorConfig::parse(&json)?,
            None => PreprocessorConfig::default(),
        };
        preprocessor.check_against(&config.vision_config)?;
        let generation = self.json("generation_config.json")?;
        Ok(Host {
            tokenizer,
            template,
            preprocessor,
            generation: GenerationConfig::parse(generation.as_ref(), config_json)?,
        })
    }

    fn required(&self, name: &str) -> Result<&[u8], Error> {
        let bytes = self.bytes.get(name).map(Vec::as_slice);
        bytes.ok_or_else(|| Error::MissingFile {
            name: name.to_owned(),
        })
    }

    fn json(&self, name: &str) -> Result<Option<Value>, Error> {
        let bytes = self.bytes.get(name);
        bytes.map(|bytes| json(name, bytes)).transpose()
    }
}

/// Parses a file of the model.
pub(crate) fn json(name: &str, bytes: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::Json {
        name: name.to_owned(),
        reason: error.to_string(),
    })
}
