//! The checkpoint to convert: its configuration and the tensors that belong to the model.

use std::path::Path;

use serde_json::Value;
use weights::{Checkpoint, SourceTensor};

use crate::error::Error;

const HEAD: &str = "lm_head.weight";
const MODEL_TYPE: &str = "qwen2_5_vl";
const ARCHITECTURE: &str = "Qwen2_5_VLForConditionalGeneration";

/// An open checkpoint of the right architecture.
pub struct Source {
    /// The weights.
    pub checkpoint: Checkpoint,
    /// `config.json`.
    pub config: Value,
    /// The output matrix is the embedding; a saved copy of it is left out.
    tied: bool,
}

impl Source {
    /// Opens the folder and checks architecture and output matrix.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let checkpoint = Checkpoint::open(dir)?;
        let config: Value = serde_json::from_str(checkpoint.config()).map_err(Error::Config)?;
        check_architecture(&config)?;
        let has_head = checkpoint.tensor(HEAD).is_ok();
        let tied = tied(&config).unwrap_or(!has_head);
        if !tied && !has_head {
            return Err(Error::NoHead);
        }
        Ok(Self {
            checkpoint,
            config,
            tied,
        })
    }

    /// The tensors to store, ascending by canonical name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &SourceTensor)> {
        let tensors = self.checkpoint.tensors();
        tensors.filter(|(name, _)| !(self.tied && *name == HEAD))
    }

    /// Bytes of all tensors to store.
    pub fn bytes(&self) -> u64 {
        self.tensors().map(|(_, tensor)| tensor.bytes()).sum()
    }
}

/// `model_type` decides; without it the name of the class does.
fn check_architecture(config: &Value) -> Result<(), Error> {
    let model_type = config["model_type"].as_str();
    let architecture = config["architectures"][0].as_str();
    let found = match (model_type, architecture) {
        (Some(MODEL_TYPE), _) | (None, Some(ARCHITECTURE)) => return Ok(()),
        (Some(found), _) | (None, Some(found)) => format!("{found:?}"),
        (None, None) => "unknown (it has neither model_type nor architectures)".to_owned(),
    };
    Err(Error::Architecture { found })
}

/// `tie_word_embeddings`, in either layout of the configuration.
fn tied(config: &Value) -> Option<bool> {
    let text_config = config["text_config"]["tie_word_embeddings"].as_bool();
    config["tie_word_embeddings"].as_bool().or(text_config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_layouts_of_the_configuration_are_understood() {
        assert_eq!(tied(&json!({"tie_word_embeddings": true})), Some(true));
        let nested = json!({"text_config": {"tie_word_embeddings": false}});
        assert_eq!(tied(&nested), Some(false));
        assert_eq!(tied(&json!({})), None);
    }

    #[test]
    fn other_architectures_are_named() {
        assert!(check_architecture(&json!({"model_type": "qwen2_5_vl"})).is_ok());
        assert!(check_architecture(&json!({"architectures": [ARCHITECTURE]})).is_ok());
        for config in [
            json!({"model_type": "qwen2_vl"}),
            json!({"architectures": []}),
            json!([]),
        ] {
            assert!(check_architecture(&config).is_err());
        }
    }
}
