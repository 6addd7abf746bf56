use burn::tensor::{Device, Int, Tensor};
use kernels::{Reading, Shares};

use crate::bench::{devices, random, step, tensor, words};

fn packed(n_past: usize, shares: Shares, map: &[f32], device: &Device) -> Vec<u32> {
    let n = map.len();
    let reading = Reading {
        map: tensor(map, [1, n], device).reshape([n]),
        sums: crate::bench::random_tensor([shares.n_layers, 4 * shares.n_blocks], 3, device),
    };
    let result: Tensor<1, Int> = words(&vec![9; shares.n_words()], device);
    let result = kernels::readout(&reading, &step(n_past, 8, device), result, shares);
    let data = futures_lite::future::block_on(result.into_data_async());
    data.expect("the device returns its results")
        .iter::<u32>()
        .collect()
}

fn shares(n_image_token: usize, n_layers: usize, n_blocks: usize) -> Shares {
    Shares {
        n_image_token,
        n_layers,
        n_blocks,
    }
}

#[test]
fn sums_and_bytes() {
    for (n_past, shares) in [
        (0, shares(1, 1, 1)),
        (130, shares(7, 3, 5)),
        (64, shares(432, 36, 2)),
        (319, shares(1275, 28, 5)),
        (700, shares(9, 130, 12)),
    ] {
        let map: Vec<f32> = random(shares.n_image_token, 1)
            .iter()
            .map(|p| p.abs())
            .collect();
        let [cpu, gpu] = devices().map(|device| packed(n_past, shares, &map, &device));
        assert_eq!(cpu.len(), shares.n_words());
        assert_eq!(gpu[..2], [9, 9], "the choice is another kernel's");
        assert_eq!(cpu[2], gpu[2]);
        for (cpu, gpu) in cpu[4..shares.map_word()]
            .iter()
            .zip(&gpu[4..shares.map_word()])
        {
            let [cpu, gpu] = [cpu, gpu].map(|bits| f32::from_bits(*bits));
            assert!((cpu - gpu).abs() < 1e-5, "{cpu} and {gpu}");
        }
        let bytes = |words: &[u32]| -> Vec<u8> {
            words[shares.map_word()..]
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect()
        };
        for (cpu, gpu) in bytes(&cpu).iter().zip(bytes(&gpu)) {
            assert!(cpu.abs_diff(gpu) <= 1, "{cpu} and {gpu}");
        }
    }
}

/// By hand: 0.2 of 0.8 is byte 64 (63.75), and what is no image token stays 0.
#[test]
fn bytes_by_hand() {
    let shares = shares(5, 1, 1);
    for device in devices() {
        let words = packed(3, shares, &[0.2, 0.8, 0.0, 0.4, 0.6], &device);
        assert_eq!(f32::from_bits(words[2]), 0.8);
        assert_eq!(words[shares.map_word()].to_le_bytes(), [64, 255, 0, 128]);
        assert_eq!(words[shares.map_word() + 1].to_le_bytes(), [191, 0, 0, 0]);
    }
}

#[test]
fn a_map_of_zeros() {
    for device in devices() {
        let words = packed(3, shares(4, 1, 1), &[0.0; 4], &device);
        assert_eq!((words[2], words[8]), (0, 0));
    }
}
