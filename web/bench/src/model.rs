//! A whole model for JavaScript, which hands over its files.

use generate::{Generator, Loader, Target, open_gpu};
use trace::{Ask, Event, ImageFile};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};
use web_time::Instant;

/// A model that is being loaded.
#[wasm_bindgen]
pub struct Loading {
    loader: Loader,
}

/// A loaded model.
#[wasm_bindgen]
pub struct Model {
    generator: Generator,
}

/// An answer under the clock.
#[wasm_bindgen(getter_with_clone)]
#[derive(Default)]
pub struct Answer {
    /// Tokens of the prompt, those of the image included.
    pub n_prompt_token: usize,
    /// From the prepared prompt to the first token.
    pub first_millis: f64,
    /// From the first token to the last.
    pub rest_millis: f64,
    /// The tokens.
    pub ids: Vec<u32>,
}

#[wasm_bindgen]
impl Loading {
    /// Opens the GPU and reads a manifest.
    pub async fn start(manifest: Vec<u8>) -> Result<Loading, JsError> {
        let target = Target::Gpu(open_gpu().await?);
        Ok(Loading {
            loader: Loader::new(&manifest, target)?,
        })
    }

    /// Side files wanted by [`Loading::add_file`].
    pub fn files(&self) -> Vec<String> {
        self.loader.files()
    }

    /// Shards wanted by [`Loading::add_shard`], in this order.
    pub fn shards(&self) -> Vec<String> {
        let shards = self.loader.shards().into_iter();
        shards.map(|(name, _)| name).collect()
    }

    /// Takes a side file.
    pub fn add_file(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), JsError> {
        Ok(self.loader.add_file(name, bytes)?)
    }

    /// Takes the next shard.
    pub fn add_shard(&mut self, bytes: &[u8]) -> Result<(), JsError> {
        self.loader.push(bytes)?;
        Ok(self.loader.end_shard()?)
    }

    /// The model.
    pub async fn finish(self) -> Result<Model, JsError> {
        Ok(Model {
            generator: self.loader.finish().await?,
        })
    }
}

#[wasm_bindgen]
impl Model {
    /// Answers with `n_token` tokens, always the most likely one; `image` may be empty.
    pub async fn answer(
        &mut self,
        image: Vec<u8>,
        question: String,
        n_token: u32,
    ) -> Result<Answer, JsError> {
        let name = "image".to_owned();
        let images = match image.is_empty() {
            true => Vec::new(),
            false => vec![ImageFile { name, bytes: image }],
        };
        let prepared = self.generator.prepare(&Ask {
            question,
            images,
            method: "plain".to_owned(),
            max_tokens: Some(n_token),
            temperature: Some(0.0),
            ..Ask::default()
        })?;
        let mut answer = Answer {
            n_prompt_token: prepared.tokens.input_ids.len(),
            ..Answer::default()
        };
        let started = Instant::now();
        let mut emit = |event: Event| {
            if let Event::Token(token) = event {
                let millis = started.elapsed().as_secs_f64() * 1000.0;
                if answer.ids.is_empty() {
                    answer.first_millis = millis;
                }
                answer.rest_millis = millis - answer.first_millis;
                answer.ids.push(token.id);
            }
        };
        self.generator
            .answer(prepared, started, &mut emit, &|| false, None)
            .await?;
        Ok(answer)
    }
}
