//! Messages of a conversation, as the oracle cases and the command line's `--messages` have them.

use super::PromptError;
use serde::Serialize;
use serde_json::Value;

/// Tokens that only the chat template may place: typed by a user they would be counted as images.
const CONTROL_TOKENS: [&str; 4] = [
    "<|image_pad|>",
    "<|video_pad|>",
    "<|vision_start|>",
    "<|vision_end|>",
];

/// One turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What is said and shown.
    pub content: Content,
}

/// A plain string, or texts and images in order; templates tell the two apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// One text.
    Text(String),
    /// Texts and images, joined without separators.
    Parts(Vec<Part>),
}

/// One piece of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Part {
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// An image.
    Image {
        /// Index into the images that are passed with the messages.
        image: usize,
    },
}

impl Message {
    /// Reads a JSON list of messages. An image part without an index is the next image.
    ///
    /// Texts may contain control tokens such as `<|im_end|>`, which then act as such (as in the library), except the
    /// ones that stand for images: those are refused when the prompt is rendered.
    ///
    /// # Errors
    /// [`PromptError::Messages`] names the message and part that is not as expected.
    pub fn parse_list(value: &Value) -> Result<Vec<Self>, PromptError> {
        let expected = "a list of messages with `role` and `content`";
        let list = value
            .as_array()
            .ok_or_else(|| ill_formed("the top level", expected))?;
        let mut n_image = 0;
        list.iter()
            .enumerate()
            .map(|(i, message)| Self::parse(i + 1, message, &mut n_image))
            .collect()
    }

    fn parse(number: usize, value: &Value, n_image: &mut usize) -> Result<Self, PromptError> {
        let place = format!("message {number}");
        let role = value.get("role").and_then(Value::as_str);
        let role = role.ok_or_else(|| ill_formed(&place, "an object with a string `role`"))?;
        let content = match value.get("content") {
            Some(Value::String(text)) => Content::Text(text.clone()),
            Some(Value::Array(parts)) => {
                let parts = parts.iter().enumerate();
                let part =
                    |(i, part)| Part::parse(&format!("part {} of {place}", i + 1), part, n_image);
                Content::Parts(parts.map(part).collect::<Result<_, _>>()?)
            }
            _ => {
                return Err(ill_formed(
                    &place,
                    "an object whose `content` is a string or a list of parts",
                ));
            }
        };
        Ok(Self {
            role: role.to_owned(),
            content,
        })
    }

    /// A user turn that shows images `0..n_image` and then asks.
    pub fn question(n_image: usize, text: &str) -> Self {
        let images = (0..n_image).map(|image| Part::Image { image });
        let text = Part::Text {
            text: text.to_owned(),
        };
        Self {
            role: "user".to_owned(),
            content: Content::Parts(images.chain([text]).collect()),
        }
    }

    /// A system turn.
    pub fn system(text: &str) -> Self {
        Self {
            role: "system".to_owned(),
            content: Content::Text(text.to_owned()),
        }
    }

    /// The texts, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let whole = match &self.content {
            Content::Text(text) => Some(text.as_str()),
            Content::Parts(_) => None,
        };
        whole
            .into_iter()
            .chain(self.parts().iter().filter_map(|part| match part {
                Part::Text { text } => Some(text.as_str()),
                Part::Image { .. } => None,
            }))
    }

    /// The images shown, in order, as indices into the images passed.
    pub fn images(&self) -> impl Iterator<Item = usize> {
        self.parts().iter().filter_map(|part| match part {
            Part::Text { .. } => None,
            Part::Image { image } => Some(*image),
        })
    }

    fn parts(&self) -> &[Part] {
        match &self.content {
            Content::Text(_) => &[],
            Content::Parts(parts) => parts,
        }
    }
}

impl Part {
    fn parse(place: &str, value: &Value, n_image: &mut usize) -> Result<Self, PromptError> {
        match value.get("type").and_then(Value::as_str) {
            Some("text") => {
                let text = value.get("text").and_then(Value::as_str);
                let text =
                    text.ok_or_else(|| ill_formed(place, "a text part with a string `text`"))?;
                Ok(Self::Text {
                    text: text.to_owned(),
                })
            }
            Some("image") => {
                let next = Some(*n_image as u64);
                let image = value.get("image").map_or(next, Value::as_u64);
                // An index of 2^32 or more can never have an image; below that it fits every target.
                let image = image.and_then(|image| u32::try_from(image).ok());
                let image = image.ok_or_else(|| {
                    ill_formed(place, "an image part whose `image` is an index from 0")
                })?;
                *n_image += 1;
                Ok(Self::Image {
                    image: image as usize,
                })
            }
            _ => Err(ill_formed(
                place,
                "an object of `type` \"text\" or \"image\"",
            )),
        }
    }
}

/// Refuses conversations without a question and texts with control tokens that stand for images.
pub(super) fn check(messages: &[Message]) -> Result<(), PromptError> {
    for (i, message) in messages.iter().enumerate() {
        for text in message.texts() {
            if let Some(token) = CONTROL_TOKENS
                .into_iter()
                .find(|token| text.contains(token))
            {
                return Err(PromptError::ControlToken {
                    message: i + 1,
                    token,
                });
            }
        }
    }
    let question = messages.iter().rfind(|message| message.role == "user");
    let asked = question.is_some_and(|message| message.texts().any(|text| !text.trim().is_empty()));
    if asked {
        Ok(())
    } else {
        Err(PromptError::EmptyQuestion)
    }
}

fn ill_formed(place: &str, expected: &'static str) -> PromptError {
    PromptError::Messages {
        place: place.to_owned(),
        expected,
    }
}
