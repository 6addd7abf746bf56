//! From messages to the token ids of a prompt, with a role for every token.

mod message;
mod python;
mod template;

pub use message::{Content, Message, Part};
pub use template::{ChatTemplate, RenderedPrompt, TemplateFiles};

use crate::config::Config;
use crate::grid::Grid;
use crate::tokenizer::{Tokenizer, TokenizerError};

/// Why there is no prompt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// The messages do not have the expected JSON form.
    #[error("{place} must be {expected}; correct the messages")]
    Messages {
        /// Which message, part or field.
        place: String,
        /// What is accepted there.
        expected: &'static str,
    },
    /// Nothing is asked.
    #[error("the question is empty; write what you want to know about the image")]
    EmptyQuestion,
    /// A text contains a token that only the template may place.
    #[error(
        "message {message} contains the control token {token}; remove it or put a space into it"
    )]
    ControlToken {
        /// Number of the message, from 1.
        message: usize,
        /// The token's text.
        token: &'static str,
    },
    /// A message refers to an image that was not given, or an image to no message.
    #[error(
        "the messages use {used} images but {given} are given; pass exactly the images that the messages show"
    )]
    Images {
        /// Images that the messages refer to.
        used: usize,
        /// Images passed.
        given: usize,
    },
    /// The rendered prompt does not have one placeholder per image.
    #[error(
        "the chat template made {got} image placeholders for {expected} images; use the template of the checkpoint"
    )]
    Placeholders {
        /// Images in the messages.
        expected: usize,
        /// `<|image_pad|>` tokens.
        got: usize,
    },
    /// The checkpoint has no chat template.
    #[error(
        "the checkpoint has no chat template; add its chat_template.json, chat_template.jinja or tokenizer_config.json"
    )]
    NoTemplate,
    /// The template is faulty or uses something unknown.
    #[error("the chat template fails ({reason}); use the template of the published checkpoint")]
    Template {
        /// The template engine's words.
        reason: String,
    },
    /// The template itself refuses the messages.
    #[error("the chat template refuses the messages: {reason}; change them accordingly")]
    Refused {
        /// The template's words.
        reason: String,
    },
    /// The text cannot be tokenised.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// More tokens than the context holds.
    #[error(
        "the prompt has {n_token} tokens, {n_image_token} of them for images, but the context holds {n_context_token}; \
         shorten the text or lower max_pixels"
    )]
    TooLong {
        /// Tokens of the prompt.
        n_token: usize,
        /// Image tokens among them.
        n_image_token: usize,
        /// Tokens that fit.
        n_context_token: usize,
    },
}

/// What a token counts as when attention is shared out (`generate` adds up the shares by these codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRole {
    /// Before the first image token; without images, before the first user message's content: in no sum.
    Outside,
    /// `<|vision_start|>` and `<|vision_end|>` after the first image token: in the denominator only.
    Marker,
    /// The rest of the prompt.
    Question,
    /// A generated token.
    Generated,
    /// Image token j, numbered through all images of the prompt in order.
    Image(u32),
}

impl TokenRole {
    /// The number that `kernels::probe` reads.
    pub fn code(self) -> u32 {
        match self {
            Self::Outside => kernels::ROLE_OUTSIDE,
            Self::Marker => kernels::ROLE_COUNTED,
            Self::Question => kernels::ROLE_QUESTION,
            Self::Generated => kernels::ROLE_GENERATED,
            Self::Image(token) => kernels::ROLE_IMAGE + token,
        }
    }
}

/// Where an image stands in a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSpan {
    /// Index into the images that were passed.
    pub image: usize,
    /// Its patch grid.
    pub grid: Grid,
    /// First image token in `input_ids`.
    pub begin_token: usize,
    /// One past the last image token.
    pub end_token: usize,
}

/// A tokenised prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptTokens {
    /// Ids, with every image placeholder repeated for its image tokens.
    pub input_ids: Vec<u32>,
    /// Images in the order in which the prompt shows them; `pixel_values` must be concatenated in this order.
    pub images: Vec<ImageSpan>,
    /// One role per token.
    pub roles: Vec<TokenRole>,
}

impl PromptTokens {
    /// Tokenises a rendered prompt and expands its image placeholders; `grids[i]` belongs to image i of the messages.
    ///
    /// # Errors
    /// [`PromptError::Images`] or [`PromptError::Placeholders`] if images, messages and placeholders do not match,
    /// [`PromptError::TooLong`] if the prompt has more than `n_context_token` tokens.
    pub fn new(
        rendered: &RenderedPrompt,
        grids: &[Grid],
        tokenizer: &Tokenizer,
        config: &Config,
        n_context_token: usize,
    ) -> Result<Self, PromptError> {
        let images = images_in_order(&rendered.image_order, grids)?;
        let ids = tokenizer.encode(&rendered.text)?;
        let n_placeholder = ids
            .iter()
            .filter(|id| **id == config.image_token_id)
            .count();
        if n_placeholder != images.len() {
            return Err(PromptError::Placeholders {
                expected: images.len(),
                got: n_placeholder,
            });
        }
        let n_image_token: usize = images.iter().map(|(_, grid)| grid.n_image_token()).sum();
        let n_token = ids.len() - n_placeholder + n_image_token;
        if n_token > n_context_token {
            return Err(PromptError::TooLong {
                n_token,
                n_image_token,
                n_context_token,
            });
        }
        let header = tokenizer.encode(&rendered.text[..rendered.question_byte])?;
        let (input_ids, images) = expanded(&ids, images, config.image_token_id);
        let begin_token = match images.first() {
            Some(span) => span.begin_token,
            // Tokens that reach from the header into the question belong to the question.
            None => header
                .iter()
                .zip(&input_ids)
                .take_while(|(header, id)| header == id)
                .count(),
        };
        let roles = roles(&input_ids, begin_token, config);
        Ok(Self {
            input_ids,
            images,
            roles,
        })
    }

    /// Grids in the order in which the prompt shows the images.
    pub fn grids(&self) -> Vec<Grid> {
        self.images.iter().map(|span| span.grid).collect()
    }
}

/// The image number and grid of each placeholder.
fn images_in_order(
    image_order: &[usize],
    grids: &[Grid],
) -> Result<Vec<(usize, Grid)>, PromptError> {
    let used = image_order.iter().max().map_or(0, |last| last + 1);
    let all_shown = (0..grids.len()).all(|image| image_order.contains(&image));
    if used > grids.len() || !all_shown {
        let distinct = (0..used)
            .filter(|image| image_order.contains(image))
            .count();
        let used = if used > grids.len() { used } else { distinct };
        return Err(PromptError::Images {
            used,
            given: grids.len(),
        });
    }
    Ok(image_order
        .iter()
        .map(|image| (*image, grids[*image]))
        .collect())
}

fn expanded(
    ids: &[u32],
    images: Vec<(usize, Grid)>,
    image_token_id: u32,
) -> (Vec<u32>, Vec<ImageSpan>) {
    let mut images = images.into_iter();
    let mut input_ids = Vec::with_capacity(ids.len());
    let mut spans = Vec::new();
    for id in ids {
        let placed = if *id == image_token_id {
            images.next()
        } else {
            None
        };
        let n_token = placed.map_or(1, |(_, grid)| grid.n_image_token());
        let begin_token = input_ids.len();
        let end_token = begin_token + n_token;
        input_ids.resize(end_token, *id);
        spans.extend(placed.map(|(image, grid)| ImageSpan {
            image,
            grid,
            begin_token,
            end_token,
        }));
    }
    (input_ids, spans)
}

fn roles(input_ids: &[u32], begin_token: usize, config: &Config) -> Vec<TokenRole> {
    let mut n_image_token = 0;
    let role = |(at_token, id): (usize, &u32)| match *id {
        _ if at_token < begin_token => TokenRole::Outside,
        id if id == config.image_token_id => {
            n_image_token += 1;
            TokenRole::Image(n_image_token - 1)
        }
        id if id == config.vision_start_token_id || id == config.vision_end_token_id => {
            TokenRole::Marker
        }
        _ => TokenRole::Question,
    };
    input_ids.iter().enumerate().map(role).collect()
}

#[cfg(test)]
mod tests;
