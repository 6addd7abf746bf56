use kernels::{Angles, RopeHeads};

use crate::bench::{compare, random_tensor, values};

#[test]
fn the_first_heads_turn_and_the_rest_stay() {
    for (n_rows, n_heads, n_rotated, head_dim) in [(5, 6, 4, 32), (1, 3, 2, 80), (70, 9, 6, 6)] {
        compare(1e-6, |device| {
            let qkv = random_tensor([n_rows, n_heads * head_dim], 1, device);
            let angles = Angles {
                cosines: random_tensor([n_rows, head_dim / 2], 2, device),
                sines: random_tensor([n_rows, head_dim / 2], 3, device),
            };
            let heads = RopeHeads {
                n_heads,
                n_rotated,
                head_dim,
            };
            values(kernels::rope(qkv, &angles, heads))
        });
    }
}

#[test]
fn more_rows_than_one_dimension_of_the_grid() {
    compare(1e-6, |device| {
        let qkv = random_tensor([33_000, 6], 1, device);
        let angles = Angles {
            cosines: random_tensor([33_000, 1], 2, device),
            sines: random_tensor([33_000, 1], 3, device),
        };
        let heads = RopeHeads {
            n_heads: 3,
            n_rotated: 2,
            head_dim: 2,
        };
        values(kernels::rope(qkv, &angles, heads))
    });
}
