//! Reinforcement: GRPO (Shao et al. 2024, arXiv 2402.03300) on answers that the model samples itself, one update
//! per sample, so that the ratio to the sampling policy is 1 and needs no clipping.

use std::{fs, time::Instant};

use anyhow::{Context, Result};
use burn::module::Module;
use rayon::prelude::*;
use scene::Sample;

use crate::{
    args::ReinforceArgs,
    curve, history,
    lesson::Lesson,
    reward::{Weights, advantages},
    rollout::{Answer, Request, answer},
    run::{Progress, Run},
    student::{LossWeights, Parts, text_loss},
};

/// Runs the stage, or goes on with it.
pub fn run(args: &ReinforceArgs) -> Result<()> {
    let weights = match &args.rewards {
        Some(path) => serde_json::from_str(&fs::read_to_string(path)?)
            .with_context(|| format!("{} is no list of reward weights", path.display()))?,
        None => Weights::default(),
    };
    let mut run = Run::open(&args.from, &args.out, 0.0)?;
    let log = curve::Log::open(&args.out, run.progress.step > 0)?;
    while run.progress.step < args.steps {
        let started = Instant::now();
        let mut parts = Parts::default();
        let (lessons, reward) = sampled(args, &run, weights)?;
        parts.reward = reward;
        let none = LossWeights {
            eyes: 0.0,
            look: 0.0,
            outside: 0.0,
        };
        if lessons.iter().any(|lesson| !lesson.steps.is_empty()) {
            let loss = text_loss(&run.model, &run.reading, &lessons, none, false, &mut parts)?;
            let rate = args.rate * (1.0 - 0.9 * run.progress.step as f64 / args.steps as f64);
            run.update(loss, rate);
        }
        run.progress.step += 1;
        run.progress.seconds += started.elapsed().as_secs_f64();
        let Progress { step, .. } = run.progress;
        if step.is_multiple_of(args.every) || step == args.steps {
            log.write(step, &parts)?;
            let left = (args.steps - step) as f64 * started.elapsed().as_secs_f64() / 60.0;
            println!(
                "step {step} of {}: reward {reward:.3}, {left:.0} minutes left",
                args.steps
            );
        }
        if step.is_multiple_of(args.save_every) || step == args.steps {
            run.save()?;
        }
    }
    history::append(
        &args.from,
        &args.out,
        "reinforce",
        &run.progress,
        &args.summary(weights),
    )?;
    log.draw()
}

/// Samples a group of answers to each question and weighs them by their advantage.
fn sampled(args: &ReinforceArgs, run: &Run, weights: Weights) -> Result<(Vec<Lesson>, f32)> {
    let first = (args.seed << 32) + run.progress.step * args.batch as u64;
    let samples: Vec<Sample> = (first..first + args.batch as u64)
        .into_par_iter()
        .map(|seed| Sample::from_seed(seed, 1..=9, None))
        .collect();
    let scenes: Vec<_> = samples.iter().map(|sample| sample.scene.clone()).collect();
    let form = args.form.into();
    let requests: Vec<Request> = (0..args.batch * args.group)
        .map(|index| Request {
            scene: index / args.group,
            question: samples[index / args.group].question.text.clone(),
            form,
            is_blind: false,
            seed: Some(first * args.group as u64 + index as u64),
        })
        .collect();
    // Sampling needs no gradients.
    let sampler = qwen_vl::model::Model {
        config: run.model.config.clone(),
        network: run.model.network.clone().no_grad(),
        device: run.model.device.clone(),
        weight_bytes: run.model.weight_bytes,
        max_binding_bytes: run.model.max_binding_bytes,
    };
    let answers = answer(&sampler, &run.room, &scenes, &requests)?;
    let mut lessons = Vec::new();
    let mut total = 0.0;
    for (sample, answers) in samples.iter().zip(answers.chunks_exact(args.group)) {
        let rewards: Vec<f32> = answers
            .iter()
            .map(|answer| weights.reward(sample, form, answer))
            .collect();
        total += rewards.iter().sum::<f32>();
        let advantages = advantages(&rewards);
        // A group of equals teaches nothing.
        if advantages.iter().all(|advantage| *advantage == 0.0) {
            continue;
        }
        let weighted = answers
            .iter()
            .zip(advantages)
            .map(|(answer, advantage)| (tokens(run, answer), advantage));
        let weighted: Vec<(Vec<u32>, f32)> = weighted.collect();
        let question = &sample.question.text;
        lessons.push(run.room.review(&sample.scene, question, form, &weighted)?);
    }
    Ok((lessons, total / answers.len().max(1) as f32))
}

fn tokens(run: &Run, answer: &Answer) -> Vec<u32> {
    let mut ids = answer.ids.clone();
    if answer.has_ended {
        ids.extend(run.room.host.generation.eos_token_id.first());
    }
    ids
}
