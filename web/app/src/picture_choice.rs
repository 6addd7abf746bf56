//! Choosing the picture: a file, a drop, a paste, a sample or an address.

use js_sys::Promise;
use leptos::prelude::*;
use trace::{Failure, ModelInfo, Trace};
use wasm_bindgen::JsValue;
use web_sys::{DataTransfer, File};

use crate::picture::Picture;
use crate::run::{Phase, Run};

/// Reads `source` (a Blob, File, ImageBitmap or address) and puts it on the stage; the answer about
/// another picture goes. An unreadable one is the run's failure, the picture at hand stays.
pub fn choose_picture(run: Run, source: JsValue) {
    let reading = wasm_bindgen_futures::future_to_promise(async move {
        match Picture::read(&source).await {
            Ok(picture) => {
                run.picture.set(Some(picture));
                Ok(JsValue::UNDEFINED)
            }
            Err(error) => Err(error.to_string().into()),
        }
    });
    run.reading.set_value(Some(reading.clone()));
    if !run.phase.with_untracked(Phase::is_running) {
        run.phase.set(Phase::Idle);
        run.show(Trace::new(ModelInfo::default()));
        report(run, reading);
    }
}

/// A question that waits for the picture reports the failure itself.
fn report(run: Run, reading: Promise) {
    leptos::task::spawn_local(async move {
        if let Err(message) = wasm_bindgen_futures::JsFuture::from(reading).await
            && !run.phase.with_untracked(Phase::is_running)
        {
            let message = message.as_string().unwrap_or_default();
            run.phase.set(Phase::Failed(Failure {
                message,
                ..Failure::default()
            }));
            run.reading.set_value(None);
        }
    });
}

/// The first file of a drop or a paste.
pub fn file_of(data: &DataTransfer) -> Option<File> {
    data.files()?.get(0)
}
