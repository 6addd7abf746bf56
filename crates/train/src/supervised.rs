//! Cold start: supervised training on rendered traces.

use std::time::Instant;

use anyhow::Result;
use rayon::prelude::*;

use crate::{
    args::{Stage, SupervisedArgs},
    curve, history,
    lesson::{Classroom, Lesson, Plan},
    run::Run,
    student::{LossWeights, Parts, eyes_loss, text_loss},
};

/// Runs a stage, or goes on with it.
pub fn run(args: &SupervisedArgs) -> Result<()> {
    let mut run = Run::open(&args.from, &args.out, args.weight_decay)?;
    let n_step = args.scenes / args.batch as u64;
    let log = curve::Log::open(&args.out, run.progress.step > 0)?;
    let mut shown = (Instant::now(), run.progress.step);
    while run.progress.step < n_step {
        let started = Instant::now();
        let step = run.progress.step;
        let lessons = lessons(args, &run.room, step, n_step)?;
        let mut parts = Parts::default();
        let weights = LossWeights {
            eyes: args.eyes,
            look: args.look,
            outside: args.outside,
        };
        let (model, reading) = (&run.model, &run.reading);
        let loss = match args.stage {
            Stage::Eyes => eyes_loss(model, reading, &lessons, &mut parts)?,
            Stage::Language => {
                let weights = LossWeights {
                    eyes: 0.0,
                    ..weights
                };
                text_loss(model, reading, &lessons, weights, false, &mut parts)?
            }
            Stage::Joint => text_loss(model, reading, &lessons, weights, true, &mut parts)?,
        };
        run.update(loss, learning_rate(args, step, n_step));
        run.progress.step += 1;
        run.progress.seconds += started.elapsed().as_secs_f64();
        let step = run.progress.step;
        if step.is_multiple_of(args.every) || step == n_step {
            let n_scene = (step - shown.1) as f64 * args.batch as f64;
            let rate = n_scene / shown.0.elapsed().as_secs_f64();
            let left = (n_step - step) as f64 * args.batch as f64 / rate / 60.0;
            log.write(step, &parts)?;
            println!(
                "step {step} of {n_step}: {parts}, {rate:.1} scenes a second, {left:.0} minutes left"
            );
            shown = (Instant::now(), step);
        }
        if step.is_multiple_of(args.save_every) || step == n_step {
            run.save()?;
        }
    }
    history::append(
        &args.from,
        &args.out,
        "supervised",
        &run.progress,
        &args.summary(),
    )?;
    log.draw()
}

fn lessons(args: &SupervisedArgs, room: &Classroom, step: u64, n_step: u64) -> Result<Vec<Lesson>> {
    let grown = match args.grow > 0.0 {
        true => (step as f64 / n_step as f64 / args.grow).min(1.0),
        false => 1.0,
    };
    let plan = Plan {
        most_objects: 3 + (6.0 * grown) as usize,
        n_question: if args.stage == Stage::Eyes {
            0
        } else {
            args.questions
        },
        form_weights: args.form_weights(),
        blind_share: args.blind,
    };
    let first = args.seed * 1_000_000_000 + step * args.batch as u64;
    (first..first + args.batch as u64)
        .into_par_iter()
        .map(|seed| room.lesson(seed, &plan))
        .collect()
}

/// Linear warm-up, then half a cosine down to a twentieth.
fn learning_rate(args: &SupervisedArgs, step: u64, n_step: u64) -> f64 {
    let warm = (step + 1) as f64 / args.warm_up.max(1) as f64;
    let done = step as f64 / n_step as f64;
    let cosine = 0.525 + 0.475 * (std::f64::consts::PI * done).cos();
    args.rate * warm.min(1.0) * cosine
}
