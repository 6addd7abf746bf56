use burn::tensor::Tensor;
use kernels::{ProbeLayer, ROLE_COUNTED, ROLE_GENERATED, ROLE_IMAGE, ROLE_OUTSIDE, ROLE_QUESTION};

use crate::bench::{compare, random, tensor, values, words};

#[test]
fn layers_add_up_by_role() {
    let roles = [
        ROLE_OUTSIDE,
        ROLE_OUTSIDE,
        ROLE_IMAGE,
        ROLE_IMAGE + 1,
        ROLE_COUNTED,
        ROLE_COUNTED,
        ROLE_IMAGE + 2,
        ROLE_QUESTION,
        ROLE_QUESTION,
        ROLE_GENERATED,
        ROLE_GENERATED,
        ROLE_GENERATED,
    ];
    for n_past in [8, 9, 10] {
        compare(1e-6, |device| {
            let mut readout = Tensor::<1>::ones([3 + 4 * 2], device).mul_scalar(7.0);
            for layer in 0..2 {
                let probabilities: Vec<f32> = random(3 * 12, layer as u64 + 1)
                    .iter()
                    .map(|p| p.abs())
                    .collect();
                let at = ProbeLayer {
                    n_heads: 3,
                    capacity_token: 12,
                    n_image_token: 3,
                    layer,
                    n_layers: 2,
                };
                readout = kernels::probe(
                    &tensor(&probabilities, [3, 12], device),
                    &words(&roles, device),
                    &words(&[n_past], device),
                    readout,
                    at,
                );
            }
            values(readout)
        });
    }
}

#[test]
fn more_slots_than_invocations() {
    let roles: Vec<u32> = (0..700)
        .map(|slot| {
            if slot < 600 {
                ROLE_IMAGE + slot
            } else {
                ROLE_GENERATED
            }
        })
        .collect();
    compare(1e-5, |device| {
        let probabilities: Vec<f32> = random(2 * 700, 1).iter().map(|p| p.abs()).collect();
        let at = ProbeLayer {
            n_heads: 2,
            capacity_token: 700,
            n_image_token: 600,
            layer: 0,
            n_layers: 1,
        };
        values(kernels::probe(
            &tensor(&probabilities, [2, 700], device),
            &words(&roles, device),
            &words(&[650], device),
            Tensor::<1>::zeros([604], device),
            at,
        ))
    });
}
