//! Twin of `readout.wgsl`.

use crate::sizes::{BLOCK_TOKEN, Shares};

/// Fills `result` from its third word on.
pub fn readout(map: &[f32], sums: &[f32], n_past: usize, result: &mut [u32], shares: Shares) {
    let n_live = n_past / BLOCK_TOKEN + 1;
    for (layer, sums) in sums.chunks_exact(4 * shares.n_blocks).enumerate() {
        for kind in 0..4 {
            let blocks = sums.chunks_exact(4).take(n_live);
            let sum: f64 = blocks.map(|block| f64::from(block[kind])).sum();
            result[4 + 4 * layer + kind] = (sum as f32).to_bits();
        }
    }
    let map = &map[..shares.n_image_token];
    let maximum = map.iter().copied().fold(0.0, f32::max);
    result[2] = maximum.to_bits();
    let byte = |value: &f32| match maximum > 0.0 {
        true => (f64::from(*value) / f64::from(maximum) * 255.0).round() as u32,
        false => 0,
    };
    for (word, cells) in result[shares.map_word()..].iter_mut().zip(map.chunks(4)) {
        let bytes = cells.iter().map(byte).enumerate();
        *word = bytes.map(|(at, byte)| byte << (8 * at)).sum();
    }
}
