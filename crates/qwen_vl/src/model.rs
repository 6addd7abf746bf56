//! The whole network on a device, and the three things a generator asks of it.

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use kernels::{Angles, GpuError, IMAGE_ROW, Matrix, project};

use crate::{
    cache::{Cache, words},
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

/// One decoding step.
#[derive(Clone, Debug)]
pub struct Step {
    /// [1, vocab_size]
    pub logits: Tensor<2>,
    /// [n_image_token + 4 · num_hidden_layers]: the mean map, then per layer the probability on image,
    /// question, generated and all counted slots.
    pub readout: Tensor<1>,
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
        let widest = config
            .num_attention_heads
            .max(config.num_key_value_heads * config.head_dim);
        let fits = self.max_binding_bytes / (4 * widest as u64);
        (config.max_position_embeddings as u64).min(fits) as usize
    }

    /// An empty cache for a prompt with these roles (see `kernels::probe`) and `capacity_token` tokens in all.
    pub fn cache(&self, roles: &[u32], n_image_token: usize, capacity_token: usize) -> Cache {
        let config = &self.config;
        Cache::new(config, roles, n_image_token, capacity_token, &self.device)
    }

    /// Appends tokens to the cache without asking for their logits. `source` holds ids, or
    /// `IMAGE_ROW + j` for image token j; `table` has one row per token.
    pub fn prefill(
        &self,
        source: &[u32],
        images: Option<&ImageEmbeds>,
        table: &RotaryTable,
        cache: &mut Cache,
    ) {
        let hidden = self.embed(source, images);
        let n_past = words(vec![cache.n_past as u32], &self.device);
        self.network
            .model
            .prefill(hidden, &self.angles(table), &n_past, cache);
        cache.n_past += source.len();
    }

    /// Appends one token and returns the logits of the next, with the attention that led to them.
    pub fn step(
        &self,
        source: u32,
        images: Option<&ImageEmbeds>,
        table: &RotaryTable,
        cache: &mut Cache,
    ) -> Step {
        let hidden = self.embed(&[source], images);
        let n_past = words(vec![cache.n_past as u32], &self.device);
        let network = &self.network;
        let hidden = network
            .model
            .step(hidden, &self.angles(table), &n_past, cache);
        cache.n_past += 1;
        let head = network.lm_head.as_ref();
        Step {
            logits: project(&hidden, head.unwrap_or(&network.model.embed_tokens)),
            readout: cache.reading.readout.clone(),
        }
    }

    /// Waits for the device to finish everything asked of it.
    ///
    /// # Errors
    /// [`GpuError`] when it failed on the way.
    pub async fn wait(&self) -> Result<(), GpuError> {
        kernels::wait(&self.device).await
    }

    fn embed(&self, source: &[u32], images: Option<&ImageEmbeds>) -> Tensor<2> {
        let row = |&source: &u32| match (source.checked_sub(IMAGE_ROW), images) {
            (Some(token), Some(images)) => IMAGE_ROW + images.row_of_token[token as usize],
            _ => source,
        };
        let source = words(source.iter().map(row).collect(), &self.device);
        let rows = images.map(|images| &images.rows);
        self.network.model.embed_tokens.rows(source, rows)
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
