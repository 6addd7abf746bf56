//! What `scan.wgsl` finds is judged by what `sample.wgsl` makes of it. Here are the cases in which its groups differ most.

use kernels::{Sampling, Step};

use crate::{bench::random, sample::check};

fn greedy(n_id: usize, repetition_penalty: f32) -> Step {
    Step {
        n_past: 3,
        draw: 0.0,
        sampling: Sampling {
            repetition_penalty,
            ..Sampling::GREEDY
        },
        n_id,
        cosines: Vec::new(),
        sines: Vec::new(),
    }
}

#[test]
fn the_best_of_every_group() {
    let n = 3 * 2048 + 5;
    for place in [0, 63, 64, 2047, 2048, 4095, 6143, 6144, n - 1] {
        let mut logits = random(n, 1);
        logits[place] = 3.0;
        check(&logits, &vec![0; n], &greedy(n, 1.0));
    }
}

#[test]
fn groups_of_very_different_height() {
    let n = 2 * 2048;
    let logits: Vec<f32> = (0..n)
        .map(|id| {
            if id < 2048 {
                -80.0
            } else {
                80.0 - (id % 7) as f32
            }
        })
        .collect();
    check(&logits, &vec![0; n], &greedy(n, 1.0));
}

#[test]
fn a_penalty_changes_the_best() {
    let mut logits = vec![-2.0; 2500];
    logits[2400] = 5.0;
    logits[3] = 4.0;
    let mut seen = vec![0; 2500];
    seen[2400] = 1;
    check(&logits, &seen, &greedy(2500, 1.5));
    check(&logits, &vec![1; 2500], &greedy(2500, 1.5));
}
