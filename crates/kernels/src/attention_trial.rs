//! One token that attends to many, to see how a GPU likes its keys and values.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use crate::{
    sizes::{Blocks, Heads, LayerOf, ROLE_GENERATED},
    step::{Step, StepBuffer},
    tensor::{Angles, KeyValues, Reading, Scratch, attention_decode, attention_merge, mrope},
    trial::number,
    tuning::{KV_FORMATS, tuning},
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
    /// One per format.
    caches: Vec<KeyValues>,
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
        let empty = |size: [usize; 2]| Tensor::empty(size, device);
        let words = |word: u32, n: usize| {
            Tensor::from_data(TensorData::new(vec![word; n], [n]), (device, DType::U32))
        };
        let mut step = StepBuffer::new(HEADS.head_dim, device);
        step.write(&at(0));
        let mut trial = AttentionTrial {
            qkv: new_token(device),
            caches: Vec::new(),
            scratch: Scratch {
                scores: empty(blocks.scores()),
                contexts: empty(blocks.contexts()),
                stats: empty(blocks.stats()),
            },
            reading: Reading {
                map: Tensor::zeros([1], device),
                sums: empty([1, 4 * blocks.n_blocks()]),
            },
            roles: words(ROLE_GENERATED, blocks.capacity_token),
            step,
            blocks,
        };
        let angles = Angles {
            cosines: Tensor::ones([N_FILLED, HEADS.head_dim / 2], device),
            sines: Tensor::zeros([N_FILLED, HEADS.head_dim / 2], device),
        };
        let past = past_tokens(device);
        let unasked = Heads {
            n_heads: 0,
            ..HEADS
        };
        for format in KV_FORMATS {
            let mut cache =
                KeyValues::empty_as(format.dtype(), blocks.capacity_token, HEADS, device);
            for first in (0..blocks.capacity_token).step_by(N_FILLED) {
                trial.step.write(&at(first));
                let step = trial.step.words();
                cache = mrope(past.clone(), &angles, &step, cache, unasked).1;
            }
            trial.caches.push(cache);
        }
        trial.step.write(&at(N_PAST));
        trial
    }

    /// The context, from the cache in the format in use.
    pub(crate) fn context(&self) -> Tensor<2> {
        let used = KV_FORMATS.iter().position(|&format| format == tuning().kv);
        let cache = self.caches[used.unwrap_or_default()].clone();
        let (step, scratch) = (self.step.words(), self.scratch.clone());
        let (_, scratch) = attention_decode(self.qkv.clone(), &step, cache, scratch, self.blocks);
        let only = LayerOf {
            layer: 0,
            n_layers: 1,
        };
        let reading = self.reading.clone();
        attention_merge(&scratch, &self.roles, &step, reading, self.blocks, only).0
    }
}

/// A step at slot `n_past` that rotates nothing.
fn at(n_past: usize) -> Step {
    let n_angle = HEADS.head_dim / 2;
    Step::at(n_past, vec![1.0; n_angle], vec![0.0; n_angle])
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
