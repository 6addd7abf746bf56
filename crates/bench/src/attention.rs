//! Attention over a filled cache. Positions are not rotated: every angle is 0.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use kernels::{
    Angles, BLOCK_TOKEN, Blocks, Heads, KeyValues, LayerOf, ROLE_IMAGE, Reading, Scratch, Shares,
    Step, StepBuffer, attention_decode, attention_merge, attention_prefill, mrope,
};

/// Attention of one new token.
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

/// Tokens that are put into a cache at once.
const N_CHUNK: usize = 1024;

/// A step at slot `n_past` that rotates nothing.
fn still(n_past: usize, heads: Heads, device: &Device) -> Tensor<1, Int> {
    StepBuffer::holding(&Step::still(n_past, heads.head_dim), device).words()
}

fn floats<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A cache whose first slots hold `keys` and `values` [n, n_kv_heads · head_dim].
fn filled(
    keys: &[f32],
    values: &[f32],
    capacity_token: usize,
    heads: Heads,
    device: &Device,
) -> KeyValues {
    let width = heads.n_kv_heads * heads.head_dim;
    let chunks = keys
        .chunks(N_CHUNK * width)
        .zip(values.chunks(N_CHUNK * width));
    let empty = KeyValues::empty(capacity_token, heads, device);
    chunks
        .enumerate()
        .fold(empty, |cache, (chunk, (keys, values))| {
            let pairs = keys.chunks(width).zip(values.chunks(width));
            let rows: Vec<f32> = pairs
                .flat_map(|(key, value)| [key, value].concat())
                .collect();
            let n = rows.len() / (2 * width);
            cache.filled(floats(rows, [n, 2 * width], device), chunk * N_CHUNK, heads)
        })
}

impl Decode {
    /// `qkv` is the new token's row; `keys` and `values` hold the tokens before it, [n_past, n_kv_heads · head_dim].
    pub fn new(qkv: Vec<f32>, keys: &[f32], values: &[f32], heads: Heads, device: &Device) -> Self {
        let width = heads.n_kv_heads * heads.head_dim;
        let n_past = keys.len() / width;
        let capacity_token = (n_past + 1).next_multiple_of(BLOCK_TOKEN);
        let blocks = Blocks {
            heads,
            capacity_token,
        };
        let shares = Shares {
            n_image_token: capacity_token,
            n_layers: 1,
            n_blocks: blocks.n_blocks(),
        };
        let roles: Vec<u32> = (0..capacity_token as u32)
            .map(|slot| ROLE_IMAGE + slot)
            .collect();
        Self {
            cache: filled(keys, values, capacity_token, heads, device),
            scratch: Scratch::empty(blocks, device),
            reading: Reading::empty(shares, device),
            roles: Tensor::from_data(
                TensorData::new(roles, [capacity_token]),
                (device, DType::U32),
            ),
            step: still(n_past, heads, device),
            qkv: floats(
                qkv,
                [1, (heads.n_heads + 2 * heads.n_kv_heads) * heads.head_dim],
                device,
            ),
            blocks,
        }
    }

    /// The context, with or without the attention read out.
    pub(crate) fn launch(&self, is_read: bool) -> Tensor<2> {
        let (_, scratch) = attention_decode(
            self.qkv.clone(),
            &self.step,
            self.cache.clone(),
            self.scratch.clone(),
            self.blocks,
        );
        let at = is_read.then_some(LayerOf::ONLY);
        let (roles, reading) = (&self.roles, self.reading.clone());
        attention_merge(&scratch, roles, &self.step, reading, self.blocks, at).0
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
        Self {
            qkv: floats(qkv, [n, row], device),
            cache: KeyValues::empty(n.next_multiple_of(BLOCK_TOKEN), heads, device),
            step: still(0, heads, device),
            angles: Angles::still(n, head_dim, device),
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
