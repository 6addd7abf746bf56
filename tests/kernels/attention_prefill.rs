use kernels::{BLOCK_TOKEN, Heads, KeyValues};

use crate::bench::{compare, random_tensor, values, words};

fn check(n_rows: usize, n_past: usize, heads: Heads, factor: f32) {
    let kv_width = heads.n_kv_heads * heads.head_dim;
    let capacity_token = (n_past + n_rows).next_multiple_of(BLOCK_TOKEN);
    compare(1e-5, |device| {
        let width = heads.n_heads * heads.head_dim + 2 * kv_width;
        let qkv = random_tensor([n_rows, width], 1, device).mul_scalar(factor);
        let cache = KeyValues {
            keys: random_tensor([capacity_token, kv_width], 2, device).mul_scalar(factor),
            values: random_tensor([capacity_token, kv_width], 3, device),
        };
        let step = words(&[n_past as u32], device);
        values(kernels::attention_prefill(qkv, &cache, &step, heads))
    });
}

#[test]
fn published_and_awkward_heads() {
    let heads = |n_heads, n_kv_heads, head_dim| Heads {
        n_heads,
        n_kv_heads,
        head_dim,
    };
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
