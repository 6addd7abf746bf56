//! `cargo xtask`: the demo, its static files, the tests and the page's screenshots, set-up included.

mod bench;
mod page;
mod setup;
mod steps;
mod test;
mod tools;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::*;
use xtask::serve::StaticServer;

use crate::steps::Steps;

const USAGE: &str = "\
Usage: cargo xtask <COMMAND>

  demo [--port N] [--host H]   build the page and serve it on this computer (default 127.0.0.1:8080)
  dist --out DIR               write the page as static files for any web server, any sub-path
  test [--no-setup]            install what the tests need, then run them all; --no-setup only checks
  shots --out DIR              photograph the page in every state, width and theme
  bench                        measure the kernels on this computer's GPU
  bench --peers DIR [-- …]     measure them beside other engines in one browser; DIR holds the harness, its
                               options follow";

enum Task {
    Help,
    Demo {
        host: String,
        port: u16,
    },
    Dist {
        out: PathBuf,
    },
    Test {
        install: bool,
    },
    Shots {
        out: PathBuf,
    },
    Bench,
    Peers {
        peers: PathBuf,
        options: Vec<String>,
    },
}

/// Exit code 1 when the task failed, 2 when the line is not one of ours.
fn main() -> ExitCode {
    let (outcome, code) = match parse(lexopt::Parser::from_env()) {
        Ok(task) => (perform(task), 1),
        Err(error) => (Err(error), 2),
    };
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    eprintln!("\nerror: {error:#}");
    ExitCode::from(code)
}

fn perform(task: Task) -> Result<()> {
    let mut steps = Steps::default();
    match task {
        Task::Help => println!("{USAGE}"),
        Task::Demo { host, port } => {
            let folder = page::build(&mut steps, true)?;
            let server = StaticServer::start(&folder, "/", &host, port)?;
            println!("\nThe page is at {}  (Ctrl-C ends)", server.url());
            server.wait();
        }
        Task::Dist { out } => page::write(&mut steps, &out)?,
        Task::Test { install } => {
            let outcome = test::all(&mut steps, install);
            steps.print_summary();
            outcome?;
        }
        Task::Shots { out } => test::shots(&mut steps, &out)?,
        Task::Bench => bench::alone(&mut steps)?,
        Task::Peers { peers, options } => bench::beside(&mut steps, &peers, &options)?,
    }
    Ok(())
}

fn parse(mut arguments: lexopt::Parser) -> Result<Task> {
    let mut command = None;
    let (mut host, mut port, mut out, mut install) = ("127.0.0.1".to_owned(), 8080, None, true);
    let (mut peers, mut options) = (None, Vec::new());
    while let Some(argument) = arguments.next()? {
        match (command.as_deref(), argument) {
            (_, Short('h') | Long("help")) => return Ok(Task::Help),
            (None, Value(name)) => command = Some(name.string()?),
            (Some("demo"), Long("host")) => host = arguments.value()?.string()?,
            (Some("demo"), Long("port")) => port = arguments.value()?.parse()?,
            (Some("dist" | "shots"), Long("out")) => out = Some(PathBuf::from(arguments.value()?)),
            (Some("test"), Long("no-setup")) => install = false,
            (Some("bench"), Long("peers")) => peers = Some(PathBuf::from(arguments.value()?)),
            (Some("bench"), Value(option)) if peers.is_some() => options.push(option.string()?),
            (_, argument) => bail!("{}\n\n{USAGE}", argument.unexpected()),
        }
    }
    match (command.as_deref(), out) {
        (None, _) => Ok(Task::Help),
        (Some("demo"), _) => Ok(Task::Demo { host, port }),
        (Some("test"), _) => Ok(Task::Test { install }),
        (Some("bench"), _) => Ok(match peers {
            Some(peers) => Task::Peers { peers, options },
            None => Task::Bench,
        }),
        (Some("dist"), Some(out)) => Ok(Task::Dist { out }),
        (Some("shots"), Some(out)) => Ok(Task::Shots { out }),
        (Some(command @ ("dist" | "shots")), None) => bail!("{command} needs --out DIR\n\n{USAGE}"),
        (Some(command), _) => bail!("there is no command {command:?}\n\n{USAGE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Task, parse};

    fn task(line: &str) -> Result<Task, String> {
        parse(lexopt::Parser::from_args(line.split_whitespace())).map_err(|error| error.to_string())
    }

    #[test]
    fn demo_takes_host_and_port() {
        let Ok(Task::Demo { host, port }) = task("demo --port 9000 --host 0.0.0.0") else {
            panic!("not a demo")
        };
        assert_eq!((host.as_str(), port), ("0.0.0.0", 9000));
    }

    #[test]
    fn wrong_lines_say_what_is_wrong() {
        for (line, words) in [
            ("dist", "dist needs --out DIR"),
            ("polish", "no command \"polish\""),
            ("bench --fast", "--fast"),
            ("demo --port 99999", "99999"),
            ("test --fast", "--fast"),
        ] {
            let Err(message) = task(line) else {
                panic!("{line} was taken")
            };
            assert!(message.contains(words), "{line}: {message}");
        }
    }
}
