//! The worker's side of the message channel.

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use trace::{Event, Failure};
use wasm_bindgen::JsCast;
use web_sys::DedicatedWorkerGlobalScope;

/// The worker's global scope.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Posts an event to the page.
pub fn post(event: &Event) {
    let posted = event
        .serialize(&Serializer::json_compatible())
        .map_err(wasm_bindgen::JsValue::from)
        .and_then(|message| scope().post_message(&message));
    // Plain data can always be cloned; if not, the page hears it as the worker's own error.
    if let Err(error) = posted {
        wasm_bindgen::throw_val(error);
    }
}

/// Posts a failure; `detail` is for a report.
pub fn post_failure(message: String, detail: String, fatal: bool) {
    post(&Event::Error(Failure {
        message,
        detail,
        fatal,
    }));
}

/// Milliseconds since the worker began.
pub fn now_millis() -> f64 {
    scope()
        .performance()
        .map_or(0.0, |performance| performance.now())
}
