//! Text to token ids and back, from the checkpoint's own `tokenizer.json`.

mod alphabet;
mod stream;

pub use stream::TokenStream;

use serde::Deserialize;
use std::collections::HashMap;

/// Why a tokenizer cannot be read, or an id has no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// The file is no `tokenizer.json`.
    #[error("tokenizer.json cannot be read ({reason}); use the file of the published checkpoint")]
    File {
        /// The library's words.
        reason: String,
    },
    /// Another kind of tokenizer.
    #[error(
        "the {part} of tokenizer.json is {got} but must be {expected}; use the file of a Qwen2.5-VL checkpoint"
    )]
    Unsupported {
        /// Section of the file.
        part: &'static str,
        /// What it has.
        got: String,
        /// What is supported.
        expected: &'static str,
    },
    /// More ids than the model has embedding rows.
    #[error(
        "tokenizer.json has ids up to {last} but the model only {vocab_size} rows; use the files of one checkpoint"
    )]
    Vocabulary {
        /// Largest id.
        last: usize,
        /// `vocab_size` of config.json.
        vocab_size: usize,
    },
    /// The text could not be tokenised.
    #[error("the text cannot be tokenised ({reason}); rephrase it")]
    Encode {
        /// The library's words.
        reason: String,
    },
    /// A padding row of the embedding, or an id beyond it.
    #[error(
        "token {id} has no text, only ids below {n_text_ids} have; leave the rest out of the choice"
    )]
    NoText {
        /// The id.
        id: u32,
        /// See [`Tokenizer::n_text_ids`].
        n_text_ids: usize,
    },
}

/// A byte-level BPE tokenizer with added tokens.
pub struct Tokenizer {
    bpe: tokenizers::Tokenizer,
    added: HashMap<u32, AddedToken>,
    n_text_ids: usize,
}

struct AddedToken {
    text: String,
    special: bool,
}

/// The kinds of the parts of a `tokenizer.json`.
#[derive(Deserialize)]
struct Outline {
    normalizer: Option<Kind>,
    decoder: Option<Kind>,
    model: Option<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    r#type: Option<String>,
    continuing_subword_prefix: Option<String>,
}

impl Outline {
    fn check(self) -> Result<(), TokenizerError> {
        let prefix = self
            .model
            .as_ref()
            .and_then(|model| model.continuing_subword_prefix.clone());
        if let Some(got) = prefix.filter(|prefix| !prefix.is_empty()) {
            return Err(TokenizerError::Unsupported {
                part: "continuing_subword_prefix",
                got,
                expected: "empty",
            });
        }
        let normalizer = self.normalizer.unwrap_or(Kind {
            r#type: Some("NFC".into()),
            continuing_subword_prefix: None,
        });
        for (part, kind, expected) in [
            ("model", self.model, "BPE"),
            ("decoder", self.decoder, "ByteLevel"),
            ("normalizer", Some(normalizer), "NFC"),
        ] {
            let got = kind
                .and_then(|kind| kind.r#type)
                .unwrap_or_else(|| "absent".to_owned());
            if got != expected {
                return Err(TokenizerError::Unsupported {
                    part,
                    got,
                    expected,
                });
            }
        }
        Ok(())
    }
}

fn unreadable(error: impl std::fmt::Display) -> TokenizerError {
    TokenizerError::File {
        reason: error.to_string(),
    }
}

impl Tokenizer {
    /// Reads the bytes of a `tokenizer.json`.
    ///
    /// # Errors
    /// [`TokenizerError::File`] or [`TokenizerError::Unsupported`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TokenizerError> {
        // The library panics on some damaged files, so the outline is checked first.
        let outline: Outline = serde_json::from_slice(bytes).map_err(unreadable)?;
        outline.check()?;
        let bpe = tokenizers::Tokenizer::from_bytes(bytes).map_err(unreadable)?;
        let added = bpe.get_added_tokens_decoder().into_iter();
        let added = added.map(|(id, token)| {
            (
                id,
                AddedToken {
                    text: token.content,
                    special: token.special,
                },
            )
        });
        let last = bpe.get_vocab(true).into_values().max();
        Ok(Self {
            added: added.collect(),
            n_text_ids: last.map_or(0, |last| (last as usize).saturating_add(1)),
            bpe,
        })
    }

    /// Checks that every id has a row in the embedding.
    ///
    /// # Errors
    /// [`TokenizerError::Vocabulary`] otherwise.
    pub fn check_against(&self, vocab_size: usize) -> Result<(), TokenizerError> {
        if self.n_text_ids <= vocab_size {
            return Ok(());
        }
        Err(TokenizerError::Vocabulary {
            last: self.n_text_ids - 1,
            vocab_size,
        })
    }

    /// Ids of a text. Added tokens in it are recognised; none are put around it.
    ///
    /// # Errors
    /// [`TokenizerError::Encode`] if the library fails.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self.bpe.encode_fast(text, false);
        let encoding = encoding.map_err(|error| TokenizerError::Encode {
            reason: error.to_string(),
        })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Text of a whole sequence, invalid UTF-8 as U+FFFD; `skip_special` leaves out special tokens.
    ///
    /// # Errors
    /// [`TokenizerError::NoText`] for an id without text.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, TokenizerError> {
        let mut stream = TokenStream::new(skip_special);
        let mut text = String::new();
        for id in ids {
            text += &stream.push(self, *id)?;
        }
        Ok(text + &stream.finish())
    }

    /// The exact bytes of one token; not always whole characters.
    ///
    /// # Errors
    /// [`TokenizerError::NoText`] for an id without text.
    pub fn token_bytes(&self, id: u32) -> Result<Vec<u8>, TokenizerError> {
        if let Some(added) = self.added.get(&id) {
            return Ok(added.text.clone().into_bytes());
        }
        let piece = self.bpe.id_to_token(id);
        let piece = piece.ok_or(TokenizerError::NoText {
            id,
            n_text_ids: self.n_text_ids,
        })?;
        Ok(alphabet::bytes_of_piece(&piece))
    }

    /// Whether a token is left out of displayed text (`<|im_end|>` is, `<tool_call>` is not).
    pub fn is_special(&self, id: u32) -> bool {
        self.added.get(&id).is_some_and(|token| token.special)
    }

    /// Id of an added or ordinary token by its exact text in the vocabulary.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.bpe.token_to_id(token)
    }

    /// Ids from here on are padding rows of the embedding: they have no text and must never be chosen.
    pub fn n_text_ids(&self) -> usize {
        self.n_text_ids
    }
}

#[cfg(test)]
mod tests;
