//! What one token costs beyond arithmetic, counted at WebGPU's own door inside the worker: exact, so asserted.

use serde_json::{Value, json};

use crate::browser::WebGpu;
use crate::site::Site;
use crate::{Outcome, PICTURE, QUESTION};

const COUNT: &str = include_str!("counted.js");

/// Layers of the model that the page ships.
const N_LAYER: u64 = 4;
/// Kernels of a layer (issue 4), and of embedding, head, scan, choice and read-out.
const N_DISPATCH: u64 = 6 * N_LAYER + 5;
/// Tokens before the step is recorded: two that compile, and those that are queued ahead.
const N_WARM: usize = 6;
const N_TOKEN: usize = 24;

#[test]
fn a_token_costs_what_it_must() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let script = json!({ "source": COUNT });
    site.browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", script)?;
    site.visit(&site.url())?;
    let loaded = site.load_own_model()?;
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
    assert_eq!(log.len(), N_TOKEN, "{log:?}");
    // The last token queues none after it.
    for (index, pair) in log.windows(2).enumerate().take(N_TOKEN - 2).skip(N_WARM) {
        let cost = |name: &str| {
            let of = |counts: &Value| counts[name].as_u64().unwrap_or(u64::MAX);
            of(&pair[1]) - of(&pair[0])
        };
        let token = index + 1;
        assert_eq!(cost("dispatches"), N_DISPATCH, "token {token}: {pair:?}");
        assert!(cost("submits") <= 2, "token {token}: {pair:?}");
        assert_eq!(cost("reads"), 1, "token {token}: {pair:?}");
        assert!(cost("read_bytes") <= 4096, "token {token}: {pair:?}");
        assert_eq!(cost("buffers"), 0, "token {token}: {pair:?}");
        assert!(cost("writes") <= 1, "token {token}: {pair:?}");
        assert!(cost("written_bytes") <= 1024, "token {token}: {pair:?}");
    }
    Ok(())
}
