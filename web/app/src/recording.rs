//! Recorded answers: a trace as an object of the page, and back.

use js_sys::{JSON, JsString};
use trace::Trace;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// The trace as a plain object, field for field what its file holds.
pub fn object_of_trace(trace: &Trace) -> JsValue {
    let json = trace.to_json().unwrap_or_default();
    JSON::parse(&json).unwrap_or(JsValue::NULL)
}

/// Reads a trace given as an object or as the text of a trace file; the error is for the reader.
pub fn trace_of(recorded: &JsValue) -> Result<Trace, String> {
    let json = match recorded.dyn_ref::<JsString>() {
        Some(json) => json.clone(),
        None => JSON::stringify(recorded)
            .map_err(|_| "This is no recorded answer; pass a trace object or its JSON.")?,
    };
    Trace::from_json(String::from(json).as_bytes()).map_err(|error| error.to_string())
}

/// Fetches the trace file at `url`.
pub async fn fetch_trace(url: &str) -> Result<Trace, String> {
    let missing = |_: JsValue| {
        format!("The recorded answer {url} did not arrive; check its address and the network.")
    };
    let window = web_sys::window().ok_or_else(|| missing(JsValue::NULL))?;
    let response: Response = JsFuture::from(window.fetch_with_str(url))
        .await
        .map_err(missing)?
        .unchecked_into();
    if !response.ok() {
        let status = response.status();
        return Err(format!(
            "The recorded answer {url} was not found (HTTP status {status}); check its address."
        ));
    }
    let json = JsFuture::from(response.text().map_err(missing)?)
        .await
        .map_err(missing)?;
    trace_of(&json)
}
