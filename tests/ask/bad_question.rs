//! Questions, settings, messages and paths that cannot be used.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::Tensors;
use trace::Trace;

use crate::program::{Ask, image};
use crate::{edit, model};

/// Arguments, and words that the message must have.
type Row = (&'static [&'static str], &'static [&'static str]);

const QUESTIONS: &[Row] = &[
    (&["--question", ""], &["question is empty", "write"]),
    (&["--question", " \n\t "], &["question is empty"]),
    (
        &["--question", "a <|image_pad|>?"],
        &["message 1", "<|image_pad|>", "remove it"],
    ),
    (
        &["--question", "<|video_pad|>"],
        &["<|video_pad|>", "remove it"],
    ),
    (&["--question", "a<|vision_start|>"], &["<|vision_start|>"]),
    (
        &["--question", "a", "--system", "<|vision_end|>"],
        &["<|vision_end|>"],
    ),
];

const SETTINGS: &[Row] = &[
    (
        &["--method", "look"],
        &["no method look", "plain, cot, semantic-back, solution-back"],
    ),
    (&["--method", ""], &["no method", "plain, cot"]),
    (
        &["--temperature", "NaN"],
        &["temperature is NaN", "0 or more"],
    ),
    (&["--temperature", "inf"], &["temperature is inf"]),
    (
        &["--temperature", "-0.5"],
        &["temperature is -0.5", "0 or more"],
    ),
    (&["--top-p", "0"], &["top_p is 0", "above 0 and at most 1"]),
    (&["--top-p", "1.5"], &["top_p is 1.5"]),
    (&["--top-p", "-1"], &["top_p is -1"]),
    (&["--top-p", "NaN"], &["top_p is NaN"]),
    (
        &["--repetition-penalty", "0"],
        &["repetition_penalty is 0", "above 0"],
    ),
    (
        &["--repetition-penalty", "-2"],
        &["repetition_penalty is -2"],
    ),
    (
        &["--repetition-penalty", "NaN"],
        &["repetition_penalty is NaN"],
    ),
    (&["--max-tokens", "0"], &["max_tokens is 0", "1 or more"]),
    (
        &["--max-tokens", "40000"],
        &["40000 max_tokens", "32768 at most"],
    ),
    (
        &["--max-pixels", "0"],
        &["min_pixels", "at most max_pixels", "3136 and 0", "correct"],
    ),
    (
        &["--max-pixels", "18446744073709551615"],
        &["max_pixels", "51380224"],
    ),
    (
        &["--min-pixels", "9000000000"],
        &["min_pixels", "9000000000"],
    ),
];

/// Rows of one table, each asked on its own; all that fail are named.
fn check(rows: &[Row], ask: impl Fn(&[&str]) -> Result<Ask>) -> Result<()> {
    let failure = |(args, words): &Row| {
        let checked = ask(args)
            .and_then(Ask::run)
            .and_then(|run| run.must_fail(words));
        checked.err().map(|error| format!("{args:?}: {error:#}"))
    };
    let failures: Vec<String> = rows.iter().filter_map(failure).collect();
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[test]
fn questions() -> Result<()> {
    check(QUESTIONS, |args| Ok(Ask::new(&model::tied())?.args(args)))
}

#[test]
fn settings() -> Result<()> {
    check(SETTINGS, |args| {
        let ask = Ask::question(&model::tied(), "How many?")?;
        Ok(ask.image(&image("palette_98x70.png")).args(args))
    })
}

/// The text of a messages file, and words that the message must have; one image is given.
const MESSAGES: &[(&str, &[&str])] = &[
    ("", &["messages.json", "not valid JSON", "correct it"]),
    ("[{\"role\": \"user\"", &["messages.json", "not valid JSON"]),
    (
        r#"{"role": "user", "content": "a"}"#,
        &["top level", "list of messages"],
    ),
    (r#"[{"content": "a"}]"#, &["message 1", "role"]),
    (r#"[{"role": "user"}]"#, &["message 1", "content"]),
    (
        r#"[{"role": "user", "content": 3}]"#,
        &["message 1", "content"],
    ),
    (
        r#"[{"role": "user", "content": [{"type": "video"}]}]"#,
        &["part 1 of message 1", "type"],
    ),
    (
        r#"[{"role": "user", "content": [{"type": "text"}]}]"#,
        &["part 1 of message 1", "text"],
    ),
    (
        r#"[{"role": "user", "content": [{"type": "image", "image": -1}]}]"#,
        &["part 1 of message 1", "index from 0"],
    ),
    (
        r#"[{"role": "user", "content": [{"type": "image"}, {"type": "image"}, {"type": "text", "text": "a"}]}]"#,
        &["use 2 images but 1 are given"],
    ),
    (
        r#"[{"role": "user", "content": [{"type": "image", "image": 7}, {"type": "text", "text": "a"}]}]"#,
        &["use 8 images but 1 are given"],
    ),
    (
        r#"[{"role": "user", "content": "a"}]"#,
        &["use 0 images but 1 are given"],
    ),
    ("[]", &["question is empty"]),
    (
        r#"[{"role": "system", "content": "a"}]"#,
        &["question is empty"],
    ),
    (
        r#"[{"role": "user", "content": [{"type": "image"}]}]"#,
        &["question is empty"],
    ),
    (
        r#"[{"role": "user", "content": "a"}, {"role": "user", "content": "<|image_pad|>"}]"#,
        &["message 2", "<|image_pad|>"],
    ),
];

#[test]
fn messages() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("messages.json");
    for (text, words) in MESSAGES {
        fs::write(&file, text)?;
        let ask = Ask::new(&model::tied())?.image(&image("pixel_1x1.png"));
        let run = ask.args(["--messages".as_ref(), file.as_os_str()]).run()?;
        run.must_fail(words).with_context(|| (*text).to_owned())?;
    }
    Ok(())
}

#[test]
fn more_images_than_given() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("messages.json");
    fs::write(
        &file,
        r#"[{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "a"}]}]"#,
    )?;
    let ask = Ask::new(&model::tied())?.args(["--messages".as_ref(), file.as_os_str()]);
    ask.run()?
        .must_fail(&["use 1 images but 0 are given", "pass exactly"])
}

#[test]
fn paths_that_are_not_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gone = folder.path().join("gone");
    for model in [gone.as_path(), &model::tied().join("config.json")] {
        let name = model.to_string_lossy();
        Ask::question(model, "Why?")?
            .run()?
            .must_fail(&["no folder", &name, "give a"])?;
    }
    // Before the model is loaded: what cannot be read shows at once.
    for model in [model::tied(), gone.clone()] {
        let ask = Ask::question(&model, "Why?")?.image(&folder.path().join("no.png"));
        ask.run()?
            .must_fail(&["cannot read", "no.png", "check the path"])?;
        let ask = Ask::new(&model)?.args([
            "--messages".as_ref(),
            folder.path().join("no.json").as_os_str(),
        ]);
        ask.run()?
            .must_fail(&["cannot read", "no.json", "check the path"])?;
    }
    let ask = Ask::question(&model::tied(), "Why?")?.image(folder.path());
    ask.run()?.must_fail(&["cannot read", "check the path"])
}

/// What cannot be written does not cost the answer, nor what can be.
#[test]
fn files_that_cannot_be_written() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [nowhere, trace, tensors] =
        ["gone/file", "trace.json", "tensors.safetensors"].map(|name| folder.path().join(name));
    let ask = || {
        Ok::<_, anyhow::Error>(Ask::question(&model::tied(), "Why?")?.args(["--max-tokens", "3"]))
    };
    let expected = ask()?.run()?.answer()?.to_owned() + "\n";
    let run = |[trace, tensors]: [&Path; 2]| {
        let ask = ask()?.args(["--trace".as_ref(), trace.as_os_str()]);
        let run = ask
            .args(["--tensors".as_ref(), tensors.as_os_str()])
            .run()?;
        run.must_fail_after_answer(&["cannot write", "gone", "check the path"])?;
        ensure!(run.stdout == expected, "{run:?}");
        Ok(())
    };
    run([&trace, &nowhere])?;
    ensure!(Trace::from_json(&fs::read(&trace)?)?.tokens.len() == 3);
    run([&nowhere, &tensors])?;
    ensure!(
        Tensors::read(&tensors)?
            .integers("generated_ids")?
            .values
            .len()
            == 3
    );
    Ok(())
}

#[test]
fn a_prompt_longer_than_the_context() -> Result<()> {
    let folder = model::copy(&model::tied())?;
    let config = folder.path().join("config.json");
    for n_context in [1, 20, 40] {
        edit::json(&config, |config| {
            config["max_position_embeddings"] = json!(n_context)
        })?;
        let ask = Ask::question(folder.path(), "How many circles are there?")?;
        // As in the reference: 50 tokens, 12 of them of the image.
        let holds = format!("context holds {}", n_context - 1);
        let words = ["50 tokens", "12 of them", &holds, "max_pixels"];
        ask.image(&image("shapes_112x84.png"))
            .run()?
            .must_fail(&words)?;
    }
    Ok(())
}

#[test]
fn wrong_usage() -> Result<()> {
    let model = model::tied();
    let asks: [&[&str]; 6] = [
        &[],
        &["--question", "a", "--messages", "b"],
        &["--messages", "b", "--method", "cot"],
        &["--question", "a", "--max-tokens", "many"],
        &["--question", "a", "--seed", "-1"],
        &["--question", "a", "--loud"],
    ];
    for args in asks {
        let run = Ask::new(&model)?.args(args).run()?;
        ensure!(
            run.code == Some(2) && run.stdout.is_empty(),
            "{args:?}: {run:?}"
        );
        ensure!(
            run.stderr.starts_with("error: ") && run.stderr.contains("--help"),
            "{run:?}"
        );
    }
    let run = Ask::on(&model, "tpu")?.args(["--question", "a"]).run()?;
    ensure!(
        run.code == Some(2) && run.stderr.contains("gpu, cpu"),
        "{run:?}"
    );
    let run = Ask::new(&model)?.args(["--help"]).run()?;
    ensure!(
        run.code == Some(0) && run.stdout.contains("--question") && run.stderr.is_empty(),
        "{run:?}"
    );
    Ok(())
}
