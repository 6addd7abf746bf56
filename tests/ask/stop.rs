//! How an answer ends.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;
use tests::{Case, fixtures_dir};
use trace::{StopReason, Trace};

use crate::answer::{ids, traced};
use crate::program::{Ask, Outcome};
use crate::{edit, model};

const QUESTION: &str = "What is 3 + 4?";

/// The tied checkpoint with other end tokens.
fn ending_with(end: i64) -> Result<TempDir> {
    let folder = model::copy(&model::tied())?;
    let file = folder.path().join("generation_config.json");
    edit::json(&file, |config| config["eos_token_id"] = json!([end]))?;
    Ok(folder)
}

/// A checkpoint that ends only at the limit: its end token has no text, so it is never chosen.
fn endless() -> Result<TempDir> {
    ending_with(610)
}

fn reference() -> Result<Case> {
    Case::read(&fixtures_dir(), "t03_text_only")
}

#[test]
fn at_the_token_limit() -> Result<()> {
    let ask = Ask::question(&model::tied(), QUESTION)?.args(["--max-tokens", "3"]);
    let (outcome, trace) = traced(ask)?;
    ensure!(outcome.code == Some(0), "{outcome:?}");
    ensure!(ids(&trace) == reference()?.generated_ids[..3] && trace.stop == StopReason::Length);
    Ok(())
}

#[test]
fn at_an_end_token() -> Result<()> {
    let expected = reference()?.generated_ids;
    let folder = ending_with(expected[2])?;
    let (outcome, trace) = traced(Ask::question(folder.path(), QUESTION)?)?;
    ensure!(outcome.code == Some(0), "{outcome:?}");
    ensure!(ids(&trace) == expected[..3], "{:?}", ids(&trace));
    ensure!(trace.stop == StopReason::End, "{:?}", trace.stop);
    Ok(())
}

#[test]
fn at_the_end_of_the_context() -> Result<()> {
    let case = reference()?;
    let n_prompt = case.tensors()?.integers("input_ids")?.values.len();
    let folder = model::copy(&model::tied())?;
    let config = folder.path().join("config.json");
    edit::json(&config, |config| {
        config["max_position_embeddings"] = json!(n_prompt + 2)
    })?;
    let (outcome, trace) = traced(Ask::question(folder.path(), QUESTION)?)?;
    ensure!(outcome.code == Some(0), "{outcome:?}");
    ensure!(ids(&trace) == case.generated_ids[..2], "{:?}", ids(&trace));
    ensure!(trace.stop == StopReason::Length, "{:?}", trace.stop);
    Ok(())
}

fn long_answer(model: &Path, trace: Option<&Path>) -> Result<Command> {
    let ask = Ask::question(model, QUESTION)?.args(["--max-tokens", "3000"]);
    let trace = trace
        .into_iter()
        .flat_map(|path| ["--trace".as_ref(), path.as_os_str()]);
    Ok(ask.args(trace).into_command())
}

#[test]
#[cfg(unix)]
fn when_interrupted() -> Result<()> {
    let model = endless()?;
    let file = model.path().join("trace.json");
    let mut child = long_answer(model.path(), Some(&file))?.spawn()?;
    let stdout = child.stdout.as_mut().context("no standard output")?;
    // The answer has begun.
    stdout.read_exact(&mut [0])?;
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()?;
    ensure!(kill.success(), "kill: {kill}");
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{output:?}");
    let trace = Trace::from_json(&fs::read(&file)?)?;
    ensure!(trace.stop == StopReason::Stopped, "{:?}", trace.stop);
    ensure!(
        (1..3000).contains(&trace.tokens.len()),
        "{} tokens",
        trace.tokens.len()
    );
    Ok(())
}

#[test]
fn when_nobody_reads_any_more() -> Result<()> {
    let model = endless()?;
    let mut child = long_answer(model.path(), None)?.spawn()?;
    drop(child.stdout.take());
    let output = child.wait_with_output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() && !stderr.contains("panicked"),
        "{output:?}"
    );
    // Nobody is left to answer: it stops long before the limit.
    ensure!(!stderr.contains(" 3000 tokens"), "{stderr}");
    Ok(())
}

#[test]
fn a_closed_pipe_does_not_cost_the_trace() -> Result<()> {
    let model = endless()?;
    let file = model.path().join("trace.json");
    let ask = Ask::question(model.path(), QUESTION)?.args(["--max-tokens", "40"]);
    let ask = ask.args(["--trace".as_ref(), file.as_os_str()]);
    let mut child = ask.into_command().spawn()?;
    drop(child.stdout.take());
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{output:?}");
    let trace = Trace::from_json(&fs::read(&file)?)?;
    ensure!(trace.tokens.len() == 40 && trace.stop == StopReason::Length);
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn when_the_disk_is_full() -> Result<()> {
    let ask = Ask::question(&model::tied(), QUESTION)?.args(["--max-tokens", "2"]);
    let full = File::options().write(true).open("/dev/full")?;
    let child = ask.into_command().stdout(Stdio::from(full)).spawn()?;
    let outcome = Outcome::new(child.wait_with_output()?)?;
    ensure!(outcome.code == Some(1), "{outcome:?}");
    let message = outcome.stderr.lines().last().unwrap_or_default();
    ensure!(
        message.contains("cannot write the answer to standard output"),
        "{message}"
    );
    Ok(())
}
