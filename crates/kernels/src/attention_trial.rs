//! One token that attends to many, to see how a GPU likes its keys and values.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use crate::{
    sizes::{BLOCK_TOKEN, Blocks, Heads, LayerOf, ROLE_GENERATED},
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
    /// Of the slots one block is filled, with values that are positive, and nothing in the others.
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
            qkv: rows(1, device),
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
            cosines: Tensor::ones([BLOCK_TOKEN, HEADS.head_dim / 2], device),
            sines: Tensor::zeros([BLOCK_TOKEN, HEADS.head_dim / 2], device),
        };
        for format in KV_FORMATS {
            let cache = KeyValues::empty_as(format.dtype(), blocks.capacity_token, HEADS, device);
            let qkv = rows(BLOCK_TOKEN, device);
            let step = trial.step.words();
            trial
                .caches
                .push(mrope(qkv, &angles, &step, cache, HEADS).1);
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

/// Queries, keys and values of `n` tokens: scores of a few units, values between 0 and 6.
fn rows(n: usize, device: &Device) -> Tensor<2> {
    let n_scored = (HEADS.n_heads + HEADS.n_kv_heads) * HEADS.head_dim;
    let width = n_scored + HEADS.n_kv_heads * HEADS.head_dim;
    let value = |row, column| match column < n_scored {
        true => number(row, column) - 2.0,
        false => number(row, column) + 1.0,
    };
    let all = (0..n).flat_map(|row| (0..width).map(move |column| value(row, column)));
    Tensor::from_data(TensorData::new(all.collect(), [n, width]), device)
}
