//! What one answer keeps on the device: keys and values, roles of the slots, the step at hand and its outcome.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use kernels::{
    BLOCK_TOKEN, Blocks, Heads, KeyValues, Outcome, ROLE_GENERATED, Reading, Recorder, Scratch,
    Shares, Step, StepBuffer,
};

use crate::{config::Config, model::ImageEmbeds};

/// Everything about the tokens of one answer, allocated once at full size, and the step as it was recorded on it.
pub struct Cache {
    pub(crate) slots: Slots,
    pub(crate) recorder: Recorder,
}

/// The buffers of a cache.
pub(crate) struct Slots {
    /// Per layer.
    pub layers: Vec<KeyValues>,
    /// Role of each slot, [capacity]; see `kernels::attention_merge`.
    pub roles: Tensor<1, Int>,
    /// Scratch of the attention, of the layer at hand.
    pub scratch: Scratch,
    /// Attention of the latest step.
    pub reading: Reading,
    /// What each slot is embedded from, ids seen, the latest choice.
    pub outcome: Outcome,
    /// Image rows to embed from; one row of anything where there is no image.
    pub images: Tensor<2>,
    /// Where the step is.
    pub step: StepBuffer,
    /// Heads and capacity.
    pub blocks: Blocks,
    /// Sizes of the outcome.
    pub shares: Shares,
    /// Slots in use.
    pub n_past: usize,
}

/// What a cache is begun with.
pub struct CachePrompt<'a> {
    /// What each token is embedded from: an id, or `IMAGE_ROW + j` for image token j.
    pub sources: &'a [u32],
    /// Role of each token; all later ones are generated.
    pub roles: &'a [u32],
    /// Ids that a repetition penalty counts as seen.
    pub seen: &'a [u32],
    /// Embeddings of the image tokens.
    pub images: Option<&'a ImageEmbeds>,
}

impl Cache {
    /// Room for `n_token` tokens, the prompt's included.
    pub fn new(
        config: &Config,
        prompt: &CachePrompt<'_>,
        n_token: usize,
        device: &Device,
    ) -> Cache {
        let heads = Heads {
            n_heads: config.num_attention_heads,
            n_kv_heads: config.num_key_value_heads,
            head_dim: config.head_dim,
        };
        let capacity_token = n_token.next_multiple_of(BLOCK_TOKEN);
        let blocks = Blocks {
            heads,
            capacity_token,
        };
        let n_layers = config.num_hidden_layers;
        let shares = Shares {
            n_image_token: prompt.images.map_or(0, |images| images.row_of_token.len()),
            n_layers,
            n_blocks: blocks.n_blocks(),
        };
        let layers = (0..n_layers).map(|_| KeyValues::empty(capacity_token, heads, device));
        let padded = |words: &[u32], fill| {
            let mut words = words.to_vec();
            words.resize(capacity_token, fill);
            self::words(words, device)
        };
        let mut seen = vec![0; config.vocab_size];
        for &id in prompt.seen {
            if let Some(seen) = seen.get_mut(id as usize) {
                *seen = 1;
            }
        }
        let slots = Slots {
            layers: layers.collect(),
            roles: padded(prompt.roles, ROLE_GENERATED),
            scratch: Scratch::empty(blocks, device),
            reading: Reading::empty(shares, device),
            outcome: Outcome {
                seen: words(seen, device),
                tokens: padded(&embedded(prompt), 0),
                result: words(vec![0; shares.n_words()], device),
            },
            images: match prompt.images {
                Some(images) => images.rows.clone(),
                None => Tensor::zeros([1, 1], device),
            },
            step: StepBuffer::new(heads.head_dim, device),
            blocks,
            shares,
            n_past: 0,
        };
        Cache {
            slots,
            recorder: Recorder::new(device),
        }
    }

    /// Whether steps are replayed from a recording.
    pub fn is_recorded(&self) -> bool {
        self.recorder.is_recorded()
    }
}

impl Slots {
    /// Writes the step at hand; its slot is the next free one.
    pub fn write_step(&mut self, step: &Step) {
        self.step.write(&Step {
            n_past: self.n_past,
            ..step.clone()
        });
    }
}

/// Image tokens in prompt order to the rows of the embeddings, which are in window order.
fn embedded(prompt: &CachePrompt<'_>) -> Vec<u32> {
    let row = |&source: &u32| match (source.checked_sub(kernels::IMAGE_ROW), prompt.images) {
        (Some(token), Some(images)) => kernels::IMAGE_ROW + images.row_of_token[token as usize],
        _ => source,
    };
    prompt.sources.iter().map(row).collect()
}

/// 32-bit words on the device.
pub(crate) fn words(words: Vec<u32>, device: &Device) -> Tensor<1, Int> {
    let n = words.len();
    Tensor::from_data(TensorData::new(words, [n]), (device, DType::U32))
}
