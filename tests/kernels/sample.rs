use burn::tensor::{Device, Tensor};
use kernels::{Choice, Outcome, Sampling, Step, StepBuffer};

use crate::bench::{devices, random, tensor, words};

/// The kernels' choice, and what they leave in `tokens` and `seen`.
fn chosen(
    logits: &[f32],
    seen: &[u32],
    step: &Step,
    device: &Device,
) -> (Choice, Vec<u32>, Vec<u32>) {
    let step = StepBuffer::holding(step, device).words();
    let outcome = Outcome {
        seen: words(seen, device),
        tokens: words(&[7; 8], device),
        result: words(&[0; 4], device),
    };
    let logits: Tensor<2> = tensor(logits, [1, logits.len()], device);
    let outcome = kernels::choose(&logits, &step, outcome);
    let words = |tensor: Tensor<1, burn::tensor::Int>| -> Vec<u32> {
        let data = futures_lite::future::block_on(tensor.into_data_async());
        data.expect("the device returns its results")
            .iter::<u32>()
            .collect()
    };
    let result = words(outcome.result);
    let choice = Choice {
        id: result[0],
        logprob: f32::from_bits(result[1]),
    };
    (choice, words(outcome.tokens), words(outcome.seen))
}

const WARM: Sampling = Sampling {
    temperature: 1.0,
    ..Sampling::GREEDY
};

fn step(sampling: Sampling, draw: f32, n_id: usize) -> Step {
    Step {
        n_past: 3,
        draw,
        sampling,
        n_id,
        cosines: Vec::new(),
        sines: Vec::new(),
    }
}

pub fn check(logits: &[f32], seen: &[u32], step: &Step) {
    let [cpu, gpu] = devices().map(|device| chosen(logits, seen, step, &device));
    assert_eq!(cpu.0.id, gpu.0.id, "{step:?}");
    assert!(
        (cpu.0.logprob - gpu.0.logprob).abs() < 1e-4,
        "{:?} and {:?}",
        cpu.0,
        gpu.0
    );
    assert_eq!((cpu.1, cpu.2), (gpu.1.clone(), gpu.2.clone()));
    assert_eq!(gpu.1[..6], [7, 7, 7, 7, gpu.0.id, 7]);
    assert_eq!(gpu.2[gpu.0.id as usize], 1);
}

#[test]
fn settings_of_every_kind_over_small_and_real_vocabularies() {
    let settings = [
        Sampling::GREEDY,
        Sampling {
            temperature: 0.7,
            ..Sampling::GREEDY
        },
        Sampling {
            temperature: 1.3,
            top_k: 5,
            top_p: 1.0,
            repetition_penalty: 1.05,
        },
        Sampling {
            temperature: 0.9,
            top_k: 0,
            top_p: 0.8,
            repetition_penalty: 2.0,
        },
        Sampling {
            temperature: 1e-3,
            top_k: 40,
            top_p: 0.001,
            repetition_penalty: 0.5,
        },
        // So small a share is no number that a shader must know.
        Sampling {
            temperature: 1.0,
            top_k: 3,
            top_p: 1e-42,
            repetition_penalty: 1.0,
        },
        Sampling {
            temperature: 2.0,
            top_k: 1000,
            top_p: 0.9,
            repetition_penalty: 1.2,
        },
    ];
    for (n, seed) in [(1, 1), (17, 2), (300, 3), (5000, 4), (151_936, 5)] {
        let logits: Vec<f32> = random(n, seed).iter().map(|l| 8.0 * l).collect();
        let seen: Vec<u32> = (0..n).map(|id| u32::from(id % 3 == 0)).collect();
        for sampling in settings {
            for draw in [0.0, 0.31, 0.999] {
                check(&logits, &seen, &step(sampling, draw, n));
            }
        }
    }
}

#[test]
fn ids_beyond_the_text_are_never_chosen() {
    let mut logits = vec![0.0; 4096];
    logits[4000] = 50.0;
    logits[33] = 1.0;
    check(&logits, &[0; 4096], &step(Sampling::GREEDY, 0.5, 3000));
    for device in devices() {
        let (choice, _, _) = chosen(
            &logits,
            &[0; 4096],
            &step(Sampling::GREEDY, 0.5, 3000),
            &device,
        );
        assert_eq!(choice.id, 33);
    }
}

/// −∞ is a logit like others.
#[test]
fn logits_without_bottom() {
    for n in [1, 300, 5000] {
        let mut logits = vec![f32::NEG_INFINITY; n];
        logits[n / 2] = 1.0;
        for sampling in [Sampling::GREEDY, WARM] {
            check(&logits, &vec![0; n], &step(sampling, 0.999, n));
        }
    }
}

/// An id that the text has, whatever the numbers are: the host tells that they are none.
#[test]
fn no_number_is_no_id_outside() {
    for device in devices() {
        for sampling in [Sampling::GREEDY, WARM] {
            let logits = [f32::NAN; 300];
            let (choice, _, _) = chosen(&logits, &[0; 300], &step(sampling, 0.5, 200), &device);
            assert!(choice.id < 200, "{choice:?}");
            assert!(choice.logprob.is_nan());
        }
    }
}

/// Such temperatures leave the best, also where it was penalised.
#[test]
fn hardly_any_temperature() {
    let logits: Vec<f32> = random(3000, 6).iter().map(|l| 20.0 * l).collect();
    let seen = vec![1; 3000];
    for temperature in [1e-6, 1e-12, 1e-29, 1e-39, f32::from_bits(1)] {
        for (top_k, top_p) in [(0, 1.0), (50, 0.001), (50, 0.9)] {
            let sampling = Sampling {
                temperature,
                top_k,
                top_p,
                repetition_penalty: 1.05,
            };
            check(&logits, &seen, &step(sampling, 0.5, 3000));
        }
    }
}

/// Those at the threshold are all kept, in the order of their ids, and none from beyond the text.
#[test]
fn ties_at_the_threshold() {
    let mut logits = vec![0.0; 4096];
    for id in [5, 700, 1400, 2100, 2999, 3000, 4000] {
        logits[id] = 9.0;
    }
    logits[1000] = 12.0;
    let sampling = Sampling { top_k: 3, ..WARM };
    for draw in [0.0, 0.02, 0.1, 0.5, 0.9, 0.99, 1.0 - f32::EPSILON / 2.0] {
        check(&logits, &vec![0; 4096], &step(sampling, draw, 3000));
    }
    for device in devices() {
        let last = step(sampling, 1.0 - f32::EPSILON / 2.0, 3000);
        let (choice, _, _) = chosen(&logits, &[0; 4096], &last, &device);
        assert_eq!(choice.id, 2999);
    }
}

/// Of equals the first: worked by hand.
#[test]
fn ties_go_to_the_lowest_id() {
    let mut logits = vec![-1.0; 3000];
    logits[2900] = 4.0;
    logits[77] = 4.0;
    logits[140] = 4.0;
    for device in devices() {
        let (choice, _, _) = chosen(
            &logits,
            &[0; 3000],
            &step(Sampling::GREEDY, 0.0, 3000),
            &device,
        );
        assert_eq!(choice.id, 77);
        let expected = 4.0 - f64::ln(3.0 * f64::exp(4.0) + 2997.0 * f64::exp(-1.0));
        assert!((f64::from(choice.logprob) - expected).abs() < 1e-5);
    }
}

/// Draws over the whole range find each kept id in proportion to its weight.
#[test]
fn draws_follow_the_probabilities() {
    let logits = [2.0, 0.0, 1.0, -30.0, 1.0];
    let n = 200;
    for device in devices() {
        let mut counts = [0_f64; 5];
        for i in 0..n {
            let draw = (i as f32 + 0.5) / n as f32;
            let (choice, _, _) = chosen(&logits, &[0; 5], &step(WARM, draw, 5), &device);
            counts[choice.id as usize] += 1.0 / f64::from(n);
        }
        let total: f64 = logits.iter().map(|&l: &f32| f64::from(l).exp()).sum();
        for (count, logit) in counts.iter().zip(logits) {
            let expected = f64::from(logit).exp() / total;
            assert!((count - expected).abs() <= 2.0 / f64::from(n), "{counts:?}");
        }
    }
}
