use burn::tensor::{Device, Tensor};
use kernels::{
    Heads, LayerOf, ROLE_COUNTED, ROLE_GENERATED, ROLE_IMAGE, ROLE_OUTSIDE, ROLE_QUESTION, Reading,
};

use crate::{
    attention_decode::{decode, heads},
    bench::{compare, devices, random_tensor, step, values, words},
};

/// System, image and question, then what was generated.
fn roles(capacity_token: usize, n_image: u32) -> Vec<u32> {
    let mut roles = vec![ROLE_OUTSIDE, ROLE_OUTSIDE, ROLE_COUNTED];
    roles.extend((0..n_image).map(|token| ROLE_IMAGE + token));
    roles.extend([ROLE_COUNTED, ROLE_QUESTION, ROLE_QUESTION, ROLE_QUESTION]);
    roles.resize(capacity_token, ROLE_GENERATED);
    roles
}

fn merged(
    n_past: usize,
    heads: Heads,
    factor: f32,
    n_image: u32,
    device: &Device,
) -> (Tensor<2>, Reading) {
    let n_layers = 3;
    let (_, scratch, blocks) = decode(n_past, heads, factor, device);
    let roles = words(&roles(blocks.capacity_token, n_image), device);
    let step = step(n_past, heads.head_dim, device);
    let mut reading = Reading {
        map: Tensor::<1>::ones([n_image as usize], device).mul_scalar(7.0),
        sums: random_tensor([n_layers, 4 * blocks.n_blocks()], 9, device),
    };
    let mut context = Tensor::empty([1, 1], device);
    for layer in 0..n_layers {
        let at = Some(LayerOf { layer, n_layers });
        (context, reading) = kernels::attention_merge(&scratch, &roles, &step, reading, blocks, at);
    }
    (context, reading)
}

fn check(n_past: usize, heads: Heads, factor: f32, n_image: u32) {
    compare(1e-5, |device| {
        values(merged(n_past, heads, factor, n_image, device).0)
    });
    compare(1e-5, |device| {
        let map = values(merged(n_past, heads, factor, n_image, device).1.map);
        // Image tokens behind the last slot keep what they had.
        map[..(n_past - 2).min(n_image as usize)].to_vec()
    });
    compare(1e-5, |device| {
        values(merged(n_past, heads, factor, n_image, device).1.sums)
    });
}

#[test]
fn contexts_map_and_shares() {
    for n_past in [9, 63, 64, 65, 200] {
        check(n_past, heads(16, 2, 128), 1.0, 5);
        check(n_past, heads(28, 4, 128), 1.0, 5);
        check(n_past, heads(5, 1, 32), 1.0, 5);
        check(n_past, heads(70, 35, 8), 1.0, 5);
    }
}

#[test]
fn an_image_over_several_blocks() {
    check(700, heads(4, 2, 16), 1.0, 600);
    check(4300, heads(4, 2, 16), 1.0, 600);
}

#[test]
fn blocks_far_apart() {
    check(300, heads(4, 2, 16), 30.0, 90);
}

#[test]
fn a_context_without_a_reading() {
    for device in devices() {
        let (_, scratch, blocks) = decode(200, heads(16, 2, 128), 1.0, &device);
        let roles = words(&roles(blocks.capacity_token, 5), &device);
        let step = step(200, 128, &device);
        let reading = Reading {
            map: Tensor::<1>::ones([5], &device),
            sums: Tensor::<2>::ones([1, 4 * blocks.n_blocks()], &device),
        };
        let (context, unread) =
            kernels::attention_merge(&scratch, &roles, &step, reading, blocks, None);
        let (with, _) = merged(200, heads(16, 2, 128), 1.0, 5, &device);
        assert_eq!(values(context), values(with));
        assert!(values(unread.map).iter().all(|&number| number == 1.0));
        assert!(values(unread.sums).iter().all(|&number| number == 1.0));
    }
}

/// The three shares of one layer by hand: equal scores weigh every slot alike.
#[test]
fn equal_scores_share_evenly() {
    for device in devices() {
        let (_, reading) = merged(14, heads(2, 1, 8), 0.0, 5, &device);
        let map = values(reading.map);
        assert!(map.iter().all(|p| (p - 1.0 / 15.0).abs() < 1e-6), "{map:?}");
        let sums = values(reading.sums);
        let expected = [5.0, 3.0, 3.0, 13.0].map(|n: f32| n / 15.0);
        for (sum, expected) in sums.iter().zip(expected) {
            assert!((sum - expected).abs() < 1e-6, "{sum} for {expected}");
        }
    }
}
