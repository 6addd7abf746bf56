//! What one token costs beyond arithmetic, counted at WebGPU's own door inside the worker: exact, so asserted. What
//! the CPU spends on it is told, not judged.

use std::io::Write;

use serde_json::{Value, json};

use crate::browser::WebGpu;
use crate::model::write_with_layers;
use crate::site::Site;
use crate::{Outcome, PICTURE, QUESTION};

const COUNT: &str = include_str!("counted.js");

/// Tokens before the step is recorded: two that compile, and those that are queued ahead.
const N_WARM: usize = 6;
const N_TOKEN: usize = 24;

#[test]
fn a_token_costs_what_it_must() -> Outcome {
    check("models/demo/", 4, |_| Ok(()))
}

/// The layers of Qwen2.5-VL-3B, whose head is the embedding; narrow, for the width changes no count.
#[test]
fn a_token_of_36_layers_costs_what_it_must() -> Outcome {
    check("models/deep/", 36, |site| {
        write_with_layers("f-tied", 36, &site.models().join("deep"))
    })
}

/// The layers of Qwen2.5-VL-7B, with a head of its own.
#[test]
fn a_token_of_28_layers_costs_what_it_must() -> Outcome {
    check("models/deep/", 28, |site| {
        write_with_layers("f-untied", 28, &site.models().join("deep"))
    })
}

fn check(model: &str, n_layer: u64, make: impl FnOnce(&Site) -> Outcome) -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    make(&site)?;
    let script = json!({ "source": COUNT });
    site.browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", script)?;
    site.visit(&site.url())?;
    let loaded = site.load(model)?;
    assert!(loaded.get("error").is_none(), "{loaded}");
    let answer = site.ask(PICTURE, QUESTION, N_TOKEN as u32)?;
    assert!(answer.get("error").is_none(), "{answer}");

    let log = site.run(
        "const channel = new BroadcastChannel('counted');
         const log = new Promise((heard) => { channel.onmessage = ({ data }) => heard(data); });
         channel.postMessage('log');
         return await log;",
        json!(null),
    )?;
    let log = log.as_array().ok_or("no worker counts")?;
    // A model with random weights may say by chance that it is done.
    assert!(log.len() > N_WARM + 8, "{log:?}");
    let mut asking_millis = Vec::new();
    // The last token queues none after it.
    for (index, pair) in log.windows(2).enumerate().take(log.len() - 2).skip(N_WARM) {
        let cost = |name: &str| {
            let of = |counts: &Value| counts[name].as_u64().unwrap_or(u64::MAX);
            of(&pair[1]) - of(&pair[0])
        };
        let token = index + 1;
        // Six of a layer (issue 4), and embedding, head, scan, choice and read-out.
        assert_eq!(
            cost("dispatches"),
            6 * n_layer + 5,
            "token {token}: {pair:?}"
        );
        assert!(cost("submits") <= 2, "token {token}: {pair:?}");
        assert_eq!(cost("reads"), 1, "token {token}: {pair:?}");
        assert!(cost("read_bytes") <= 4096, "token {token}: {pair:?}");
        assert_eq!(cost("buffers"), 0, "token {token}: {pair:?}");
        assert!(cost("writes") <= 1, "token {token}: {pair:?}");
        assert!(cost("written_bytes") <= 1024, "token {token}: {pair:?}");
        let millis = |counts: &Value| counts["asking_millis"].as_f64().unwrap_or(f64::NAN);
        asking_millis.push(millis(&pair[1]) - millis(&pair[0]));
    }
    asking_millis.sort_by(f64::total_cmp);
    // Past the test's capture: a figure of the README.
    writeln!(
        std::io::stderr(),
        "a token of {n_layer} layers: {:.2} ms of the worker's thread go into asking for it (median of {})",
        asking_millis[asking_millis.len() / 2],
        asking_millis.len(),
    )?;
    Ok(())
}
