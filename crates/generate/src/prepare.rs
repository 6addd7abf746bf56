//! From a question to everything the network needs: pixels, ids, positions, sampling.

use qwen_vl::{
    config::{ConfigError, PreprocessorConfig},
    grid::Grid,
    image::{PatchedImage, Picture, PictureError},
    model::Model,
    mrope::Positions,
    prompt::{Message, PromptError, PromptTokens, TokenRole},
};
use trace::{Ask, ImageFile, MAX_CELLS, MAX_IMAGES, MAX_TOKENS, Prompt, PromptImage};

use crate::{Error, Method, Sampler, files::Host};

/// A question ready to be answered.
pub struct Prepared {
    /// Ids, image spans, roles.
    pub tokens: PromptTokens,
    /// Rotary positions.
    pub positions: Positions,
    /// Pictures in the order given.
    pub images: Vec<PatchedImage>,
    /// How tokens are chosen, and how many.
    pub settings: Settings,
    /// The question as the trace keeps it.
    pub prompt: Prompt,
}

/// How tokens are chosen, and how many.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The choice.
    pub sampler: Sampler,
    /// Most tokens to generate.
    pub n_max_token: usize,
}

/// Generated where the question does not say how many.
const DEFAULT_MAX_TOKENS: u32 = 2048;

impl Prepared {
    /// Builds the method's messages around the question.
    pub(crate) fn from_ask(host: &Host, model: &Model, ask: &Ask) -> Result<Prepared, Error> {
        let method = Method::find(&ask.method)?;
        if ask.question.trim().is_empty() {
            return Err(PromptError::EmptyQuestion.into());
        }
        let system = ask.system.as_deref().or(method.system);
        let question = Message::question(ask.images.len(), &method.text(&ask.question));
        let messages: Vec<Message> = system
            .map(Message::system)
            .into_iter()
            .chain([question])
            .collect();
        let mut prepared = Prepared::from_messages(host, model, &messages, ask)?;
        prepared.prompt.question = ask.question.clone();
        Ok(prepared)
    }

    /// Takes messages as they are; of `ask` only images and settings count.
    pub(crate) fn from_messages(
        host: &Host,
        model: &Model,
        messages: &[Message],
        ask: &Ask,
    ) -> Result<Prepared, Error> {
        let config = &model.config;
        let settings = settings(host, ask)?;
        let preprocessor = preprocessor(host, ask)?;
        let rendered = host.template.render(messages)?;
        // Whether the prompt fits is known before any picture is resized.
        let pictures = ask.images.iter().map(|file| decoded(file, &preprocessor));
        let (pictures, grids): (Vec<_>, Vec<_>) = pictures
            .collect::<Result<Vec<_>, Error>>()?
            .into_iter()
            .unzip();
        let n_image_token: usize = grids.iter().map(|grid| grid.n_image_token()).sum();
        at_most("image tokens", n_image_token, MAX_CELLS)?;
        let n_context = model.max_cache_token();
        let tokens = PromptTokens::new(&rendered, &grids, &host.tokenizer, config, n_context - 1)?;
        if tokens.input_ids.is_empty() {
            return Err(PromptError::EmptyQuestion.into());
        }
        let positions = Positions::of_prompt(&tokens.input_ids, &tokens.grids(), config)?;
        let images = pictures.into_iter().zip(&ask.images);
        let images = images.map(|(picture, file)| patched(picture, file, &preprocessor));
        let images = images.collect::<Result<Vec<_>, Error>>()?;
        let prompt = prompt(messages, &tokens, &images, &ask.images);
        Ok(Prepared {
            tokens,
            positions,
            images,
            settings,
            prompt,
        })
    }

    /// Pictures in the order in which the prompt shows them.
    pub fn images_in_order(&self) -> impl Iterator<Item = &PatchedImage> {
        let spans = self.tokens.images.iter();
        spans.map(|span| &self.images[span.image])
    }

    /// Image tokens of the prompt.
    pub fn n_image_token(&self) -> usize {
        let spans = self.tokens.images.iter();
        spans.map(|span| span.end_token - span.begin_token).sum()
    }

    /// Codes of `kernels::attention_merge`.
    pub(crate) fn role_codes(&self) -> Vec<u32> {
        self.tokens.roles.iter().map(|role| role.code()).collect()
    }

    /// What each prompt token is embedded from.
    pub(crate) fn sources(&self) -> Vec<u32> {
        let tokens = self.tokens.input_ids.iter().zip(&self.tokens.roles);
        let source = |(&id, role): (&u32, &TokenRole)| match role {
            TokenRole::Image(token) => qwen_vl::IMAGE_ROW + token,
            _ => id,
        };
        tokens.map(source).collect()
    }
}

/// The checkpoint's settings with the limits asked for.
fn preprocessor(host: &Host, ask: &Ask) -> Result<PreprocessorConfig, Error> {
    let limits = [ask.min_pixels, ask.max_pixels];
    let [min, max] =
        limits.map(|limit| limit.map(|pixels| usize::try_from(pixels).unwrap_or(usize::MAX)));
    let limited = host.preprocessor.clone().with_pixel_limits(min, max);
    limited.map_err(|error| match error {
        ConfigError::Inconsistent { rule, got } => Error::PixelLimits { rule, got },
        error => error.into(),
    })
}

fn decoded(file: &ImageFile, preprocessor: &PreprocessorConfig) -> Result<(Picture, Grid), Error> {
    let picture = Picture::decode(&file.bytes);
    let with_grid = picture.and_then(|picture| {
        let grid = PatchedImage::grid_of(&picture, preprocessor)?;
        Ok((picture, grid))
    });
    with_grid.map_err(|source| unusable(file, source))
}

fn patched(
    picture: Picture,
    file: &ImageFile,
    preprocessor: &PreprocessorConfig,
) -> Result<PatchedImage, Error> {
    PatchedImage::new(&picture, preprocessor).map_err(|source| unusable(file, source))
}

fn unusable(file: &ImageFile, source: PictureError) -> Error {
    Error::Picture {
        name: file.name.clone(),
        source,
    }
}

fn prompt(
    messages: &[Message],
    tokens: &PromptTokens,
    images: &[PatchedImage],
    files: &[ImageFile],
) -> Prompt {
    let text = |role: &str| {
        let message = messages.iter().rev().find(|message| message.role == role);
        message.map_or_else(String::new, |message| message.texts().collect())
    };
    let shown = tokens.images.iter().map(|span| PromptImage {
        name: files[span.image].name.clone(),
        width_px: images[span.image].width_px as u32,
        height_px: images[span.image].height_px as u32,
        rows: span.grid.rows_token() as u32,
        cols: span.grid.cols_token() as u32,
        file: Vec::new(),
    });
    Prompt {
        system: text("system"),
        question: text("user"),
        images: shown.collect(),
    }
}

fn settings(host: &Host, ask: &Ask) -> Result<Settings, Error> {
    let mut sampler = Sampler::new(&host.generation, ask.seed);
    if let Some(temperature) = ask.temperature {
        sampler.sampling.temperature = temperature;
    }
    if let Some(top_k) = ask.top_k {
        sampler.sampling.top_k = top_k as usize;
    }
    if let Some(top_p) = ask.top_p {
        sampler.sampling.top_p = top_p;
    }
    if let Some(penalty) = ask.repetition_penalty {
        sampler.sampling.repetition_penalty = penalty;
    }
    check(
        "temperature",
        sampler.sampling.temperature,
        "0 or more",
        |t| t >= 0.0,
    )?;
    check(
        "top_p",
        sampler.sampling.top_p,
        "above 0 and at most 1",
        |p| p > 0.0 && p <= 1.0,
    )?;
    let penalty = sampler.sampling.repetition_penalty;
    check("repetition_penalty", penalty, "above 0", |penalty| {
        penalty > 0.0
    })?;
    let n_max_token = ask.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS) as usize;
    check("max_tokens", n_max_token as f32, "1 or more", |n| n >= 1.0)?;
    at_most("max_tokens", n_max_token, MAX_TOKENS)?;
    at_most("images", ask.images.len(), MAX_IMAGES)?;
    Ok(Settings {
        sampler,
        n_max_token,
    })
}

/// What a trace file cannot hold is not begun.
fn at_most(field: &'static str, got: usize, limit: usize) -> Result<(), Error> {
    if got <= limit {
        return Ok(());
    }
    Err(Error::TooMany { field, got, limit })
}

fn check(
    field: &'static str,
    value: f32,
    expected: &'static str,
    holds: impl Fn(f32) -> bool,
) -> Result<(), Error> {
    if value.is_finite() && holds(value) {
        return Ok(());
    }
    let got = value.to_string();
    Err(Error::Setting {
        field,
        got,
        expected,
    })
}
