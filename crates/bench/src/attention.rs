//! Attention over a filled cache. Positions are not rotated: every angle is 0.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use kernels::{
    Angles, BLOCK_TOKEN, Blocks, Heads, KeyValues, LayerOf, ROLE_IMAGE, Reading, Scratch, Step,
    StepBuffer, attention_decode, attention_merge, attention_prefill, mrope,
};

/// Attention of one new token, with the read-out over every key.
pub struct Decode {
    qkv: Tensor<2>,
    cache: KeyValues,
    scratch: Scratch,
    reading: Reading,
    roles: Tensor<1, Int>,
    step: Tensor<1, Int>,
    blocks: Blocks,
}

/// Attention of a chunk of a prompt, from nothing cached.
pub struct Prefill {
    qkv: Tensor<2>,
    cache: KeyValues,
    step: Tensor<1, Int>,
    angles: Angles,
    heads: Heads,
}

fn floats<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A step at slot `n_past` that rotates nothing.
fn step_at(n_past: usize, head_dim: usize, device: &Device) -> Tensor<1, Int> {
    let mut buffer = StepBuffer::new(head_dim, device);
    let n_angle = head_dim / 2;
    buffer.write(&Step::at(n_past, vec![1.0; n_angle], vec![0.0; n_angle]));
    buffer.words()
}

/// [capacity, n_kv_heads, head_dim] → the order in which keys are cached (`kernels::KeyValues`).
fn key_blocks(keys: &[f32], heads: Heads) -> Vec<f32> {
    let width = heads.n_kv_heads * heads.head_dim;
    let mut cached = vec![0.0; keys.len()];
    for (index, &key) in keys.iter().enumerate() {
        let (slot, head, dim) = (
            index / width,
            index % width / heads.head_dim,
            index % heads.head_dim,
        );
        let block = slot / BLOCK_TOKEN * heads.n_kv_heads + head;
        let quad = (block * heads.head_dim / 4 + dim / 4) * BLOCK_TOKEN + slot % BLOCK_TOKEN;
        cached[quad * 4 + dim % 4] = key;
    }
    cached
}

impl Decode {
    /// `qkv` is the new token's row; `keys` and `values` hold the tokens before it, [n_past, n_kv_heads · head_dim].
    pub fn new(qkv: Vec<f32>, keys: &[f32], values: &[f32], heads: Heads, device: &Device) -> Self {
        let width = heads.n_kv_heads * heads.head_dim;
        let n_past = keys.len() / width;
        let capacity_token = (n_past + 1).next_multiple_of(BLOCK_TOKEN);
        let filled = |rows: &[f32]| {
            let mut all = rows.to_vec();
            all.resize(capacity_token * width, 0.0);
            all
        };
        let blocks = Blocks {
            heads,
            capacity_token,
        };
        let empty = |shape: [usize; 2]| Tensor::<2>::empty(shape, device);
        let roles: Vec<u32> = (0..capacity_token as u32)
            .map(|slot| ROLE_IMAGE + slot)
            .collect();
        Self {
            cache: KeyValues {
                keys: floats(
                    key_blocks(&filled(keys), heads),
                    [capacity_token, width],
                    device,
                ),
                values: floats(filled(values), [capacity_token, width], device),
            },
            scratch: Scratch {
                scores: empty(blocks.scores()),
                contexts: empty(blocks.contexts()),
                stats: empty(blocks.stats()),
            },
            reading: Reading {
                map: Tensor::empty([capacity_token], device),
                sums: empty([1, 4 * blocks.n_blocks()]),
            },
            roles: Tensor::from_data(
                TensorData::new(roles, [capacity_token]),
                (device, DType::U32),
            ),
            step: step_at(n_past, heads.head_dim, device),
            qkv: floats(
                qkv,
                [1, (heads.n_heads + 2 * heads.n_kv_heads) * heads.head_dim],
                device,
            ),
            blocks,
        }
    }

    /// The keys' blocks alone, which nobody puts together or reads out.
    pub(crate) fn launch_blocks(&self) -> Scratch {
        let (_, scratch) = attention_decode(
            self.qkv.clone(),
            &self.step,
            self.cache.clone(),
            self.scratch.clone(),
            self.blocks,
        );
        scratch
    }

    pub(crate) fn launch(&self) -> Tensor<2> {
        let layer = LayerOf {
            layer: 0,
            n_layers: 1,
        };
        let scratch = self.launch_blocks();
        let reading = self.reading.clone();
        attention_merge(
            &scratch,
            &self.roles,
            &self.step,
            reading,
            self.blocks,
            layer,
        )
        .0
    }
}

impl Prefill {
    /// `qkv` [n, (n_heads + 2 · n_kv_heads) · head_dim]
    pub fn new(qkv: Vec<f32>, heads: Heads, device: &Device) -> Self {
        let Heads {
            n_heads,
            n_kv_heads,
            head_dim,
        } = heads;
        let row = (n_heads + 2 * n_kv_heads) * head_dim;
        let n = qkv.len() / row;
        let capacity = [n.next_multiple_of(BLOCK_TOKEN), n_kv_heads * head_dim];
        Self {
            qkv: floats(qkv, [n, row], device),
            cache: KeyValues {
                keys: Tensor::empty(capacity, device),
                values: Tensor::empty(capacity, device),
            },
            step: step_at(0, head_dim, device),
            angles: Angles {
                cosines: Tensor::ones([n, head_dim / 2], device),
                sines: Tensor::zeros([n, head_dim / 2], device),
            },
            heads,
        }
    }

    pub(crate) fn launch(&self) -> Tensor<2> {
        let (qkv, cache) = mrope(
            self.qkv.clone(),
            &self.angles,
            &self.step,
            self.cache.clone(),
            self.heads,
        );
        attention_prefill(qkv, &cache, &self.step, self.heads)
    }
}
