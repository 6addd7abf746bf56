//! Prefill, then token after token: step, read out, choose, detokenise, report.

use qwen_vl::{
    model::{ImageEmbeds, Model},
    mrope::RotaryTable,
    prompt::Message,
    tokenizer::TokenStream,
};
use trace::{Ask, Event, Loaded, StopReason, Timing, Token, encode_map};
use web_time::Instant;

use crate::{Error, Prepared, Readout, Recording, files::Host, read, readout::floats};

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

    /// Answers a question, reporting `Prompt`, every `Token` and `Done`. `stopped` is asked between tokens.
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
        let config = &self.model.config;
        let sources = self.prepared.sources();
        let table = self.prepared.positions.rotary_table(config);
        let n_prompt = sources.len();
        let n_free = self.model.max_cache_token() - n_prompt;
        let n_max = self.prepared.settings.n_max_token.min(n_free);
        let n_image = self.prepared.n_image_token();
        let roles = self.prepared.role_codes();
        let mut cache = self.model.cache(&roles, n_image, n_prompt + n_max);
        for first in (0..n_prompt - 1).step_by(PREFILL_CHUNK_TOKEN) {
            if first > 0 {
                self.model.wait().await?;
            }
            if stopped() {
                return Ok(StopReason::Stopped);
            }
            let rows = first..(first + PREFILL_CHUNK_TOKEN).min(n_prompt - 1);
            let table = table_rows(&table, rows.clone());
            self.model
                .prefill(&sources[rows], images.as_ref(), &table, &mut cache);
        }

        let mut seen = self.prepared.tokens.input_ids.clone();
        let mut stream = TokenStream::new(true);
        let (mut source, mut table) = (
            sources[n_prompt - 1],
            table_rows(&table, n_prompt - 1..n_prompt),
        );
        let mut token_started = prefill_started;
        for step in 0..n_max {
            if stopped() {
                return Ok(StopReason::Stopped);
            }
            let result = self.model.step(source, images.as_ref(), &table, &mut cache);
            let readout = read(result, n_image).await?;
            let logits = &readout.logits[..self.host.tokenizer.n_text_ids()];
            let choice = self.prepared.settings.sampler.choose(logits, &seen);
            seen.push(choice.id);
            let is_end = self.host.generation.eos_token_id.contains(&choice.id);
            let is_last = is_end || step + 1 == n_max;
            let mut text = stream.push(&self.host.tokenizer, choice.id)?;
            if is_last {
                text += &std::mem::replace(&mut stream, TokenStream::new(true)).finish();
            }
            let (map, map_max) = encode_map(&readout.map);
            emit(Event::Token(Token {
                id: choice.id,
                text,
                logprob: choice.logprob,
                millis: millis(token_started),
                shares: readout.shares(),
                map,
                map_max,
            }));
            self.record(step, choice.id, readout);
            if step == 0 {
                self.timing.prefill_millis = millis(prefill_started);
            }
            self.timing.decode_millis = millis(prefill_started) - self.timing.prefill_millis;
            if is_end {
                return Ok(StopReason::End);
            }
            token_started = Instant::now();
            source = choice.id;
            let position = self.prepared.positions.of_generated(step);
            table = RotaryTable::of_text([[position; 3]].into_iter(), config);
        }
        Ok(StopReason::Length)
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

    fn record(&mut self, step: usize, id: u32, readout: Readout) {
        let Some(recording) = self.recording.as_deref_mut() else {
            return;
        };
        if step > 0 {
            let position = self.prepared.positions.of_generated(step - 1);
            recording.decode_position_ids.push(position);
        }
        recording.generated_ids.push(id);
        recording.steps.push(readout);
    }
}

fn table_rows(table: &RotaryTable, rows: std::ops::Range<usize>) -> RotaryTable {
    let values = rows.start * table.n_angle..rows.end * table.n_angle;
    RotaryTable {
        cos: table.cos[values.clone()].to_vec(),
        sin: table.sin[values].to_vec(),
        n_angle: table.n_angle,
    }
}
