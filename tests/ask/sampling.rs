//! The sampler on the CPU, which judges the one on the GPU (`tests/kernels/sample.rs`), against what the library's logits processors leave of the same logits.

use std::fs;

use anyhow::{Result, ensure};
use kernels::{
    Choice, Sampling,
    cpu::sample::{choose, kept, penalized},
};
use serde::Deserialize;
use tests::{Case, fixtures_dir};

#[derive(Deserialize)]
struct Fixture {
    filters: Vec<Filter>,
}

/// Settings that are absent are off.
#[derive(Deserialize)]
struct Filter {
    case: String,
    step: usize,
    temperature: f32,
    #[serde(default)]
    top_k: usize,
    #[serde(default = "one")]
    top_p: f32,
    #[serde(default = "one")]
    repetition_penalty: f32,
    kept_ids: Vec<usize>,
    probabilities: Vec<f64>,
}

fn one() -> f32 {
    1.0
}

impl Filter {
    fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            repetition_penalty: self.repetition_penalty,
        }
    }

    /// One row of the reference's logits, and the ids before it.
    fn input(&self) -> Result<(Vec<f32>, Vec<u32>)> {
        let tensors = Case::read(&fixtures_dir(), &self.case)?.tensors()?;
        let logits = tensors.floats("logits")?;
        let n_vocab = logits.shape[1];
        let row = logits.values[self.step * n_vocab..][..n_vocab].to_vec();
        let prompt = tensors.integers("input_ids")?.values;
        let generated = tensors.integers("generated_ids")?.values;
        let seen = prompt.iter().chain(&generated[..self.step]);
        Ok((row, seen.map(|&id| id as u32).collect()))
    }
}

fn filters() -> Result<Vec<Filter>> {
    let file = fs::read(fixtures_dir().join("sampling.json"))?;
    let sampling: Fixture = serde_json::from_slice(&file)?;
    ensure!(
        sampling.filters.len() >= 5,
        "the fixture has lost its filters"
    );
    Ok(sampling.filters)
}

/// Which of `n_id` ids are among `seen`.
fn flags(seen: &[u32], n_id: usize) -> Vec<bool> {
    (0..n_id as u32).map(|id| seen.contains(&id)).collect()
}

fn greedy(logits: &[f32], seen: &[u32], repetition_penalty: f32) -> Choice {
    let sampling = Sampling {
        repetition_penalty,
        ..Sampling::GREEDY
    };
    choose(logits, &flags(seen, logits.len()), sampling, 0.0)
}

#[test]
fn what_is_kept_equals_the_library() -> Result<()> {
    for filter in filters()? {
        let (logits, seen) = filter.input()?;
        let flags = flags(&seen, logits.len());
        let values: Vec<f32> = logits
            .iter()
            .zip(&flags)
            .map(|(&logit, &is_seen)| penalized(logit, is_seen, filter.repetition_penalty))
            .collect();
        let mut kept = kept(&values, filter.sampling());
        kept.sort_by(|a, b| b.1.total_cmp(&a.1));
        let ids: Vec<usize> = kept.iter().map(|entry| entry.0).collect();
        ensure!(ids == filter.kept_ids, "{}: kept {ids:?}", filter.case);
        for ((id, got), expected) in kept.iter().zip(&filter.probabilities) {
            // The library computes in f32.
            ensure!(
                (got - expected).abs() < 2e-6,
                "id {id}: {got}, expected {expected}"
            );
        }
    }
    Ok(())
}

#[test]
fn draws_follow_the_probabilities() -> Result<()> {
    const N_DRAW: usize = 4000;
    for filter in filters()? {
        let (logits, seen) = filter.input()?;
        let (flags, mut random) = (flags(&seen, logits.len()), fastrand::Rng::with_seed(7));
        let mut counts = vec![0_usize; logits.len()];
        for _ in 0..N_DRAW {
            let choice = choose(&logits, &flags, filter.sampling(), random.f32());
            counts[choice.id as usize] += 1;
        }
        let mut n_kept = 0;
        for (&id, &probability) in filter.kept_ids.iter().zip(&filter.probabilities) {
            let expected = probability * N_DRAW as f64;
            // Five standard deviations: the seed is fixed, so this passes always or never.
            let bound = 5.0 * (expected * (1.0 - probability)).sqrt();
            let off = (counts[id] as f64 - expected).abs();
            ensure!(
                off <= bound,
                "{}: id {id}: {} of {expected}",
                filter.case,
                counts[id]
            );
            n_kept += counts[id];
        }
        ensure!(n_kept == N_DRAW, "{}: an id outside was drawn", filter.case);
    }
    Ok(())
}

#[test]
fn the_penalty_counts_every_id_once() {
    let logits = [2.0, 1.5, -1.0, -1.5];
    let best = |penalty: f32, seen: &[u32]| greedy(&logits, seen, penalty).id;
    assert_eq!(best(1.0, &[0, 0, 0]), 0);
    // 2 / 1.3 = 1.54 is still ahead of 1.5, which twice would not be; 2 / 1.4 = 1.43 is not.
    assert_eq!(best(1.3, &[0, 0, 0]), 0);
    assert_eq!(best(1.4, &[0]), 1);
    // -1 * 1.6 falls behind -1.5; divided, it would not. Ids without a logit are passed over.
    let negative = [-1.0, -1.5];
    assert_eq!(greedy(&negative, &[0, 9], 1.6).id, 1);
}

#[test]
fn the_probability_is_the_models_own() {
    // Softmax of [0, ln 3] is [1/4, 3/4], whatever the settings make of it.
    let logits = [0.0, 3.0_f32.ln()];
    let sampling = Sampling {
        temperature: 0.3,
        top_k: 1,
        top_p: 0.5,
        repetition_penalty: 1.1,
    };
    let choice = choose(&logits, &[false, true], sampling, 0.9);
    assert_eq!(choice.id, 1);
    assert!((choice.logprob - 0.75_f32.ln()).abs() < 1e-6);
}

#[test]
fn of_equal_logits_the_first_is_taken() {
    assert_eq!(greedy(&[1.0, 3.0, 3.0], &[], 1.0).id, 1);
}
