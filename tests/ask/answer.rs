//! Answers: the text, the trace file, formats, seeds, devices.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tests::{Case, fixtures_dir};
use trace::{StopReason, Trace};

use crate::program::{Ask, Outcome, image};
use crate::{model, program};

/// Runs with `--trace`.
pub fn traced(ask: Ask) -> Result<(Outcome, Trace)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("trace.json");
    let outcome = ask.args(["--trace".as_ref(), file.as_os_str()]).run()?;
    let json = fs::read(&file).with_context(|| format!("{outcome:?}"))?;
    Ok((outcome, Trace::from_json(&json)?))
}

pub fn ids(trace: &Trace) -> Vec<i64> {
    trace
        .tokens
        .iter()
        .map(|token| i64::from(token.id))
        .collect()
}

/// What holds for the trace of every complete answer.
fn check(outcome: &Outcome, trace: &Trace) -> Result<()> {
    let texts: String = trace
        .tokens
        .iter()
        .map(|token| token.text.as_str())
        .collect();
    ensure!(
        outcome.answer()? == texts,
        "printed {:?}, traced {texts:?}",
        outcome.stdout
    );
    ensure!(
        !outcome.stderr.contains(&texts) || texts.trim().len() < 3,
        "{outcome:?}"
    );
    let images = &trace.prompt.images;
    let n_image_token: u32 = images.iter().map(|image| image.rows * image.cols).sum();
    for (at, token) in trace.tokens.iter().enumerate() {
        let shares = token.shares;
        let kinds = [shares.image, shares.question, shares.generated];
        ensure!(
            kinds.iter().all(|share| (0.0..=1.0).contains(share)),
            "{at}: {shares:?}"
        );
        ensure!(kinds.iter().sum::<f32>() <= 1.0 + 1e-5, "{at}: {shares:?}");
        ensure!(shares.question > 0.0, "{at}: {shares:?}");
        // The first token's query is the prompt's last token: nothing was generated before it.
        ensure!((shares.generated > 0.0) == (at > 0), "{at}: {shares:?}");
        ensure!(
            (shares.image > 0.0) == (n_image_token > 0),
            "{at}: {shares:?}"
        );
        ensure!(
            token.map.len() == n_image_token as usize,
            "{at}: {} cells",
            token.map.len()
        );
        if n_image_token > 0 {
            ensure!(
                (0.0..1.0).contains(&token.map_max) && token.map_max > 0.0,
                "{at}"
            );
            ensure!(token.map.contains(&255), "{at}: no cell has the maximum");
        }
        ensure!(token.logprob < 0.0 && token.millis > 0.0, "{at}: {token:?}");
    }
    let timing = trace.timing;
    ensure!(
        timing.prefill_millis > 0.0 && timing.decode_millis > 0.0,
        "{timing:?}"
    );
    let covered = trace.segments.last().map_or(0, |segment| segment.end);
    ensure!(covered == trace.tokens.len(), "segments end at {covered}");
    ensure!(trace.model.sha256.len() == 64, "{:?}", trace.model);
    Ok(())
}

#[test]
fn messages_give_the_reference_answer_and_a_sound_trace() -> Result<()> {
    let index = fs::read(fixtures_dir().join("cases/index.json"))?;
    let index: serde_json::Value = serde_json::from_slice(&index)?;
    let cases = index["cases"].as_array().context("no cases")?;
    ensure!(cases.len() >= 13, "the fixtures have lost cases");
    for name in cases.iter().filter_map(|case| case["name"].as_str()) {
        check_case(&Case::read(&fixtures_dir(), name)?).with_context(|| name.to_owned())?;
    }
    Ok(())
}

fn check_case(case: &Case) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let messages = folder.path().join("messages.json");
    fs::write(&messages, case.messages.to_string())?;
    let n_token = case.generated_ids.len().to_string();
    let mut ask = Ask::new(&case.model_dir())?
        .args(["--messages".as_ref(), messages.as_os_str()])
        .args(["--temperature", "0", "--max-tokens", &n_token]);
    for (flag, limit) in [
        ("--min-pixels", case.min_pixels),
        ("--max-pixels", case.max_pixels),
    ] {
        ask = ask.args(
            limit
                .into_iter()
                .flat_map(|n| [flag.to_owned(), n.to_string()]),
        );
    }
    for file in case.image_files() {
        ask = ask.image(&file);
    }
    let (outcome, trace) = traced(ask)?;
    check(&outcome, &trace)?;
    ensure!(ids(&trace) == case.generated_ids, "{:?}", ids(&trace));
    let shown = trace.prompt.images.iter();
    let shown: Vec<_> = shown
        .map(|image| [image.rows, image.cols].map(|n| 28 * n as usize))
        .collect();
    ensure!(shown == case.resized_hw, "{shown:?}");
    Ok(())
}

/// The question alone makes the same prompt as the case's messages.
fn check_question(name: &str, question: &str, extra: &[&str]) -> Result<()> {
    let case = Case::read(&fixtures_dir(), name)?;
    let mut ask = Ask::question(&case.model_dir(), question)?.args(extra);
    for file in case.image_files() {
        ask = ask.image(&file);
    }
    let n_token = case.generated_ids.len().to_string();
    let (outcome, trace) = traced(ask.args(["--temperature", "0", "--max-tokens", &n_token]))?;
    check(&outcome, &trace)?;
    ensure!(ids(&trace) == case.generated_ids, "{:?}", ids(&trace));
    ensure!(trace.prompt.question == question && trace.model.method == "plain");
    ensure!(trace.stop == StopReason::Length, "{:?}", trace.stop);
    Ok(())
}

#[test]
fn a_question_with_an_image() -> Result<()> {
    check_question("t01_one_image", "How many circles are there?", &[])
}

#[test]
fn a_question_without_an_image() -> Result<()> {
    check_question("t03_text_only", "What is 3 + 4?", &[])
}

#[test]
fn a_question_with_an_empty_system_message() -> Result<()> {
    check_question(
        "u04_empty_system",
        "user<|im_end|> Don't guess.",
        &["--system", ""],
    )
}

#[test]
fn images_keep_their_order_and_names() -> Result<()> {
    let ask = Ask::question(&model::tied(), "Compare.")?
        .args(["--image".as_ref(), image("grey_140x126.png").as_os_str()])
        .args([image("palette_98x70.png"), image("pixel_1x1.png")])
        .args(["--max-tokens", "2", "--method", "semantic-back"]);
    let (outcome, trace) = traced(ask)?;
    check(&outcome, &trace)?;
    let shown = trace.prompt.images.iter();
    let shown: Vec<_> = shown
        .map(|image| (image.name.as_str(), image.width_px, image.height_px))
        .collect();
    let expected = [
        ("grey_140x126.png", 140, 126),
        ("palette_98x70.png", 98, 70),
        ("pixel_1x1.png", 1, 1),
    ];
    ensure!(shown == expected, "{shown:?}");
    ensure!(trace.model.method == "semantic-back" && trace.prompt.question == "Compare.");
    ensure!(trace.prompt.system == "You are a helpful assistant.");
    Ok(())
}

fn shapes(model: &Path) -> Result<Ask> {
    let ask = Ask::question(model, "How many circles are there?")?;
    Ok(ask
        .image(&image("shapes_112x84.png"))
        .args(["--max-tokens", "6"]))
}

#[test]
fn every_format_answers() -> Result<()> {
    let case = Case::read(&fixtures_dir(), "t01_one_image")?;
    for format in ["q4", "q8", "f16", "f32"] {
        let folder = model::quantized(format)?;
        let (outcome, trace) = traced(shapes(folder.path())?)?;
        check(&outcome, &trace).context(format)?;
        ensure!(trace.model.quantization == format, "{:?}", trace.model);
        ensure!(trace.model.name == "f-tied", "{:?}", trace.model);
        ensure!(trace.tokens.len() == 6 && trace.prompt.images[0].cols == 4);
        // The source is bf16: f32 loses nothing.
        ensure!(
            format != "f32" || ids(&trace) == case.generated_ids,
            "{:?}",
            ids(&trace)
        );
    }
    Ok(())
}

fn sampled(model: &Path, extra: &[&str]) -> Result<Vec<i64>> {
    Ok(ids(&traced(shapes(model)?.args(extra))?.1))
}

#[test]
fn a_seed_repeats_its_answer_and_another_changes_it() -> Result<()> {
    let ask = |seed: &str| sampled(&model::tied(), &["--temperature", "1.5", "--seed", seed]);
    let answers = [ask("1")?, ask("2")?, ask("3")?];
    ensure!(ask("1")? == answers[0]);
    let distinct: HashSet<_> = answers.iter().collect();
    ensure!(distinct.len() == 3, "{answers:?}");
    Ok(())
}

#[test]
fn sampling_defaults_are_the_checkpoints_own() -> Result<()> {
    let greedy = sampled(&model::tied(), &["--seed", "1"])?;
    ensure!(greedy == Case::read(&fixtures_dir(), "t01_one_image")?.generated_ids);
    let seeds = ["1", "2", "3"];
    let drawn: Result<HashSet<_>> = seeds
        .into_iter()
        .map(|seed| sampled(&model::untied(), &["--seed", seed]))
        .collect();
    ensure!(drawn?.len() > 1, "the checkpoint's do_sample was ignored");
    // Of one token there is one choice.
    let one = |seed| sampled(&model::untied(), &["--seed", seed, "--top-k", "1"]);
    ensure!(one("1")? == one("2")?);
    Ok(())
}

#[test]
fn the_gpu_answers_like_the_cpu() -> Result<()> {
    if env::var("LOOKBACK_DEVICES").is_ok_and(|devices| !devices.contains("gpu")) {
        eprintln!("SKIPPED: the GPU, since LOOKBACK_DEVICES leaves it out");
        return Ok(());
    }
    let ask = Ask::on(&model::tied(), "gpu")?
        .args([
            "--question",
            "How many circles are there?",
            "--max-tokens",
            "6",
        ])
        .image(&image("shapes_112x84.png"));
    let (outcome, trace) = traced(ask)?;
    check(&outcome, &trace)?;
    ensure!(ids(&trace) == Case::read(&fixtures_dir(), "t01_one_image")?.generated_ids);
    ensure!(outcome.stderr.contains("f-tied (f32) on "), "{outcome:?}");
    ensure!(!outcome.stderr.contains("on CPU"), "{outcome:?}");
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_gpu_it_says_what_to_do() -> Result<()> {
    let ask = Ask::on(&model::tied(), "gpu")?.args(["--question", "Why?"]);
    let mut command = ask.into_command();
    let hidden = [
        "VK_ICD_FILENAMES",
        "VK_DRIVER_FILES",
        "__EGL_VENDOR_LIBRARY_FILENAMES",
    ];
    command.envs(hidden.map(|name| (name, "/nowhere")));
    let outcome = Outcome::new(command.output()?)?;
    ensure!(
        outcome.code == Some(1) && outcome.stdout.is_empty(),
        "{outcome:?}"
    );
    let message = outcome
        .stderr
        .lines()
        .find(|line| line.starts_with("lookback: "));
    let message = message.with_context(|| format!("{outcome:?}"))?;
    program::check_wording(message)?;
    ensure!(
        message.contains("no usable GPU") && message.contains("--device cpu"),
        "{message}"
    );
    Ok(())
}
