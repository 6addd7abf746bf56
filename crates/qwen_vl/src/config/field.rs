//! Typed, bounded access to the fields of a JSON object that came from outside.

use serde_json::{Map, Value};

/// Bound on widths, head counts and kernel sizes; eight times the largest published one.
pub(super) const N_MAX_WIDTH: usize = 1 << 18;
/// Bound on `vocab_size`.
pub(super) const N_MAX_VOCAB: usize = 1 << 22;
/// Bound on `max_position_embeddings`; positions stay exact in f32 and i32.
pub(super) const N_MAX_POSITION: usize = 1 << 24;

/// Why a configuration file cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// The file or a section of it is no JSON object.
    #[error("{place} must be a JSON object but is {got}; use the file of the published checkpoint")]
    NotAnObject {
        /// File or section.
        place: String,
        /// JSON type found.
        got: &'static str,
    },
    /// A required field is absent.
    #[error("{place} lacks the field `{field}`; use the complete file of the published checkpoint")]
    MissingField {
        /// File or section.
        place: String,
        /// Name of the field.
        field: &'static str,
    },
    /// A field has another JSON type than expected.
    #[error("`{field}` in {place} must be {expected} but is {got}; correct the file")]
    WrongType {
        /// File or section.
        place: String,
        /// Name of the field.
        field: &'static str,
        /// What is accepted.
        expected: String,
        /// What the file has, shortened.
        got: String,
    },
    /// Another model family.
    #[error(
        "the checkpoint's architecture is {got}, but only Qwen2_5_VLForConditionalGeneration is supported; \
         choose a Qwen2.5-VL checkpoint"
    )]
    Architecture {
        /// Value of `architectures` or `model_type`.
        got: String,
    },
    /// A setting under which the model would compute something this engine does not.
    #[error(
        "`{field}` in {place} is {got}, but only {expected} is supported; choose another checkpoint"
    )]
    Unsupported {
        /// File or section.
        place: String,
        /// Name of the field.
        field: &'static str,
        /// What the file has.
        got: String,
        /// What is supported.
        expected: &'static str,
    },
    /// Values that exclude each other.
    #[error("the configuration needs {rule}, got {got}; correct the file or use the published one")]
    Inconsistent {
        /// The rule that is broken.
        rule: &'static str,
        /// The values found.
        got: String,
    },
}

/// One JSON object of a configuration file and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    place: String,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn root(file: &str, value: &'a Value) -> Result<Self, ConfigError> {
        match value.as_object() {
            Some(object) => Ok(Self {
                place: file.to_owned(),
                object,
            }),
            None => Err(ConfigError::NotAnObject {
                place: file.to_owned(),
                got: kind(value),
            }),
        }
    }

    /// The value of a field; JSON `null` counts as absent, as in Python.
    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    /// `self` where it has the field, else `other`.
    pub(super) fn or<'s>(&'s self, other: &'s Self, field: &str) -> &'s Self {
        if self.get(field).is_none() && other.get(field).is_some() {
            other
        } else {
            self
        }
    }

    pub(super) fn section(&self, field: &str) -> Result<Option<Self>, ConfigError> {
        let place = format!("{} ({field})", self.place);
        self.get(field)
            .map(|value| Self::root(&place, value))
            .transpose()
    }

    pub(super) fn required_section(&self, field: &'static str) -> Result<Self, ConfigError> {
        self.section(field)?.ok_or_else(|| self.missing(field))
    }

    /// A count or width from 1 to `max`.
    pub(super) fn size(&self, field: &'static str, max: usize) -> Result<usize, ConfigError> {
        let value = self.get(field).ok_or_else(|| self.missing(field))?;
        self.size_of(field, value, max)
    }

    pub(super) fn size_or(
        &self,
        field: &'static str,
        max: usize,
        default: usize,
    ) -> Result<usize, ConfigError> {
        self.get(field)
            .map_or(Ok(default), |value| self.size_of(field, value, max))
    }

    pub(super) fn sizes(&self, field: &'static str, max: usize) -> Result<Vec<usize>, ConfigError> {
        let value = self.get(field).ok_or_else(|| self.missing(field))?;
        let list = value
            .as_array()
            .ok_or_else(|| self.wrong_type(field, "a list of integers", value))?;
        list.iter()
            .map(|entry| self.size_of(field, entry, max))
            .collect()
    }

    fn size_of(
        &self,
        field: &'static str,
        value: &Value,
        max: usize,
    ) -> Result<usize, ConfigError> {
        let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
        size.filter(|size| (1..=max).contains(size))
            .ok_or_else(|| self.wrong_type(field, &format!("an integer from 1 to {max}"), value))
    }

    /// A token id or a layer index: an integer from 0 that fits 32 bits.
    pub(super) fn id(&self, field: &'static str) -> Result<u32, ConfigError> {
        self.id_of(field, self.get(field).ok_or_else(|| self.missing(field))?)
    }

    /// One id or a list of them; `None` where the field is absent.
    pub(super) fn ids(&self, field: &'static str) -> Result<Option<Vec<u32>>, ConfigError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        let ids = match value.as_array() {
            Some(list) => list.iter().map(|entry| self.id_of(field, entry)).collect(),
            None => self.id_of(field, value).map(|id| vec![id]),
        };
        ids.map(Some)
    }

    fn id_of(&self, field: &'static str, value: &Value) -> Result<u32, ConfigError> {
        let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| self.wrong_type(field, "an integer from 0 to 4294967295", value))
    }

    pub(super) fn number_or(&self, field: &'static str, default: f64) -> Result<f64, ConfigError> {
        let Some(value) = self.get(field) else {
            return Ok(default);
        };
        let number = value.as_f64().filter(|number| number.is_finite());
        number.ok_or_else(|| self.wrong_type(field, "a finite number", value))
    }

    pub(super) fn positive(&self, field: &'static str) -> Result<f64, ConfigError> {
        if self.get(field).is_none() {
            return Err(self.missing(field));
        }
        self.positive_or(field, 0.0)
    }

    pub(super) fn positive_or(
        &self,
        field: &'static str,
        default: f64,
    ) -> Result<f64, ConfigError> {
        let number = self.number_or(field, default)?;
        match self.get(field) {
            Some(value) if number <= 0.0 => Err(self.wrong_type(field, "a number above 0", value)),
            _ => Ok(number),
        }
    }

    pub(super) fn flag_or(&self, field: &'static str, default: bool) -> Result<bool, ConfigError> {
        let Some(value) = self.get(field) else {
            return Ok(default);
        };
        value
            .as_bool()
            .ok_or_else(|| self.wrong_type(field, "true or false", value))
    }

    pub(super) fn text_or(
        &self,
        field: &'static str,
        default: &str,
    ) -> Result<String, ConfigError> {
        let Some(value) = self.get(field) else {
            return Ok(default.to_owned());
        };
        let text = value
            .as_str()
            .ok_or_else(|| self.wrong_type(field, "a string", value))?;
        Ok(text.to_owned())
    }

    pub(super) fn texts(&self, field: &'static str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        let list = value
            .as_array()
            .ok_or_else(|| self.wrong_type(field, "a list of strings", value))?;
        let text = |entry: &Value| entry.as_str().map(str::to_owned);
        let texts = list.iter().map(text).collect::<Option<Vec<String>>>();
        texts
            .map(Some)
            .ok_or_else(|| self.wrong_type(field, "a list of strings", value))
    }

    pub(super) fn missing(&self, field: &'static str) -> ConfigError {
        ConfigError::MissingField {
            place: self.place.clone(),
            field,
        }
    }

    pub(super) fn unsupported(
        &self,
        field: &'static str,
        got: &str,
        expected: &'static str,
    ) -> ConfigError {
        ConfigError::Unsupported {
            place: self.place.clone(),
            field,
            got: shortened(got),
            expected,
        }
    }

    pub(super) fn wrong_type(
        &self,
        field: &'static str,
        expected: &str,
        got: &Value,
    ) -> ConfigError {
        let got = shortened(&got.to_string());
        ConfigError::WrongType {
            place: self.place.clone(),
            field,
            expected: expected.to_owned(),
            got,
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The first 60 characters, so that an error stays one sentence whatever the file holds.
fn shortened(text: &str) -> String {
    const N_CHAR: usize = 60;
    match text.char_indices().nth(N_CHAR) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
