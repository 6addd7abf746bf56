//! Twin of `attention_merge.wgsl`.

use super::step;
use crate::sizes::{
    BLOCK_TOKEN, Blocks, LayerOf, ROLE_GENERATED, ROLE_IMAGE, ROLE_OUTSIDE, ROLE_QUESTION, n_parts,
};

/// Maximum and sum of exponentials of each head over its live blocks.
fn wholes(stats: &[f32], n_live: usize, blocks: Blocks) -> Vec<(f64, f64)> {
    let whole = |head: &[f32]| {
        let live: Vec<(f64, f64)> = head
            .chunks_exact(2)
            .take(n_live)
            .map(|block| (f64::from(block[0]), f64::from(block[1])))
            .collect();
        let maximum = live
            .iter()
            .map(|block| block.0)
            .fold(f64::NEG_INFINITY, f64::max);
        let sum = live
            .iter()
            .map(|(max, sum)| sum * (max - maximum).exp())
            .sum();
        (maximum, sum)
    };
    stats
        .chunks_exact(2 * blocks.n_blocks())
        .map(whole)
        .collect()
}

/// `scratch` is scores, contexts and stats; `words` are roles and step; `readout` is map and sums.
pub fn attention_merge(
    [scores, contexts, stats]: [&[f32]; 3],
    [roles, words]: [&[u32]; 2],
    out: &mut [f32],
    [map, sums]: [&mut [f32]; 2],
    blocks: Blocks,
    at: Option<LayerOf>,
) {
    let (heads, n_blocks) = (blocks.heads, blocks.n_blocks());
    let n_past = step::n_past(words);
    let n_live = n_past / BLOCK_TOKEN + 1;
    let wholes = wholes(stats, n_live, blocks);
    let (dim, n_parts) = (heads.head_dim, n_parts(heads.head_dim));
    for (head, (maximum, total)) in wholes.iter().enumerate() {
        for d in 0..dim {
            let part = |block: usize, part: usize| {
                f64::from(contexts[((head * n_blocks + block) * n_parts + part) * dim + d])
            };
            let block = |block: usize| {
                let own = f64::from(stats[2 * (head * n_blocks + block)]);
                (own - maximum).exp() * (0..n_parts).map(|p| part(block, p)).sum::<f64>()
            };
            out[head * dim + d] = ((0..n_live).map(block).sum::<f64>() / total) as f32;
        }
    }
    let Some(at) = at else {
        return;
    };
    let probability = |slot: usize| {
        let of_head = |(head, (maximum, total)): (usize, &(f64, f64))| {
            (f64::from(scores[head * blocks.capacity_token + slot]) - maximum).exp() / total
        };
        wholes.iter().enumerate().map(of_head).sum::<f64>() / heads.n_heads as f64
    };
    let sums = &mut sums[4 * n_blocks * at.layer..][..4 * n_blocks];
    for (block, sums) in sums.chunks_exact_mut(4).take(n_live).enumerate() {
        let mut own = [0f64; 4];
        let slots = block * BLOCK_TOKEN..(n_past + 1).min((block + 1) * BLOCK_TOKEN);
        for (slot, &role) in slots.clone().zip(&roles[slots]) {
            let mean = probability(slot);
            match role {
                ROLE_IMAGE.. => {
                    let old = &mut map[(role - ROLE_IMAGE) as usize];
                    let before = if at.layer == 0 { 0.0 } else { f64::from(*old) };
                    *old = (before + mean / at.n_layers as f64) as f32;
                    own[0] += mean;
                }
                ROLE_QUESTION => own[1] += mean,
                ROLE_GENERATED => own[2] += mean,
                _ => {}
            }
            if role != ROLE_OUTSIDE {
                own[3] += mean;
            }
        }
        for (out, sum) in sums.iter_mut().zip(own) {
            *out = sum as f32;
        }
    }
}
