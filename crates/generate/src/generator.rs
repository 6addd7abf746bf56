//! Prefill, then token after token: step, read out, choose, detokenise, report.

use std::pin::Pin;

use qwen_vl::{
    GpuError, Step,
    cache::{Cache, CachePrompt},
    model::{ImageEmbeds, Model, Outcome},
    mrope::RotaryTable,
    prompt::Message,
    tokenizer::TokenStream,
};
use trace::{Ask, Event, Loaded, StopReason, Timing, Token};
use web_time::Instant;

use crate::{
    Error, Prepared, Readout, Recording,
    files::Host,
    readout::{floats, shares},
};

/// Prompt tokens that go through the network at once; a stop is heard in between.
const PREFILL_CHUNK_TOKEN: usize = 512;

/// A loaded model that answers questions, one at a time.
pub struct Generator {
    pub(crate) model: Model,
    pub(crate) host: Host,
    pub(crate) loaded: Loaded,
}

impl Generator {
    /// What was loaded, and on what; `load_millis` and `wasm_bytes` are the caller's to fill.
    pub fn loaded(&self) -> Loaded {
        self.loaded.clone()
    }

    /// The network and what its side files say, for whoever runs it in another way (training, measuring).
    pub fn into_parts(self) -> (Model, Host) {
        (self.model, self.host)
    }

    /// Gets a question ready with its method's messages.
    ///
    /// # Errors
    /// For pictures, prompts and settings that cannot be used.
    pub fn prepare(&self, ask: &Ask) -> Result<Prepared, Error> {
        Prepared::from_ask(&self.host, &self.model, ask)
    }

    /// Gets messages ready as they are; of `ask` only images and settings count.
    ///
    /// # Errors
    /// As [`Generator::prepare`].
    pub fn prepare_messages(&self, messages: &[Message], ask: &Ask) -> Result<Prepared, Error> {
        Prepared::from_messages(&self.host, &self.model, messages, ask)
    }

    /// Answers a question, reporting `Prompt`, `Prefill` of a long prompt, every `Token` and `Done`. `stopped` is asked
    /// between chunks of the prompt and between tokens.
    ///
    /// # Errors
    /// As [`Generator::prepare`], and when the device fails; the generator can be asked again unless the error is fatal.
    pub async fn ask(
        &mut self,
        ask: &Ask,
        emit: &mut dyn FnMut(Event),
        stopped: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        let started = Instant::now();
        let prepared = self.prepare(ask)?;
        self.answer(prepared, started, emit, stopped, None).await
    }

    /// Answers a prepared question; `recording` takes every tensor on the way.
    ///
    /// # Errors
    /// When the images are too large for the device, or the device fails.
    pub async fn answer(
        &mut self,
        prepared: Prepared,
        started: Instant,
        emit: &mut dyn FnMut(Event),
        stopped: &dyn Fn() -> bool,
        recording: Option<&mut Recording>,
    ) -> Result<(), Error> {
        let mut answer = Answer {
            model: &self.model,
            host: &self.host,
            prepared,
            recording,
            timing: Timing {
                load_millis: self.loaded.load_millis,
                ..Timing::default()
            },
        };
        emit(Event::Prompt(answer.prepared.prompt.clone()));
        let stop = answer.run(started, emit, stopped).await?;
        let timing = answer.timing;
        emit(Event::Done { stop, timing });
        Ok(())
    }
}

struct Answer<'a> {
    model: &'a Model,
    host: &'a Host,
    prepared: Prepared,
    recording: Option<&'a mut Recording>,
    timing: Timing,
}

/// Waits for what was asked for in advance: a read that is dropped on its way leaves its buffer mapped, and the next
/// question fails.
async fn settle(next: Option<Queued>) -> Result<(), Error> {
    if let Some(next) = next {
        next.await?;
    }
    Ok(())
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

impl Answer<'_> {
    async fn run(
        &mut self,
        started: Instant,
        emit: &mut dyn FnMut(Event),
        stopped: &dyn Fn() -> bool,
    ) -> Result<StopReason, Error> {
        let images = self.encode_images().await?;
        self.timing.vision_millis = millis(started);
        let prefill_started = Instant::now();
        let n_prompt = self.prepared.tokens.input_ids.len();
        let n_free = self.model.max_cache_token() - n_prompt;
        let n_max = self.prepared.settings.n_max_token.min(n_free);
        let mut cache = self.cache(images.as_ref(), n_prompt + n_max);
        if !self.prefill(&mut cache, emit, stopped).await? {
            return Ok(StopReason::Stopped);
        }
        let mut stream = TokenStream::new(true);
        let mut token_started = prefill_started;
        let mut queued = self.queue(0, &mut cache).await?;
        for step in 0..n_max {
            if stopped() {
                queued.await?;
                return Ok(StopReason::Stopped);
            }
            // The device goes on with the next token while this one is read; a recording reads it in peace.
            let is_ahead = self.recording.is_none() && step + 1 < n_max;
            let next = match is_ahead {
                true => Some(self.queue(step + 1, &mut cache).await?),
                false => None,
            };
            let outcome = queued.await?;
            let id = outcome.choice.id;
            let is_end = self.host.generation.eos_token_id.contains(&id);
            let is_last = is_end || step + 1 == n_max;
            let pushed = match outcome.choice.logprob.is_finite() {
                true => stream.push(&self.host.tokenizer, id).map_err(Error::from),
                false => Err(Error::NotFinite { n_token: step + 1 }),
            };
            let mut text = match pushed {
                Ok(text) => text,
                Err(error) => {
                    settle(next).await?;
                    return Err(error);
                }
            };
            if is_last {
                text += &std::mem::replace(&mut stream, TokenStream::new(true)).finish();
            }
            if let Some(recording) = self.recording.as_deref_mut() {
                recording.generated_ids.push(id);
            }
            emit(Event::Token(Token {
                id,
                text,
                logprob: outcome.choice.logprob,
                millis: millis(token_started),
                shares: shares(&outcome.sums),
                map: outcome.map,
                map_max: outcome.map_max,
            }));
            if step == 0 {
                self.timing.prefill_millis = millis(prefill_started);
            }
            self.timing.decode_millis = millis(prefill_started) - self.timing.prefill_millis;
            if is_last {
                settle(next).await?;
                return Ok(match is_end {
                    true => StopReason::End,
                    false => StopReason::Length,
                });
            }
            token_started = Instant::now();
            queued = match next {
                Some(next) => next,
                None => self.queue(step + 1, &mut cache).await?,
            };
        }
        Ok(StopReason::Length)
    }

    fn cache(&self, images: Option<&ImageEmbeds>, n_token: usize) -> Cache {
        let prompt = CachePrompt {
            sources: &self.prepared.sources(),
            roles: &self.prepared.role_codes(),
            seen: &self.prepared.tokens.input_ids,
            images,
        };
        self.model.cache(&prompt, n_token)
    }

    /// Puts all of the prompt but its last token into the cache, telling after every chunk but the last how far it is;
    /// false when it was stopped.
    async fn prefill(
        &self,
        cache: &mut Cache,
        emit: &mut dyn FnMut(Event),
        stopped: &dyn Fn() -> bool,
    ) -> Result<bool, Error> {
        let n_prompt = self.prepared.tokens.input_ids.len();
        for first in (0..n_prompt - 1).step_by(PREFILL_CHUNK_TOKEN) {
            if first > 0 {
                self.model.wait().await?;
                emit(Event::Prefill {
                    read_tokens: first as u32,
                    prompt_tokens: n_prompt as u32,
                });
            }
            if stopped() {
                return Ok(false);
            }
            let tokens = first..(first + PREFILL_CHUNK_TOKEN).min(n_prompt - 1);
            let positions = &self.prepared.positions;
            let table = positions.rotary_rows(tokens, &self.model.config);
            self.model.prefill(&table, cache);
        }
        Ok(true)
    }

    /// Asks for token `step`: the last token of the prompt, or the one chosen before it, goes through the network.
    async fn queue(&mut self, step: usize, cache: &mut Cache) -> Result<Queued, Error> {
        let positions = &self.prepared.positions;
        let table = match step.checked_sub(1) {
            None => {
                let last = positions.n_token() - 1;
                positions.rotary_rows(last..last + 1, &self.model.config)
            }
            Some(fed) => {
                let position = positions.of_generated(fed);
                RotaryTable::of_text([[position; 3]].into_iter(), &self.model.config)
            }
        };
        let sampler = &mut self.prepared.settings.sampler;
        let at = Step {
            n_past: 0,
            draw: sampler.random.f32(),
            sampling: sampler.sampling,
            n_id: self.host.tokenizer.n_text_ids(),
            cosines: table.cos,
            sines: table.sin,
        };
        let Some(recording) = self.recording.as_deref_mut() else {
            self.model.step(&at, cache);
            return Ok(Box::pin(self.model.outcome(cache)));
        };
        let left = self.model.step_aloud(&at, cache);
        let outcome = self.model.outcome(cache).await?;
        if let Some(fed) = step.checked_sub(1) {
            let position = self.prepared.positions.of_generated(fed);
            recording.decode_position_ids.push(position);
        }
        recording.steps.push(Readout::of(left, &outcome).await?);
        Ok(Box::pin(std::future::ready(Ok(outcome))))
    }

    async fn encode_images(&mut self) -> Result<Option<ImageEmbeds>, Error> {
        if let Some(recording) = self.recording.as_deref_mut() {
            recording.prompt(&self.prepared);
        }
        if self.prepared.images.is_empty() {
            return Ok(None);
        }
        let images: Vec<_> = self.prepared.images_in_order().collect();
        let embeds = self.model.encode_images(&images)?;
        self.model.wait().await?;
        if let Some(recording) = self.recording.as_deref_mut() {
            let rows = floats(embeds.rows.clone()).await?;
            let width = self.model.config.hidden_size;
            for &row in &embeds.row_of_token {
                let row = row as usize * width;
                recording
                    .vision_embeds
                    .extend_from_slice(&rows[row..row + width]);
            }
        }
        Ok(Some(embeds))
    }
}

/// What a step leaves, once the device has it.
type Queued = Pin<Box<dyn Future<Output = Result<Outcome, GpuError>>>>;
