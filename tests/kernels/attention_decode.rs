use burn::tensor::{Device, Tensor};
use kernels::{BLOCK_TOKEN, Blocks, Heads, KeyValues, Scratch};

use crate::bench::{compare, random_tensor, step, values};

pub fn heads(n_heads: usize, n_kv_heads: usize, head_dim: usize) -> Heads {
    Heads {
        n_heads,
        n_kv_heads,
        head_dim,
    }
}

/// Runs one step on a cache of random numbers, one block longer than it needs to be.
pub fn decode(n_past: usize, heads: Heads, factor: f32, device: &Device) -> Decoded {
    let capacity_token = (n_past / BLOCK_TOKEN + 2) * BLOCK_TOKEN;
    let blocks = Blocks {
        heads,
        capacity_token,
    };
    let kv_width = heads.n_kv_heads * heads.head_dim;
    let width = heads.n_heads * heads.head_dim + 2 * kv_width;
    let cache = KeyValues {
        keys: random_tensor([capacity_token, kv_width], 2, device).mul_scalar(factor),
        values: random_tensor([capacity_token, kv_width], 3, device),
    };
    let scratch = Scratch {
        scores: random_tensor(blocks.scores(), 4, device),
        contexts: random_tensor(blocks.contexts(), 5, device),
        stats: random_tensor(blocks.stats(), 6, device),
    };
    let qkv = random_tensor([1, width], 1, device).mul_scalar(factor);
    let step = step(n_past, heads.head_dim, device);
    let (cache, scratch) = kernels::attention_decode(qkv, &step, cache, scratch, blocks);
    (cache, scratch, blocks)
}

type Decoded = (KeyValues, Scratch, Blocks);

fn check(n_past: usize, heads: Heads, factor: f32) {
    let parts: [fn(Decoded) -> Tensor<2>; 5] = [
        |(cache, _, _)| cache.keys,
        |(cache, _, _)| cache.values,
        |(_, scratch, _)| scratch.scores,
        |(_, scratch, _)| scratch.contexts,
        |(_, scratch, _)| scratch.stats,
    ];
    for part in parts {
        compare(1e-5, |device| {
            values(part(decode(n_past, heads, factor, device)))
        });
    }
}

#[test]
fn the_new_token_is_cached_and_every_block_is_weighed() {
    for n_past in [0, 1, 62, 63, 64, 127, 300] {
        check(n_past, heads(16, 2, 128), 1.0);
        check(n_past, heads(28, 4, 128), 1.0);
        check(n_past, heads(5, 1, 32), 1.0);
        check(n_past, heads(3, 3, 8), 1.0);
    }
}

#[test]
fn groups_that_one_workgroup_cannot_hold_and_wide_heads() {
    check(70, heads(24, 2, 40), 1.0);
    check(70, heads(13, 1, 16), 1.0);
    check(70, heads(2, 1, 320), 1.0);
}

#[test]
fn scores_far_apart() {
    check(100, heads(4, 2, 16), 30.0);
}
