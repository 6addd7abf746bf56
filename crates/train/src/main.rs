//! `train`: makes the demo models, from an empty folder to a model card.

mod args;
mod card;
mod curve;
mod evaluate;
mod history;
mod lesson;
mod picture;
mod reinforce;
mod reward;
mod rollout;
mod run;
mod seedling;
mod student;
mod supervised;
mod vocabulary;
mod weights_file;

use std::path::Path;

use anyhow::Result;
use args::{Args, Command, EvaluateArgs};
use burn::tensor::Device;
use clap::Parser;
use evaluate::Report;
use scene::Form;

// Every operation makes a tensor of some megabytes; the system's allocator gives such pages back each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let args = Args::parse();
    // On a thread of the pool: an operation then wakes one thread instead of waiting for two.
    rayon::scope(|_| run(&args.command))
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Scene(args) => picture::write(&args.out, args.seed, args.family),
        Command::Seedling(args) => seedling::plant(&args.out, args.seed, seedling::N_SAMPLE),
        Command::Supervised(args) => supervised::run(args),
        Command::Reinforce(args) => reinforce::run(args),
        Command::Evaluate(args) => measure(args),
    }
}

fn measure(args: &EvaluateArgs) -> Result<()> {
    let device = Device::flex().autodiff();
    let report = |dir: &Path, form: Option<Form>| -> Result<(String, Report)> {
        println!("{}", dir.display());
        let run::Opened {
            model,
            room,
            name,
            methods,
        } = run::open(dir, &device)?;
        let form = form.unwrap_or_else(|| lesson::form_of(&methods));
        let report = evaluate::evaluate(&model, &room, form, args.scenes, args.seed, args.show)?;
        Ok((name, report))
    };
    let (name, of_model) = report(&args.model, args.form.map(Form::from))?;
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_string_pretty(&of_model)?)?;
    }
    let Some(path) = &args.card else {
        return Ok(());
    };
    let mut twins = Vec::new();
    for dir in args.run.iter().chain(&args.twin) {
        let (name, report) = report(dir, Some(of_model.form))?;
        twins.push(card::Twin { name, report });
    }
    let history = args
        .run
        .as_deref()
        .map(history::read)
        .transpose()?
        .unwrap_or_default();
    std::fs::write(
        path,
        card::text(&args.model, &name, &of_model, &twins, &history)?,
    )?;
    Ok(())
}
