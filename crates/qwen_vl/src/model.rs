//! The whole network on a device, and the three things a generator asks of it.

use burn::{
    module::Module,
    tensor::{Device, Int, Tensor, TensorData},
};
use kernels::{Angles, BLOCK_TOKEN, Blocks, Choice, GpuError, Heads, Matrix, Step, project_normed};

use crate::{
    cache::{Cache, CachePrompt, Slots, words},
    config::Config,
    grid::{Grid, WindowOrder, vision_rotary_table},
    image::PatchedImage,
    mrope::RotaryTable,
    text::Text,
    vision::{Vision, VisionInput},
};

/// Qwen2.5-VL; fields carry the checkpoint's names.
#[derive(Module, Debug)]
pub struct Qwen2_5Vl {
    /// `visual.*`
    pub visual: Vision,
    /// `model.*`
    pub model: Text,
    /// `lm_head.weight` [vocab_size, hidden]; a tied head is `model.embed_tokens`.
    pub lm_head: Option<Matrix>,
}

/// The network with its configuration and device.
#[derive(Debug)]
pub struct Model {
    /// Checked `config.json`.
    pub config: Config,
    /// The weights.
    pub network: Qwen2_5Vl,
    /// Where they are.
    pub device: Device,
    /// Bytes of weights on the device.
    pub weight_bytes: u64,
    /// Largest buffer a kernel can be given.
    pub max_binding_bytes: u64,
}

/// Image embeddings of a prompt.
#[derive(Clone, Debug)]
pub struct ImageEmbeds {
    /// [n_image_token, hidden] in window order.
    pub rows: Tensor<2>,
    /// Row of image token j, all images in prompt order.
    pub row_of_token: Vec<u32>,
}

/// An image, or all images together, need a larger buffer than the adapter has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the images make {n_image_token} image tokens, but this GPU can process {most_image_token} at a time; use smaller images or --max-pixels {}",
    most_image_token * 784
)]
pub struct ImageTooLarge {
    /// Image tokens asked for.
    pub n_image_token: usize,
    /// Image tokens that fit.
    pub most_image_token: usize,
}

/// What a step leaves for the host.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The token chosen.
    pub choice: Choice,
    /// Largest value of the map.
    pub map_max: f32,
    /// One byte per image token: mean probability over heads and layers, in units of `map_max / 255`.
    pub map: Vec<u8>,
    /// Per layer, mean over heads: probability on image, question, generated and all counted tokens.
    pub sums: Vec<[f32; 4]>,
}

/// What a step leaves on the device, for whoever wants all of it.
#[derive(Clone, Debug)]
pub struct Left {
    /// [1, vocab_size]
    pub logits: Tensor<2>,
    /// [n_image_token, at least 1]: probability on each image token, mean over heads and layers.
    pub map: Tensor<1>,
}

impl Model {
    /// Runs the vision tower over all images of a prompt.
    ///
    /// # Errors
    /// [`ImageTooLarge`] when an activation would not fit a binding.
    pub fn encode_images(&self, images: &[&PatchedImage]) -> Result<ImageEmbeds, ImageTooLarge> {
        let vision = &self.config.vision_config;
        let grids: Vec<Grid> = images.iter().map(|image| image.grid).collect();
        let n_image_token = grids.iter().map(Grid::n_image_token).sum();
        self.check_image_tokens(n_image_token)?;
        let order = WindowOrder::new(&grids, vision);
        let table = vision_rotary_table(&grids, vision.head_dim());
        let width = table.n_angle;
        let table = RotaryTable {
            cos: order.reorder_rows(&table.cos, width),
            sin: order.reorder_rows(&table.sin, width),
            n_angle: width,
        };
        let pixels: Vec<f32> = images
            .iter()
            .flat_map(|image| image.pixel_values.iter().copied())
            .collect();
        let n_value = vision.n_patch_value();
        let pixels = order.reorder_rows(&pixels, n_value);
        let input = VisionInput {
            pixel_values: self.floats(pixels, n_value),
            angles: self.angles(&table),
            windows: words(row_borders(&order.cu_window_seqlens), &self.device),
            images: words(row_borders(&order.cu_seqlens), &self.device),
        };
        Ok(ImageEmbeds {
            rows: self.network.visual.forward(&input),
            row_of_token: order.restore_index,
        })
    }

    fn check_image_tokens(&self, n_image_token: usize) -> Result<(), ImageTooLarge> {
        let vision = &self.config.vision_config;
        let widest = (3 * vision.hidden_size)
            .max(2 * vision.intermediate_size)
            .max(vision.n_patch_value());
        let group = vision.spatial_merge_size * vision.spatial_merge_size;
        let most = self.max_binding_bytes as usize / (4 * widest * group);
        if n_image_token > most {
            return Err(ImageTooLarge {
                n_image_token,
                most_image_token: most,
            });
        }
        Ok(())
    }

    /// Tokens that a cache can hold: the model's context, or less where the adapter binds less.
    pub fn max_cache_token(&self) -> usize {
        let config = &self.config;
        let blocks = Blocks {
            heads: Heads {
                n_heads: config.num_attention_heads,
                n_kv_heads: config.num_key_value_heads,
                head_dim: config.head_dim,
            },
            capacity_token: BLOCK_TOKEN,
        };
        let kv_numbers = BLOCK_TOKEN * config.num_key_value_heads * config.head_dim;
        let sizes = [blocks.scores(), blocks.contexts(), blocks.stats()];
        let numbers = sizes.map(|[rows, cols]| rows * cols).into_iter();
        let widest = numbers.chain([kv_numbers]).max().unwrap_or(1);
        let n_blocks = self.max_binding_bytes / (4 * widest as u64);
        let fits = n_blocks.saturating_mul(BLOCK_TOKEN as u64);
        (config.max_position_embeddings as u64).min(fits) as usize
    }

    /// A cache for a prompt and `n_token` tokens in all.
    pub fn cache(&self, prompt: &CachePrompt<'_>, n_token: usize) -> Cache {
        Cache::new(&self.config, prompt, n_token, &self.device)
    }

    /// Puts the next tokens of the prompt into the cache without asking for their logits; `table` has one row for
    /// each.
    pub fn prefill(&self, table: &RotaryTable, cache: &mut Cache) {
        let n_token = table.cos.len() / table.n_angle;
        let cache = &mut cache.slots;
        cache.write_step(&Step::at(0, Vec::new(), Vec::new()));
        let step = cache.step.words();
        let hidden = self.embed(n_token, &step, cache);
        let text = &self.network.model;
        text.prefill(hidden, &self.angles(table), &step, cache);
        cache.n_past += n_token;
    }

    /// Puts the next token into the cache and chooses the one after it, which is put into the cache next. Of `step`,
    /// the slot is the cache's own.
    pub fn step(&self, step: &Step, cache: &mut Cache) {
        let Cache { slots, recorder } = cache;
        slots.write_step(step);
        recorder.run(|| {
            let logits = self.logits(slots);
            self.choose(&logits, slots);
        });
        slots.n_past += 1;
    }

    /// The same, with everything that the step computed; never recorded.
    pub fn step_aloud(&self, step: &Step, cache: &mut Cache) -> Left {
        let cache = &mut cache.slots;
        cache.write_step(step);
        let logits = self.logits(cache);
        self.choose(&logits, cache);
        cache.n_past += 1;
        Left {
            logits,
            map: cache.reading.map.clone(),
        }
    }

    /// Asks for what the latest step leaves; later steps do not change it.
    pub fn outcome(
        &self,
        cache: &Cache,
    ) -> impl Future<Output = Result<Outcome, GpuError>> + use<> {
        let shares = cache.slots.shares;
        let words = kernels::read_words(&cache.slots.outcome.result);
        async move {
            let words = words.await?;
            let (head, map) = words.split_at(shares.map_word().min(words.len()));
            let [id, logprob, map_max, _, sums @ ..] = head else {
                return Err(GpuError::Failed(
                    "the result of a step is incomplete".to_owned(),
                ));
            };
            let sums = sums.chunks_exact(4);
            let mut map: Vec<u8> = map.iter().flat_map(|word| word.to_le_bytes()).collect();
            map.truncate(shares.n_image_token);
            Ok(Outcome {
                choice: Choice {
                    id: *id,
                    logprob: f32::from_bits(*logprob),
                },
                map_max: f32::from_bits(*map_max),
                map,
                sums: sums
                    .map(|sums| [sums[0], sums[1], sums[2], sums[3]].map(f32::from_bits))
                    .collect(),
            })
        }
    }

    fn logits(&self, cache: &mut Slots) -> Tensor<2> {
        let step = cache.step.words();
        let hidden = self.embed(1, &step, cache);
        let text = &self.network.model;
        let hidden = text.step(hidden, &step, cache);
        let head = self.network.lm_head.as_ref().unwrap_or(&text.embed_tokens);
        project_normed(&hidden, &text.norm.taken(), head)
    }

    fn choose(&self, logits: &Tensor<2>, cache: &mut Slots) {
        let step = cache.step.words();
        let outcome = kernels::choose(logits, &step, cache.outcome.clone());
        let result = kernels::readout(&cache.reading, &step, outcome.result, cache.shares);
        cache.outcome = kernels::Outcome { result, ..outcome };
    }

    /// Waits for the device to finish everything asked of it.
    ///
    /// # Errors
    /// [`GpuError`] when it failed on the way.
    pub async fn wait(&self) -> Result<(), GpuError> {
        kernels::wait(&self.device).await
    }

    fn embed(&self, n_token: usize, step: &Tensor<1, Int>, cache: &Slots) -> Tensor<2> {
        let table = &self.network.model.embed_tokens;
        table.rows_from(&cache.outcome.tokens, step, n_token, &cache.images)
    }

    fn angles(&self, table: &RotaryTable) -> Angles {
        Angles {
            cosines: self.floats(table.cos.clone(), table.n_angle),
            sines: self.floats(table.sin.clone(), table.n_angle),
        }
    }

    fn floats(&self, values: Vec<f32>, width: usize) -> Tensor<2> {
        let n_rows = values.len() / width;
        Tensor::from_data(TensorData::new(values, [n_rows, width]), &self.device)
    }
}

/// First and end row of the segment that each row is in.
fn row_borders(cu_seqlens: &[u32]) -> Vec<u32> {
    cu_seqlens
        .windows(2)
        .flat_map(|segment| [segment[0], segment[1]].repeat((segment[1] - segment[0]) as usize))
        .collect()
}
