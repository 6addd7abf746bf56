use burn::tensor::Device;
use kernels::{BLOCK_TOKEN, Heads, KeyValues};

use crate::{
    attention_decode::heads,
    bench::{compare, kept_halves, random_tensor, values, with_each_reading_of_halves, words},
};

fn check(n_rows: usize, n_past: usize, heads: Heads, factor: f32) {
    let kv_width = heads.n_kv_heads * heads.head_dim;
    let capacity_token = (n_past + n_rows).next_multiple_of(BLOCK_TOKEN);
    compare(1e-5, |device| {
        let cache = KeyValues {
            keys: random_tensor([capacity_token, kv_width], 2, device).mul_scalar(factor),
            values: random_tensor([capacity_token, kv_width], 3, device),
        };
        attended(n_rows, n_past, heads, factor, &cache, device)
    });
}

fn check_halves(n_rows: usize, n_past: usize, heads: Heads, factor: f32) {
    let kv_width = heads.n_kv_heads * heads.head_dim;
    let capacity_token = (n_past + n_rows).next_multiple_of(BLOCK_TOKEN);
    compare(1e-5, |device| {
        let cache = KeyValues {
            keys: kept_halves([capacity_token, kv_width], 2, factor, device),
            values: kept_halves([capacity_token, kv_width], 3, 1.0, device),
        };
        attended(n_rows, n_past, heads, factor, &cache, device)
    });
}

fn attended(
    n_rows: usize,
    n_past: usize,
    heads: Heads,
    factor: f32,
    cache: &KeyValues,
    device: &Device,
) -> Vec<f32> {
    let width = (heads.n_heads + 2 * heads.n_kv_heads) * heads.head_dim;
    let qkv = random_tensor([n_rows, width], 1, device).mul_scalar(factor);
    let step = words(&[n_past as u32], device);
    values(kernels::attention_prefill(qkv, cache, &step, heads))
}

#[test]
fn published_and_awkward_heads() {
    check(70, 0, heads(16, 2, 128), 1.0);
    check(3, 61, heads(28, 4, 128), 1.0);
    check(9, 2, heads(5, 1, 32), 1.0);
    check(65, 1, heads(2, 2, 8), 1.0);
    check(9, 2, heads(4, 2, 16), 30.0);
    check(33, 150, heads(4, 2, 80), 1.0);
    check(16, 48, heads(3, 3, 72), 1.0);
    check(1, 0, heads(2, 1, 64), 1.0);
    check(17, 500, heads(2, 1, 128), 3.0);
}

#[test]
fn a_cache_of_halves() {
    with_each_reading_of_halves(|| {
        check_halves(70, 0, heads(16, 2, 128), 1.0);
        check_halves(9, 120, heads(28, 4, 128), 1.0);
        check_halves(9, 2, heads(5, 1, 40), 10.0);
    });
}
