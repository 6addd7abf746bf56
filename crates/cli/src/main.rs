//! `lookback`: the engine of the page on the command line.

mod args;
mod ask;
mod bench;
mod tensors;
mod variants;

use std::process::ExitCode;

use clap::Parser;
use futures_lite::future::block_on;

fn main() -> ExitCode {
    let done = match args::Args::parse().command {
        args::Command::Ask(args) => block_on(ask::ask(&args)),
        args::Command::Bench(args) => block_on(bench::bench(&args)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: every error's own text holds its cause and what to do.
            eprintln!("lookback: {error}");
            ExitCode::FAILURE
        }
    }
}
