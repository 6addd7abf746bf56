//! The built page in headless Chromium: `cargo xtask test` names its folder in `LOOKBACK_DIST`.

mod access;
mod browser;
mod compared;
mod counted;
mod cpu;
mod embed;
mod gallery;
mod judge;
mod keep;
mod link;
mod maker;
mod memory;
mod model;
mod offline;
mod played;
mod recorded;
mod replay;
mod see;
mod site;
mod wgsl;

use std::error::Error;

use serde_json::json;

use crate::browser::WebGpu;
use crate::site::Site;

type Outcome = Result<(), Box<dyn Error>>;

const PICTURE: &str = "samples/shapes.png";
const QUESTION: &str = "How many red objects are there?";

/// The longest task that no reader notices.
const TASK_MILLIS: f64 = 50.0;

/// Answers until one must come without such a task.
const N_TRIES: usize = 5;

/// What a frame and two messages may take on a busy machine: tokens made meanwhile are no fault.
const MESSAGE_MILLIS: f64 = 100.0;

#[test]
fn a_question_gets_tokens_shares_and_a_map() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    site.photograph("form")?;

    let loaded = site.load_own_model()?;
    assert!(loaded.get("error").is_none(), "{loaded}");
    judge::progress(judge::list(&site.observed()?, "progress"));

    let answer = site.ask(PICTURE, QUESTION, 24)?;
    assert!(answer.get("error").is_none(), "{answer}");
    let trace = &answer["value"];
    let seen = site.observed()?;
    assert_eq!(trace["format"], "lookback-trace/1");
    assert_eq!(trace["prompt"]["question"], QUESTION);
    assert!(
        trace["stop"] == "end" || trace["stop"] == "length",
        "{}",
        trace["stop"]
    );
    judge::tokens(trace, judge::list(&seen, "tokens"));
    assert_eq!(judge::list(&seen, "done").len(), 1);
    assert_eq!(judge::list(&seen, "errors").len(), 0);

    judge::shown(&site, trace)?;
    site.photograph("answered")?;
    assert_eq!(
        judge::list(&seen, "uncaught").len(),
        0,
        "{}",
        seen["uncaught"]
    );
    assert_eq!(site.browser.console_errors()?, Vec::<String>::new());
    Ok(())
}

/// The software GPU takes every core, so one answer proves nothing; a page at fault is held up in each.
#[test]
fn the_main_thread_is_free_while_an_answer_comes() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let loaded = site.load_own_model()?;
    assert!(loaded.get("error").is_none(), "{loaded}");
    let mut longest_millis = Vec::new();
    for _ in 0..N_TRIES {
        site.observed()?;
        let answer = site.ask(PICTURE, QUESTION, 24)?;
        assert!(answer.get("error").is_none(), "{answer}");
        let longest = judge::longest_task_millis(&site.observed()?);
        if longest <= TASK_MILLIS {
            return Ok(());
        }
        longest_millis.push(longest);
    }
    Err(format!("tasks of {longest_millis:?} ms held up the page, one in each answer").into())
}

#[test]
fn stop_ends_the_answer_and_the_next_one_begins() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let loaded = site.load_own_model()?;
    assert!(loaded.get("error").is_none(), "{loaded}");

    let stopped = site.run(
        "let n_seen = 0, n_at_stop = 0;
         const answer = element.ask({ ...arguments[0], maxTokens: 400, seed: 1 });
         element.addEventListener('token', () => { if (++n_seen === 3) { n_at_stop = n_seen; element.stop(); } });
         const outcome = await settled(answer);
         return { ...outcome, n_at_stop };",
        json!({ "image": PICTURE, "question": QUESTION }),
    )?;
    assert!(stopped.get("error").is_none(), "{stopped}");
    assert_eq!(stopped["value"]["stop"], "stopped", "{stopped}");
    let tokens = judge::list(&stopped["value"], "tokens");
    let n_at_stop = stopped["n_at_stop"].as_u64().unwrap_or_default() as usize;
    assert!(tokens.len() >= n_at_stop, "the trace lost tokens");
    let beyond_one_millis: f64 = tokens[n_at_stop..]
        .iter()
        .skip(1)
        .filter_map(|token| token["millis"].as_f64())
        .sum();
    assert!(
        beyond_one_millis <= MESSAGE_MILLIS,
        "stop took {beyond_one_millis} ms more than one token"
    );

    let again = site.ask(PICTURE, QUESTION, 4)?;
    assert_ne!(judge::list(&again["value"], "tokens").len(), 0, "{again}");
    Ok(())
}

#[test]
fn failures_say_what_to_do_and_the_engine_answers_afterwards() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    for model in [
        "models/none/",
        "models/foreign/",
        "models/cut/",
        "models/flipped/",
    ] {
        let outcome = site.load(model)?;
        judge::failure(&site, model, &outcome)?;
    }
    site.photograph("model-missing")?;

    let loaded = site.load_own_model()?;
    assert!(loaded.get("error").is_none(), "{loaded}");
    for (name, body) in [
        (
            "no image",
            "new Blob(['no image at all'], { type: 'image/png' })",
        ),
        ("a picture that is not there", "'samples/none.png'"),
        ("an empty file", "new Blob([], { type: 'image/png' })"),
    ] {
        let body = format!(
            "return await settled(element.ask({{ image: {body}, question: arguments[0] }}))"
        );
        let outcome = site.run(&body, json!(QUESTION))?;
        judge::failure(&site, name, &outcome)?;
    }
    judge::failure(&site, "an empty question", &site.ask(PICTURE, "  ", 4)?)?;

    let again = site.ask(PICTURE, QUESTION, 4)?;
    assert_ne!(judge::list(&again["value"], "tokens").len(), 0, "{again}");
    let uncaught = &site.observed()?["uncaught"];
    assert_eq!(*uncaught, json!([]));
    // The browser itself reports every address that is not there.
    let own = site
        .browser
        .console_errors()?
        .into_iter()
        .filter(|line| !line.contains("404"));
    assert_eq!(own.collect::<Vec<_>>(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_person_chooses_a_sample_asks_and_stops() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let seen = site.run(
        "const until = async (what, isSo) => {
           for (let n = 0; !isSo(); n++) {
             if (n > 2000) throw new Error(`waited in vain for ${what}`);
             await new Promise((done) => setTimeout(done, 50));
           }
         };
         await until('the sample pictures', () => element.shadowRoot.querySelectorAll('button.sample').length > 1);
         element.shadowRoot.querySelectorAll('button.sample')[1].click();
         await until('its question', () => part('question').value !== '');
         part('question').value = arguments[0];
         part('question').dispatchEvent(new InputEvent('input', { bubbles: true }));
         part('ask').click();
         await until('tokens', () => observed.tokens.length > 2 || observed.errors.length > 0);
         const whileAnswering = part('ask').textContent;
         document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
         await until('the end', () => observed.done.length + observed.errors.length > 0);
         return { whileAnswering, afterwards: part('ask').textContent, done: observed.done[0], errors: observed.errors };",
        json!(QUESTION),
    )?;
    assert_eq!(seen["errors"], json!([]));
    assert_eq!(
        (&seen["whileAnswering"], &seen["afterwards"]),
        (&json!("Stop"), &json!("Ask"))
    );
    assert_eq!(seen["done"]["stop"], "stopped");
    assert_eq!(seen["done"]["prompt"]["question"], QUESTION);
    assert_eq!(
        seen["done"]["prompt"]["images"].as_array().map(Vec::len),
        Some(1)
    );
    site.photograph("stopped")
}

#[test]
fn the_tab_computes_what_the_command_line_computes() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let native = site::native_trace(PICTURE, QUESTION, 16)?;
    let answer = site.ask(PICTURE, QUESTION, 16)?;
    assert!(answer.get("error").is_none(), "{answer}");
    judge::equals_native(&answer["value"], &native)?;

    // What this adapter would not choose by itself: words, packed bytes, keys and values in halves, subgroups, of four lanes
    // here, and its own conversion of halves.
    let others = site.run(
        "const [adapter] = localStorage['lookback-tuning'].split('\\n');
         return localStorage['lookback-tuning'] = `${adapter}\\n32x4w,bytes,8,f16,4,1`;",
        json!(null),
    )?;
    site.visit(&site.url())?;
    let answer = site.ask(PICTURE, QUESTION, 16)?;
    assert!(answer.get("error").is_none(), "{answer}");
    judge::equals_native(&answer["value"], &native)?;
    let used = site.run("return localStorage['lookback-tuning']", json!(null))?;
    assert_eq!(used, others, "the engine chose by itself");
    Ok(())
}

#[test]
fn a_lost_gpu_is_told_and_the_next_question_is_answered() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    site.run(
        "let n_seen = 0;
         element.addEventListener('token', () => n_seen++);
         window.answer = settled(element.ask({ ...arguments[0], maxTokens: 400, seed: 1 }));
         for (let n = 0; n_seen < 3 && n < 1000; n++) await new Promise((done) => setTimeout(done, 20));",
        json!({ "image": PICTURE, "question": QUESTION }),
    )?;
    site.browser
        .devtools("Browser.crashGpuProcess", json!({}))?;
    let outcome = site.run("return await window.answer", json!(null))?;
    judge::failure(&site, "a lost GPU", &outcome)?;
    let message = outcome["error"].as_str().unwrap_or_default();
    assert!(message.contains("GPU was lost"), "{message}");
    let again = site.ask(PICTURE, QUESTION, 4)?;
    assert_ne!(judge::list(&again["value"], "tokens").len(), 0, "{again}");
    Ok(())
}
