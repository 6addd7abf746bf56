//! The checkpoint's chat template, rendered as transformers renders it.

use super::{Content, Message, Part, PromptError, message, python};
use minijinja::{Environment, context};
use serde_json::Value;

/// The files of a checkpoint that may hold its chat template, as far as it has them.
#[derive(Clone, Copy, Debug, Default)]
pub struct TemplateFiles<'a> {
    /// Text of `chat_template.jinja`.
    pub chat_template_jinja: Option<&'a str>,
    /// Parsed `chat_template.json`: `{"chat_template": …}`.
    pub chat_template: Option<&'a Value>,
    /// Parsed `tokenizer_config.json`.
    pub tokenizer_config: Option<&'a Value>,
}

/// A chat template in Jinja, with what transformers adds to the language.
#[derive(Clone, Debug)]
pub struct ChatTemplate {
    source: String,
    /// `bos_token`, `eos_token` and the like, which templates may use.
    special_tokens: Vec<(&'static str, String)>,
    unix_seconds: Option<u64>,
}

/// A prompt as text, with one placeholder per image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedPrompt {
    /// The text to tokenise.
    pub text: String,
    /// For each image shown, its index into the images passed.
    pub image_order: Vec<usize>,
    /// Where the content of the first user message begins in `text`, in bytes.
    pub question_byte: usize,
}

impl ChatTemplate {
    /// Takes the template from the first file that has one: `chat_template.jinja`, `chat_template.json`,
    /// `tokenizer_config.json`. Of a list of named templates the one called `default` is used.
    ///
    /// # Errors
    /// [`PromptError::NoTemplate`], or [`PromptError::Template`] if it is not valid Jinja.
    pub fn from_files(files: TemplateFiles<'_>) -> Result<Self, PromptError> {
        let of_json =
            |file: Option<&Value>| file.and_then(|file| named_default(file.get("chat_template")?));
        let source = files.chat_template_jinja.map(str::to_owned);
        let source = source
            .or_else(|| of_json(files.chat_template))
            .or_else(|| of_json(files.tokenizer_config));
        let template = Self {
            source: source.ok_or(PromptError::NoTemplate)?,
            special_tokens: special_tokens(files.tokenizer_config),
            unix_seconds: None,
        };
        template
            .environment()
            .template_from_str(&template.source)
            .map_err(typed)?;
        Ok(template)
    }

    /// Lets the template ask for the date (UTC); Qwen's own does not.
    pub fn with_clock(mut self, unix_seconds: u64) -> Self {
        self.unix_seconds = Some(unix_seconds);
        self
    }

    /// Renders a conversation, up to where the assistant's answer begins.
    ///
    /// # Errors
    /// [`PromptError::EmptyQuestion`] if the last user message has no text or there is none,
    /// [`PromptError::ControlToken`] if a text contains a token that stands for an image, [`PromptError::Template`] or
    /// [`PromptError::Refused`] if the template fails.
    pub fn render(&self, messages: &[Message]) -> Result<RenderedPrompt, PromptError> {
        message::check(messages)?;
        let text = self.text(messages, true)?;
        let question_byte = self.question_byte(messages, &text)?;
        let image_order = messages.iter().flat_map(Message::images).collect();
        Ok(RenderedPrompt {
            text,
            image_order,
            question_byte,
        })
    }

    pub(super) fn text(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
    ) -> Result<String, PromptError> {
        let environment = self.environment();
        let template = environment.template_from_str(&self.source).map_err(typed)?;
        template
            .render(context! { messages, add_generation_prompt })
            .map_err(typed)
    }

    /// The header before the first user message is what stays when that message's content is replaced by a mark.
    fn question_byte(&self, messages: &[Message], text: &str) -> Result<usize, PromptError> {
        const MARK: &str = "\u{F8FF}";
        let mut marked = messages.to_vec();
        if let Some(question) = marked.iter_mut().find(|message| message.role == "user") {
            let text = MARK.repeat(2);
            question.content = match question.content {
                Content::Text(_) => Content::Text(text),
                Content::Parts(_) => Content::Parts(vec![Part::Text { text }]),
            };
        }
        let marked = self.text(&marked, true)?;
        let same = text
            .char_indices()
            .zip(marked.chars())
            .find(|((_, ours), theirs)| ours != theirs);
        Ok(same.map_or(text.len(), |((at_byte, _), _)| at_byte))
    }

    fn environment(&self) -> Environment<'_> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        for (name, text) in &self.special_tokens {
            environment.add_global(*name, text.as_str());
        }
        python::add_to(&mut environment, self.unix_seconds);
        environment
    }
}

/// A template as a string, or the one named `default` of a list of `{name, template}`.
fn named_default(value: &Value) -> Option<String> {
    let template = match value.as_array() {
        Some(list) => list
            .iter()
            .find(|entry| entry["name"] == "default")?
            .get("template")?,
        None => value,
    };
    template.as_str().map(str::to_owned)
}

/// Special tokens are strings or objects with `content`.
fn special_tokens(tokenizer_config: Option<&Value>) -> Vec<(&'static str, String)> {
    let text = |name: &'static str| {
        let token = tokenizer_config?.get(name)?;
        let text = token.as_str().or_else(|| token.get("content")?.as_str())?;
        Some((name, text.to_owned()))
    };
    ["bos_token", "eos_token", "pad_token", "unk_token"]
        .into_iter()
        .filter_map(text)
        .collect()
}

fn typed(error: minijinja::Error) -> PromptError {
    match python::raised(&error) {
        Some(reason) => PromptError::Refused { reason },
        None => PromptError::Template {
            reason: error.to_string(),
        },
    }
}
