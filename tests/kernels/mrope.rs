use burn::tensor::{Device, Tensor};
use kernels::{Angles, Heads, KeyValues};

use crate::{
    attention_decode::heads,
    bench::{
        compare, kept_halves, quarter_turns, random_halves, random_tensor, tensor, values, words,
    },
};

/// Rows, tokens before them, heads.
fn shapes() -> [(usize, u32, Heads); 4] {
    [
        (4, 0, heads(4, 2, 32)),
        (1, 9, heads(5, 1, 128)),
        (7, 60, heads(2, 2, 8)),
        (3, 63, heads(6, 2, 40)),
    ]
}

/// Queries, keys and values.
fn turned(
    qkv: Tensor<2>,
    angles: &Angles,
    n_past: u32,
    cache: KeyValues,
    heads: Heads,
    device: &Device,
) -> Vec<f32> {
    let n_rows = qkv.dims()[0];
    let step = words(&[n_past], device);
    let (qkv, cache) = kernels::mrope(qkv, angles, &step, cache, heads);
    let queries = values(qkv.slice([0..n_rows, 0..heads.n_heads * heads.head_dim]));
    [queries, values(cache.keys), values(cache.values)].concat()
}

#[test]
fn queries_turn_in_place_keys_and_values_reach_their_slots() {
    for (n_rows, n_past, heads) in shapes() {
        let (half_dim, kv_width) = (heads.head_dim / 2, heads.n_kv_heads * heads.head_dim);
        let width = heads.n_heads * heads.head_dim + 2 * kv_width;
        compare(1e-6, |device| {
            let angles = Angles {
                cosines: random_tensor([n_rows, half_dim], 2, device),
                sines: random_tensor([n_rows, half_dim], 3, device),
            };
            let cache = KeyValues {
                keys: random_tensor([128, kv_width], 4, device),
                values: random_tensor([128, kv_width], 5, device),
            };
            let qkv = random_tensor([n_rows, width], 1, device);
            turned(qkv, &angles, n_past, cache, heads, device)
        });
    }
}

/// Numbers that are halves, and stay halves when they are rotated.
#[test]
fn a_cache_of_halves() {
    for (n_rows, n_past, heads) in shapes() {
        let (half_dim, kv_width) = (heads.head_dim / 2, heads.n_kv_heads * heads.head_dim);
        let width = heads.n_heads * heads.head_dim + 2 * kv_width;
        let (cosines, sines) = quarter_turns(n_rows * half_dim);
        compare(1e-6, |device| {
            let angles = Angles {
                cosines: tensor(&cosines, [n_rows, half_dim], device),
                sines: tensor(&sines, [n_rows, half_dim], device),
            };
            let cache = KeyValues {
                keys: kept_halves([128, kv_width], 4, 1.0, device),
                values: kept_halves([128, kv_width], 5, 1.0, device),
            };
            let qkv = random_halves([n_rows, width], 1, 1.0, device);
            turned(qkv, &angles, n_past, cache, heads, device)
        });
    }
}

/// A half holds 11 bits; what is larger than the largest becomes that.
#[test]
fn halves_round_and_stay_finite() {
    let heads = heads(1, 1, 8);
    let row = [
        1.0, 1.000_244, 1e6, -1e6, 0.1, -0.3, 65_504.0, 70_000.0, // query
        1.0, 1.000_244, 1e6, -1e6, 0.1, -0.3, 65_504.0, 70_000.0, // key
        1.0, 1.000_244, 1e6, -1e6, 0.1, -0.3, 65_504.0, 70_000.0, // value
    ];
    let device = &crate::bench::devices()[1];
    let angles = Angles {
        cosines: tensor(&[1.0; 4], [1, 4], device),
        sines: tensor(&[0.0; 4], [1, 4], device),
    };
    let cache = KeyValues {
        keys: kept_halves([64, 8], 4, 1.0, device),
        values: kept_halves([64, 8], 5, 1.0, device),
    };
    let step = words(&[0], device);
    let (_, cache) = kernels::mrope(tensor(&row, [1, 24], device), &angles, &step, cache, heads);
    for (got, wanted) in values(cache.values)[..8].iter().zip(&row) {
        let wanted = wanted.clamp(-65_504.0, 65_504.0);
        assert!(
            (got - wanted).abs() <= wanted.abs() / 1024.0,
            "{got} for {wanted}"
        );
    }
}
