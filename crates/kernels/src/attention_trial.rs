//! One token that attends to many, to see how a GPU likes its keys and values.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use crate::{
    sizes::{Blocks, Heads, LayerOf, ROLE_GENERATED, Shares},
    step::{Step, StepBuffer},
    tensor::{KeyValues, Reading, Scratch, attention_decode, attention_merge},
    trial::number,
    tuning::{KV_FORMATS, KvFormat, tuning},
};

/// Those of the 3B model.
const HEADS: Heads = Heads {
    n_heads: 16,
    n_kv_heads: 2,
    head_dim: 128,
};
/// Tokens before the new one.
const N_PAST: usize = 8191;
/// Slots that are filled at once, each time with the same.
const N_FILLED: usize = 1024;
/// Queries and keys are multiplied with this: scores of a few units.
const SCORED: f32 = 0.3;
/// The new token's values are multiplied with this, so that it counts among thousands.
const NEW: f32 = 1000.0;

/// A layer's attention in a step.
pub(crate) struct AttentionTrial {
    qkv: Tensor<2>,
    caches: [KeyValues; KV_FORMATS.len()],
    scratch: Scratch,
    reading: Reading,
    roles: Tensor<1, Int>,
    step: StepBuffer,
    blocks: Blocks,
}

impl AttentionTrial {
    /// All slots are filled; values are positive.
    pub(crate) fn new(device: &Device) -> AttentionTrial {
        let blocks = Blocks {
            heads: HEADS,
            capacity_token: N_PAST + 1,
        };
        let shares = Shares {
            n_image_token: 0,
            n_layers: 1,
            n_blocks: blocks.n_blocks(),
        };
        let words = |word: u32, n: usize| {
            Tensor::from_data(TensorData::new(vec![word; n], [n]), (device, DType::U32))
        };
        let past = past_tokens(device);
        let filled = |format: KvFormat| {
            let empty = KeyValues::empty_as(format.dtype(), blocks.capacity_token, HEADS, device);
            let firsts = (0..blocks.capacity_token).step_by(N_FILLED);
            firsts.fold(empty, |cache, first| {
                cache.filled(past.clone(), first, HEADS)
            })
        };
        AttentionTrial {
            qkv: new_token(device),
            caches: KV_FORMATS.map(filled),
            scratch: Scratch::empty(blocks, device),
            reading: Reading::empty(shares, device),
            roles: words(ROLE_GENERATED, blocks.capacity_token),
            step: StepBuffer::holding(&Step::still(N_PAST, HEADS.head_dim), device),
            blocks,
        }
    }

    /// The context, from the cache in the format in use.
    pub(crate) fn context(&self) -> Tensor<2> {
        let used = KV_FORMATS.iter().position(|&format| format == tuning().kv);
        let cache = self.caches[used.unwrap_or_default()].clone();
        let (step, scratch) = (self.step.words(), self.scratch.clone());
        let (_, scratch) = attention_decode(self.qkv.clone(), &step, cache, scratch, self.blocks);
        let (reading, at) = (self.reading.clone(), Some(LayerOf::ONLY));
        attention_merge(&scratch, &self.roles, &step, reading, self.blocks, at).0
    }
}

/// Queries, keys and values of one token.
fn new_token(device: &Device) -> Tensor<2> {
    let n_scored = (HEADS.n_heads + HEADS.n_kv_heads) * HEADS.head_dim;
    let scored = (0..n_scored).map(|column| (number(0, column) - 2.0) * SCORED);
    let n_value = HEADS.n_kv_heads * HEADS.head_dim;
    let values = (0..n_value).map(|column| (number(1, column) + 1.0) * NEW);
    let row: Vec<f32> = scored.chain(values).collect();
    let width = row.len();
    Tensor::from_data(TensorData::new(row, [1, width]), device)
}

/// Keys and values of some tokens.
fn past_tokens(device: &Device) -> Tensor<2> {
    let width = HEADS.n_kv_heads * HEADS.head_dim;
    let row = |row: usize| {
        let keys = (0..width).map(move |column| (number(row % 64, column) - 2.0) * SCORED);
        keys.chain((0..width).map(move |column| number(row % 64, width + column) + 1.0))
    };
    let rows: Vec<f32> = (0..N_FILLED).flat_map(row).collect();
    Tensor::from_data(TensorData::new(rows, [N_FILLED, 2 * width]), device)
}
