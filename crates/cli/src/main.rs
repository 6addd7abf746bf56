//! `lookback`: the engine of the page on the command line.

mod args;
mod ask;
mod tensors;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args::Command::Ask(args) = args::Args::parse().command;
    match futures_lite::future::block_on(ask::ask(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: every error's own text holds its cause and what to do.
            eprintln!("lookback: {error}");
            ExitCode::FAILURE
        }
    }
}
