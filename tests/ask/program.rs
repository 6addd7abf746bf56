//! One run of `lookback ask`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use tests::{built, fixtures_dir};

/// A command line that is being put together.
#[derive(Debug)]
pub struct Ask {
    command: Command,
}

/// What a run left.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A picture of the fixtures.
pub fn image(name: &str) -> PathBuf {
    fixtures_dir().join("images").join(name)
}

impl Ask {
    /// On the CPU.
    pub fn new(model: &Path) -> Result<Self> {
        Self::on(model, "cpu")
    }

    pub fn on(model: &Path, device: &str) -> Result<Self> {
        let mut command = Command::new(built("lookback")?);
        command.arg("ask").arg("--model").arg(model);
        command.args(["--device", device]);
        Ok(Self { command })
    }

    /// The same with a question.
    pub fn question(model: &Path, question: &str) -> Result<Self> {
        Ok(Self::new(model)?.args(["--question", question]))
    }

    pub fn args<T: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.command.args(args);
        self
    }

    pub fn image(self, path: &Path) -> Self {
        self.args([OsStr::new("--image"), path.as_os_str()])
    }

    pub fn run(mut self) -> Result<Outcome> {
        let output = self.command.output();
        Outcome::new(output.with_context(|| format!("cannot start {:?}", self.command))?)
    }

    /// The command itself, its standard output and error captured.
    pub fn into_command(mut self) -> Command {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command
    }
}

impl Outcome {
    pub fn new(output: Output) -> Result<Self> {
        Ok(Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).context("the answer is not UTF-8")?,
            stderr: String::from_utf8(output.stderr).context("standard error is not UTF-8")?,
        })
    }

    /// The answer of a run that must have succeeded, without the line feed that ends it.
    pub fn answer(&self) -> Result<&str> {
        ensure!(self.code == Some(0), "expected success: {self:?}");
        self.stdout
            .strip_suffix('\n')
            .context("the answer does not end its line")
    }

    /// The run must have failed with one line that contains `words`, and without an answer.
    pub fn must_fail(&self, words: &[&str]) -> Result<()> {
        self.must_fail_after_answer(words)?;
        ensure!(self.stdout.trim().is_empty(), "an answer: {self:?}");
        Ok(())
    }

    /// The same, whatever was answered before.
    pub fn must_fail_after_answer(&self, words: &[&str]) -> Result<()> {
        ensure!(self.code == Some(1), "expected exit code 1: {self:?}");
        let lines: Vec<&str> = self.stderr.lines().collect();
        let messages = lines.iter().filter(|line| line.starts_with("lookback: "));
        ensure!(messages.count() == 1, "expected one message: {self:?}");
        let message = lines
            .last()
            .and_then(|line| line.strip_prefix("lookback: "));
        let message = message.with_context(|| format!("the message is not last: {self:?}"))?;
        // Before it, at most the model's name.
        ensure!(lines.len() <= 2, "more than a message: {self:?}");
        for word in words {
            ensure!(message.contains(word), "no {word:?} in {message:?}");
        }
        check_wording(message)
    }
}

/// For people: what to do behind the semicolon, nothing twice, nothing of the program's own structure.
pub fn check_wording(message: &str) -> Result<()> {
    let advice = message.rsplit_once("; ").or(message.rsplit_once(": "));
    ensure!(
        advice.is_some_and(|(_, advice)| advice.contains(' ')),
        "no advice in {message:?}"
    );
    for trace in [
        "panicked",
        "RUST_BACKTRACE",
        "Some(",
        "Err(",
        " { ",
        "called `",
    ] {
        ensure!(!message.contains(trace), "{trace:?} in {message:?}");
    }
    let mut parts: Vec<&str> = message.split([':', ';', '(', ')']).map(str::trim).collect();
    parts.retain(|part| part.contains(' '));
    let n_parts = parts.len();
    parts.sort_unstable();
    parts.dedup();
    ensure!(parts.len() == n_parts, "something twice in {message:?}");
    ensure!(message.len() < 600, "{} bytes: {message:?}", message.len());
    Ok(())
}
