use kernels::{Heads, KeyValues};

use crate::bench::{compare, random_tensor, values, words};

fn check(n_past: usize, heads: Heads, factor: f32) {
    let kv_width = heads.n_kv_heads * heads.head_dim;
    let capacity = n_past + 9;
    compare(1e-5, |device| {
        let width = heads.n_heads * heads.head_dim + 2 * kv_width;
        let qkv = random_tensor([1, width], 1, device).mul_scalar(factor);
        let cache = KeyValues {
            keys: random_tensor([capacity, kv_width], 2, device).mul_scalar(factor),
            values: random_tensor([capacity, kv_width], 3, device),
        };
        let probabilities = random_tensor([heads.n_heads, capacity], 4, device);
        let n_past = words(&[n_past as u32], device);
        let (context, probabilities) =
            kernels::attention_decode(qkv, &cache, &n_past, probabilities, heads);
        [values(context), values(probabilities)].concat()
    });
}

#[test]
fn context_and_probabilities() {
    let heads = |n_heads, n_kv_heads, head_dim| Heads {
        n_heads,
        n_kv_heads,
        head_dim,
    };
    for n_past in [0, 1, 63, 64, 300] {
        check(n_past, heads(16, 2, 128), 1.0);
        check(n_past, heads(28, 4, 128), 1.0);
        check(n_past, heads(5, 1, 32), 1.0);
        check(n_past, heads(3, 3, 12), 1.0);
    }
    check(100, heads(4, 2, 16), 30.0);
}
