//! Where there is no GPU: the processor answers, and the page says so.

use serde_json::json;

use crate::browser::WebGpu;
use crate::memory::N_ROWS;
use crate::model::write_with_rows;
use crate::site::{self, Site};
use crate::{Outcome, PICTURE, QUESTION, judge, see};

#[test]
fn without_webgpu_the_processor_answers_what_the_command_line_answers() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    let adapter = site.run(
        "return Boolean(await navigator.gpu?.requestAdapter())",
        json!(null),
    )?;
    assert_eq!(adapter, json!(false), "this browser was to have no WebGPU");
    let answer = site.ask(PICTURE, QUESTION, 16)?;
    assert!(answer.get("error").is_none(), "{answer}");
    judge::equals_native(
        &answer["value"],
        &site::native_trace(PICTURE, QUESTION, 16)?,
    )?;

    let shown = site.run(
        "return { notice: part('device').textContent, figures: part('figures').textContent }",
        json!(null),
    )?;
    let says = |part: &str, words: &str| {
        let text = shown[part].as_str().unwrap_or_default();
        assert!(
            text.contains(words),
            "{part} does not say {words:?}: {shown}"
        );
    };
    says("notice", "WebGPU");
    says("notice", "Firefox from 141");
    says("figures", "for the processor");
    let seen = site.observed()?;
    let workers = judge::list(&seen, "workers");
    let is_cpu = |url: &serde_json::Value| {
        url.as_str()
            .is_some_and(|url| url.ends_with("worker_cpu_loader.js"))
    };
    assert!(
        workers.len() == 1 && workers.iter().all(is_cpu),
        "{workers:?}"
    );
    assert_eq!(seen["uncaught"], json!([]));
    site.photograph("no-webgpu")
}

#[test]
fn a_large_model_is_refused_without_webgpu() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    write_with_rows(N_ROWS, &site.models().join("large"))?;
    let outcome = site.load("models/large/")?;
    judge::failure(&site, "a large model", &outcome)?;
    let message = outcome["error"].as_str().unwrap_or_default();
    assert!(
        message.contains("64 MB") && message.contains("WebGPU"),
        "{message}"
    );
    site.photograph("too-large-for-the-processor")
}

/// The browser's WebGPU is SwiftShader, which the page has to notice by itself.
#[test]
fn a_software_gpu_is_tried_against_the_processor_once() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    site.run("localStorage.removeItem('lookback-device')", json!(null))?;
    let answer = site.ask(PICTURE, QUESTION, 4)?;
    assert!(answer.get("error").is_none(), "{answer}");
    let state = "return {
       kept: localStorage['lookback-device'],
       notice: part('device').textContent,
       workers: observed.workers.map((url) => url.split('/').pop()),
     }";
    let seen = site.run(state, json!(null))?;
    let script = match seen["kept"].as_str() {
        Some("cpu") => "worker_cpu_loader.js",
        Some("gpu") => "worker_loader.js",
        _ => return Err(format!("nothing was chosen: {seen}").into()),
    };
    assert_eq!(
        seen["workers"],
        json!(["worker_cpu_loader.js", "worker_loader.js", script]),
        "{seen}"
    );
    let notice = seen["notice"].as_str().unwrap_or_default();
    assert!(
        notice.contains("WebGPU runs on the processor here"),
        "{seen}"
    );

    let again = site.ask(PICTURE, QUESTION, 4)?;
    assert!(again.get("error").is_none(), "{again}");
    assert_eq!(site.run(state, json!(null))?["workers"], seen["workers"]);
    Ok(())
}

/// What was chosen for this adapter by this release is handed to the engine, and nothing else is.
#[test]
fn what_the_tuner_chose_is_remembered() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    site.run(
        "window.loads = [];
         const own = Worker.prototype.postMessage;
         Worker.prototype.postMessage = function (message, ...rest) {
           if (message?.kind === 'load') loads.push(message.tuning);
           return own.call(this, message, ...rest);
         };",
        json!(null),
    )?;
    let loaded = site.load_own_model()?;
    assert!(loaded.get("error").is_none(), "{loaded}");
    let kept = site.run("return localStorage['lookback-tuning']", json!(null))?;
    let chosen = kept.as_str().and_then(|kept| kept.split('\n').nth(1));
    assert!(chosen.is_some_and(|chosen| chosen.contains('x')), "{kept}");
    let again = site.load("models/flipped/")?;
    assert!(again.get("error").is_some(), "{again}");
    site.run(
        "localStorage['lookback-tuning'] = '0.0.0 another/adapter\\n64x4,8'",
        json!(null),
    )?;
    let third = site.load_own_model()?;
    assert!(third.get("error").is_none(), "{third}");
    let seen = site.run("return loads", json!(null))?;
    assert_eq!(seen, json!(["", chosen, ""]));
    Ok(())
}

/// Some browsers offer WebGPU to pages before they offer it to workers.
#[test]
fn where_workers_have_no_webgpu_the_processor_answers() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    site.set_worker_prelude("delete WorkerNavigator.prototype.gpu")?;
    let answer = site.ask(PICTURE, QUESTION, 4)?;
    assert!(answer.get("error").is_none(), "{answer}");
    let notice = site.run("return part('device').textContent", json!(null))?;
    assert!(
        notice
            .as_str()
            .is_some_and(|notice| notice.contains("no WebGPU")),
        "{notice}"
    );
    Ok(())
}

/// Where a driver is blocked `navigator.gpu` is there and finds nothing: for the page, or for its worker alone.
#[test]
fn where_workers_get_no_adapter_the_processor_answers() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    site.set_worker_prelude("GPU.prototype.requestAdapter = async () => null")?;
    let answer = site.ask(PICTURE, QUESTION, 4)?;
    assert!(answer.get("error").is_none(), "{answer}");
    assert_eq!(judge::list(&answer["value"], "tokens").len(), 4, "{answer}");
    let shown = site.run(
        "return {
           notice: part('device').textContent,
           figures: part('figures').textContent,
           workers: observed.workers.map((url) => url.split('/').pop()),
         }",
        json!(null),
    )?;
    let says = |part: &str, words: &str| {
        let text = shown[part].as_str();
        assert!(text.is_some_and(|text| text.contains(words)), "{shown}");
    };
    says("notice", "found no GPU");
    says("figures", "for the processor");
    assert_eq!(
        shown["workers"],
        json!(["worker_loader.js", "worker_cpu_loader.js"])
    );
    let seen = site.observed()?;
    assert_eq!(
        (&seen["errors"], &seen["uncaught"]),
        (&json!([]), &json!([]))
    );
    site.photograph("no-adapter")
}

/// The picture, the browser and the model each have something to say.
#[test]
fn notices_take_one_line_and_move_nothing() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    for (width_px, height_px) in [(360, 740), (1280, 800)] {
        site.browser.resize(width_px, height_px)?;
        site.visit(&site.url())?;
        let seen = see::run(
            &site,
            "await until('the picture', () => part('light'));
             const line = part('first-notice'), more = part('all-notices');
             const place = () => {
               const { top, height } = line.parentElement.getBoundingClientRect();
               return { top, height, answer: part('answer').getBoundingClientRect().top };
             };
             const isShown = (node) => node.checkVisibility({ visibilityProperty: true });
             const vacant = { ...place(), isOffered: isShown(more.querySelector('summary')) };
             await element.load(element.getAttribute('model'));
             await until('the notice', () => line.textContent !== '');
             const two = { ...place(), line: line.textContent, offer: more.querySelector('summary').textContent };
             element.setAttribute('src', 'samples/digits.png');
             await until('three', () => more.querySelector('summary').textContent === 'All 3');
             await followed();
             const three = { ...place(), line: line.textContent, isCalm: !isShown(part('device')) };
             more.querySelector('summary').click();
             await followed();
             const box = more.querySelector('div').getBoundingClientRect();
             const open = { ...place(), shown: ['foreign-picture', 'device', 'notice'].map((name) => isShown(part(name)) && text(part(name))),
               isInside: box.left >= 0 && box.right <= innerWidth };
             return { vacant, two, three, open };",
            json!(null),
        )?;
        for state in ["two", "three", "open"] {
            for side in ["top", "height", "answer"] {
                assert_eq!(
                    seen[state][side], seen["vacant"][side],
                    "{width_px}: {seen}"
                );
            }
        }
        assert_eq!(seen["vacant"]["isOffered"], false, "{seen}");
        assert_eq!(seen["two"]["offer"], "All 2", "{seen}");
        let begins = |line: &serde_json::Value, words: &str| {
            let line = line.as_str();
            assert!(line.is_some_and(|line| line.starts_with(words)), "{seen}");
        };
        begins(
            &seen["two"]["line"],
            "No GPU was found: the processor answers.",
        );
        begins(&seen["three"]["line"], "This model knows");
        assert_eq!(seen["three"]["isCalm"], true, "{seen}");
        begins(&seen["open"]["shown"][0], "This model knows");
        begins(&seen["open"]["shown"][1], "This browser has WebGPU but");
        begins(&seen["open"]["shown"][2], "A small model");
        assert_eq!(seen["open"]["isInside"], true, "{seen}");
    }
    site.photograph("notices")
}
