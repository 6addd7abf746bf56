//! Named steps, timed, each told before it starts.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What ran so far and how long each step took.
#[derive(Default)]
pub struct Steps {
    done: Vec<(String, Duration, bool)>,
}

impl Steps {
    /// Announces `name`, does `work`, and says how long it took.
    ///
    /// # Errors
    /// What `work` failed with, under the step's name.
    pub fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = work();
        let took = started.elapsed();
        println!(
            "== {name}: {} after {}",
            if outcome.is_ok() { "done" } else { "FAILED" },
            clock(took)
        );
        self.done.push((name.to_owned(), took, outcome.is_ok()));
        outcome.with_context(|| format!("the step \"{name}\" failed"))
    }

    /// Prints one line per step and the total.
    pub fn print_summary(&self) {
        println!();
        for (name, took, succeeded) in &self.done {
            println!(
                "{:>8}  {name}{}",
                clock(*took),
                if *succeeded { "" } else { "  FAILED" }
            );
        }
        println!(
            "{:>8}  in all",
            clock(self.done.iter().map(|(_, took, _)| *took).sum())
        );
    }
}

/// Runs a command to its end, its output shown.
///
/// # Errors
/// When the program cannot be started or ends with another code than 0.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    println!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// What a command prints, or `None` where it cannot be started or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Minutes and seconds.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round();
    format!("{}:{:02}", (seconds / 60.0).floor(), seconds % 60.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::clock;

    #[test]
    fn clock_counts_minutes_and_seconds() {
        assert_eq!(clock(Duration::from_millis(400)), "0:00");
        assert_eq!(clock(Duration::from_millis(59_600)), "1:00");
        assert_eq!(clock(Duration::from_secs(754)), "12:34");
    }
}
