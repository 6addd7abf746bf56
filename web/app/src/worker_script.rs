//! Starting the engine's worker from any origin.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag, Url, Worker, WorkerOptions, WorkerType};

/// Starts `script` of the folder `base` as a module worker.
///
/// A worker's script must be of the document's own origin; its imports need not.
/// Embedded from elsewhere, a script of one line imports the real one: when it runs, for a security policy takes
/// such an import for a script, one at the head of the file for a worker. A failure becomes the worker's error.
pub fn start(base: &str, script: &str) -> Result<Worker, JsValue> {
    let url = Url::new_with_base(script, base)?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let window = web_sys::window().ok_or("there is no window")?;
    if url.origin() == window.location().origin()? {
        return Worker::new_with_options(&url.href(), &options);
    }
    let import = format!(
        "import({}).catch((error) => setTimeout(() => {{ throw error; }}));",
        js_sys::JSON::stringify(&url.href().into())?
    );
    let kind = BlobPropertyBag::new();
    kind.set_type("text/javascript");
    let script = Blob::new_with_str_sequence_and_options(&Array::of1(&import.into()), &kind)?;
    let script_url = Url::create_object_url_with_blob(&script)?;
    let worker = Worker::new_with_options(&script_url, &options);
    Url::revoke_object_url(&script_url)?;
    worker
}
