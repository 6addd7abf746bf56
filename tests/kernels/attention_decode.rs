use burn::tensor::{Device, Int, Tensor};
use kernels::{BLOCK_TOKEN, Blocks, Heads, KeyValues, Scratch};

use crate::bench::{
    compare, kept_halves, random_halves, random_tensor, step, turned_step, values,
    with_each_reading_of_halves,
};

pub fn heads(n_heads: usize, n_kv_heads: usize, head_dim: usize) -> Heads {
    Heads {
        n_heads,
        n_kv_heads,
        head_dim,
    }
}

/// Runs one step on a cache of random numbers, one block longer than it needs to be.
pub fn decode(n_past: usize, heads: Heads, factor: f32, device: &Device) -> Decoded {
    let [width, kv_width] = widths(heads);
    let capacity_token = (n_past / BLOCK_TOKEN + 2) * BLOCK_TOKEN;
    let cache = KeyValues {
        keys: random_tensor([capacity_token, kv_width], 2, device).mul_scalar(factor),
        values: random_tensor([capacity_token, kv_width], 3, device),
    };
    let qkv = random_tensor([1, width], 1, device).mul_scalar(factor);
    decoded(qkv, &step(n_past, heads.head_dim, device), cache, heads)
}

/// The same with a cache of halves on the GPU. All numbers are halves and stay halves when they are rotated.
fn decode_halves(n_past: usize, heads: Heads, factor: f32, device: &Device) -> Decoded {
    let [width, kv_width] = widths(heads);
    let capacity_token = (n_past / BLOCK_TOKEN + 2) * BLOCK_TOKEN;
    let cache = KeyValues {
        keys: kept_halves([capacity_token, kv_width], 2, factor, device),
        values: kept_halves([capacity_token, kv_width], 3, 1.0, device),
    };
    let qkv = random_halves([1, width], 1, factor, device);
    decoded(
        qkv,
        &turned_step(n_past, heads.head_dim, device),
        cache,
        heads,
    )
}

fn widths(heads: Heads) -> [usize; 2] {
    let kv_width = heads.n_kv_heads * heads.head_dim;
    [heads.n_heads * heads.head_dim + 2 * kv_width, kv_width]
}

fn decoded(qkv: Tensor<2>, step: &Tensor<1, Int>, cache: KeyValues, heads: Heads) -> Decoded {
    let (device, capacity_token) = (qkv.device(), cache.keys.dims()[0]);
    let blocks = Blocks {
        heads,
        capacity_token,
    };
    let scratch = Scratch {
        scores: random_tensor(blocks.scores(), 4, &device),
        contexts: random_tensor(blocks.contexts(), 5, &device),
        stats: random_tensor(blocks.stats(), 6, &device),
    };
    let (cache, scratch) = kernels::attention_decode(qkv, step, cache, scratch, blocks);
    (cache, scratch, blocks)
}

type Decoded = (KeyValues, Scratch, Blocks);

fn check(n_past: usize, heads: Heads, factor: f32) {
    check_parts(|device| decode(n_past, heads, factor, device));
}

fn check_halves(n_past: usize, heads: Heads, factor: f32) {
    check_parts(|device| decode_halves(n_past, heads, factor, device));
}

fn check_parts(decoded: impl Fn(&Device) -> Decoded) {
    let parts: [fn(Decoded) -> Tensor<2>; 5] = [
        |(cache, _, _)| cache.keys,
        |(cache, _, _)| cache.values,
        |(_, scratch, _)| scratch.scores,
        |(_, scratch, _)| scratch.contexts,
        |(_, scratch, _)| scratch.stats,
    ];
    for part in parts {
        compare(1e-5, |device| values(part(decoded(device))));
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
    check(70, heads(2, 1, 120), 1.0);
}

#[test]
fn scores_far_apart() {
    check(100, heads(4, 2, 16), 30.0);
}

#[test]
fn a_cache_of_halves() {
    with_each_reading_of_halves(|| {
        check_halves(0, heads(16, 2, 128), 1.0);
        check_halves(130, heads(16, 2, 128), 1.0);
        check_halves(63, heads(28, 4, 128), 1.0);
        check_halves(70, heads(5, 1, 40), 30.0);
        // Subnormal halves.
        check_halves(64, heads(3, 3, 8), 3e-5);
    });
}
