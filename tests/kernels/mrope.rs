use kernels::{Angles, Heads, KeyValues};

use crate::bench::{compare, random_tensor, values, words};

#[test]
fn queries_turn_in_place_keys_and_values_reach_their_slots() {
    for (n_rows, n_past, n_heads, n_kv_heads, head_dim) in
        [(4, 0, 4, 2, 32), (1, 9, 5, 1, 128), (7, 60, 2, 2, 8)]
    {
        let heads = Heads {
            n_heads,
            n_kv_heads,
            head_dim,
        };
        let kv_width = n_kv_heads * head_dim;
        compare(1e-6, |device| {
            let qkv = random_tensor([n_rows, n_heads * head_dim + 2 * kv_width], 1, device);
            let angles = Angles {
                cosines: random_tensor([n_rows, head_dim / 2], 2, device),
                sines: random_tensor([n_rows, head_dim / 2], 3, device),
            };
            let cache = KeyValues {
                keys: random_tensor([128, kv_width], 4, device),
                values: random_tensor([128, kv_width], 5, device),
            };
            let step = words(&[n_past], device);
            let (qkv, cache) = kernels::mrope(qkv, &angles, &step, cache, heads);
            let queries = values(qkv.slice([0..n_rows, 0..n_heads * head_dim]));
            [queries, values(cache.keys), values(cache.values)].concat()
        });
    }
}
