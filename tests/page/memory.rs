//! How much memory the tab takes, and what it says where there is too little.

use std::fs;

use serde_json::json;

use crate::browser::WebGpu;
use crate::model::write_with_rows;
use crate::site::Site;
use crate::{Outcome, PICTURE, QUESTION, judge};

/// What the engine's heap may reach whatever the model's size (issue 2).
const HEAP_MEGABYTES: f64 = 128.0;
/// Rows of the enlarged vocabulary; 72 numbers of 4 bytes each make 173 MB.
pub const N_ROWS: usize = 600_000;

/// A model larger than the limit passes through the heap chunk by chunk.
#[test]
fn the_heap_does_not_grow_with_the_model() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let model = site.models().join("large");
    write_with_rows(N_ROWS, &model)?;
    let n_bytes: u64 = fs::read_dir(&model)?
        .map(|entry| Ok(entry?.metadata()?.len()))
        .sum::<std::io::Result<u64>>()?;
    assert!(
        n_bytes as f64 > 1e6 * HEAP_MEGABYTES,
        "{n_bytes} bytes are no test"
    );

    let loaded = site.load("models/large/")?;
    assert!(loaded.get("error").is_none(), "{loaded}");
    let figures = site.run("return part('figures').textContent", json!(null))?;
    let figures = figures.as_str().unwrap_or_default();
    let heap = megabytes_before(figures, " in wasm");
    let heap = heap.ok_or_else(|| format!("no figure for wasm in {figures:?}"))?;
    assert!(
        heap <= HEAP_MEGABYTES,
        "{heap} MB for a model of {n_bytes} bytes"
    );

    let answer = site.ask(PICTURE, QUESTION, 2)?;
    assert!(answer.get("error").is_none(), "{answer}");
    Ok(())
}

/// The number of megabytes that a text names before these words.
fn megabytes_before(text: &str, words: &str) -> Option<f64> {
    let before = text[..text.find(words)?].strip_suffix("MB")?.trim_end();
    let digits = before
        .rfind(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or(0, |at| at + 1);
    before.get(digits..)?.trim().parse().ok()
}

/// The browser's own report of an allocation that failed, when the worker asks for more than 64 KB in all; what
/// is asked for afterwards succeeds, as a smaller model would.
#[test]
fn a_gpu_with_too_little_memory_is_told() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    site.set_worker_prelude(
        "let left_bytes = 65536;
         const own = GPUDevice.prototype.createBuffer;
         GPUDevice.prototype.createBuffer = function (descriptor) {
           left_bytes -= descriptor.size;
           if (left_bytes < 0) {
             left_bytes = Infinity;
             const error = new GPUOutOfMemoryError('Failed to allocate memory for buffer mapping');
             this.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error, cancelable: true }));
           }
           return own.call(this, descriptor);
         }",
    )?;
    let outcome = site.load_own_model()?;
    judge::failure(&site, "too little memory", &outcome)?;
    let message = outcome["error"].as_str().unwrap_or_default();
    assert!(message.contains("memory"), "{message}");

    let again = site.ask(PICTURE, QUESTION, 4)?;
    assert_ne!(judge::list(&again["value"], "tokens").len(), 0, "{again}");
    Ok(())
}
