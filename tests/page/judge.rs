//! What the page must have told and shown.

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::site::Site;

type Outcome = Result<(), Box<dyn Error>>;

/// Milliseconds of the longest task that held up the page.
pub fn longest_task_millis(seen: &Value) -> f64 {
    let tasks = list(seen, "longTasks").iter();
    let millis = tasks.filter_map(|task| task["duration"].as_f64());
    millis.fold(0.0, f64::max)
}

/// Bytes only grow and end at the whole.
pub fn progress(progress: &[Value]) {
    let loaded: Vec<u64> = progress
        .iter()
        .filter_map(|event| event["loaded_bytes"].as_u64())
        .collect();
    assert!(loaded.is_sorted(), "{loaded:?}");
    let total = progress
        .last()
        .and_then(|event| event["total_bytes"].as_u64());
    assert!(total.is_some_and(|total| total > 0), "{progress:?}");
    assert_eq!(loaded.last().copied(), total);
}

/// Each token was told once, as it came, with a map of the picture's size and shares of a whole.
pub fn tokens(trace: &Value, told: &[Value]) {
    let tokens = list(trace, "tokens");
    let ids = |tokens: &[Value]| {
        tokens
            .iter()
            .map(|token| token["id"].as_u64())
            .collect::<Vec<_>>()
    };
    assert!(
        !tokens.is_empty() && tokens.len() <= 24,
        "{} tokens",
        tokens.len()
    );
    assert_eq!(ids(tokens), ids(told));
    let at = |token: &Value| token["at"].as_f64().unwrap_or_default();
    let streamed = told.len() < 8 || told.first().map(at) < told.last().map(at);
    assert!(streamed, "all tokens came at once");

    let image = &trace["prompt"]["images"][0];
    let n_cells = image["rows"].as_u64().unwrap_or(0) * image["cols"].as_u64().unwrap_or(0);
    assert!(n_cells > 0, "{image}");
    for token in tokens {
        let map = STANDARD
            .decode(token["map"].as_str().unwrap_or_default())
            .unwrap_or_default();
        assert_eq!(map.len() as u64, n_cells);
        assert_eq!(
            map.iter().max(),
            Some(&255),
            "the largest probability is the scale"
        );
        assert!(
            token["map_max"]
                .as_f64()
                .is_some_and(|max| max > 0.0 && max <= 1.0),
            "{token}"
        );
        let shares: Option<Vec<f64>> = ["image", "question", "generated"]
            .iter()
            .map(|name| token["shares"][name].as_f64())
            .collect();
        let shares = shares.unwrap_or_default();
        assert!(
            shares.len() == 3 && shares.iter().all(|share| (0.0..=1.0).contains(share)),
            "{shares:?}"
        );
        let sum: f64 = shares.iter().sum();
        assert!((0.5..=1.001).contains(&sum), "{shares:?}");
    }
}

/// The answer, the light on the picture, the three figures and the chart are there to be seen.
pub fn shown(site: &Site, trace: &Value) -> Outcome {
    let shown = site.run(
        "return {
           colours: coloursOf(part('light')),
           shares: ['image', 'question', 'generated'].map((name) => part(`share-${name}`).textContent),
           answer: part('answer').textContent,
           charted: Number(element.shadowRoot.querySelector('[role=slider]').ariaValueMax),
         };",
        json!(null),
    )?;
    assert!(
        shown["colours"]
            .as_u64()
            .is_some_and(|n_colours| n_colours > 16),
        "the light is blank: {shown}"
    );
    for share in list(&shown, "shares") {
        let figure = share.as_str().unwrap_or_default();
        assert!(
            figure.bytes().any(|byte| byte.is_ascii_digit()),
            "no figure: {shown}"
        );
    }
    let tokens = list(trace, "tokens");
    assert_eq!(shown["charted"], tokens.len());
    let answer: String = tokens
        .iter()
        .filter_map(|token| token["text"].as_str())
        .collect();
    let word = answer
        .split(|letter: char| !letter.is_alphanumeric())
        .max_by_key(|word| word.len())
        .unwrap_or_default();
    let answered = shown["answer"]
        .as_str()
        .is_some_and(|answer| answer.contains(word));
    assert!(answered, "{word:?} of the answer is not shown: {shown}");
    Ok(())
}

/// One sentence, told by the promise, by the event and on the page.
pub fn failure(site: &Site, name: &str, outcome: &Value) -> Outcome {
    let message = outcome["error"]
        .as_str()
        .ok_or_else(|| format!("{name} was taken: {outcome}"))?;
    assert!(
        message.len() > 20 && !message.contains('\n'),
        "{name}: {message:?}"
    );
    for noise in [
        "panicked",
        "unreachable",
        "undefined",
        "[object",
        "RuntimeError",
        "JsValue",
    ] {
        assert!(!message.contains(noise), "{name}: {message:?}");
    }
    let seen = site.observed()?;
    let told = list(&seen, "errors")
        .iter()
        .any(|error| error["message"] == message);
    assert!(told, "{name}: no error event says {message:?}");
    let shown = site.run("return part('error')?.textContent ?? ''", json!(null))?;
    let is_shown = shown.as_str().is_some_and(|text| text.contains(message));
    assert!(is_shown, "{name}: {message:?} is not on the page: {shown}");
    Ok(())
}

/// A field that is a list; empty where it is none.
pub fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// The same tokens, and attention within 1e-3.
pub fn equals_native(tab: &Value, native: &Value) -> Outcome {
    let (tab, native) = (list(tab, "tokens"), list(native, "tokens"));
    let ids = |tokens: &[Value]| tokens.iter().map(|t| t["id"].as_u64()).collect::<Vec<_>>();
    assert_eq!(ids(tab), ids(native));
    for (tab, native) in tab.iter().zip(native) {
        for name in ["image", "question", "generated"] {
            near(&tab["shares"][name], &native["shares"][name], name);
        }
        near(&tab["map_max"], &native["map_max"], "map_max");
        for (tab, native) in probabilities(tab)?.iter().zip(probabilities(native)?) {
            assert!(
                (tab - native).abs() <= 1e-3,
                "{tab} in the tab, {native} natively"
            );
        }
    }
    Ok(())
}

fn near(tab: &Value, native: &Value, name: &str) {
    let difference = tab
        .as_f64()
        .zip(native.as_f64())
        .map(|(a, b)| (a - b).abs());
    assert!(
        difference.is_some_and(|d| d <= 1e-3),
        "{name}: {tab} in the tab, {native} natively"
    );
}

fn probabilities(token: &Value) -> Result<Vec<f64>, Box<dyn Error>> {
    let map = STANDARD.decode(token["map"].as_str().unwrap_or_default())?;
    let scale = token["map_max"].as_f64().unwrap_or_default() / 255.0;
    Ok(map.iter().map(|&byte| f64::from(byte) * scale).collect())
}
