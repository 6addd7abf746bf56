//! Choosing the picture: a file, a drop, a paste, a sample, an address or a scene.

use js_sys::Promise;
use leptos::prelude::*;
use trace::{Failure, ModelInfo, Trace};
use wasm_bindgen::JsValue;
use web_sys::{DataTransfer, File};

use crate::light::View;
use crate::picture::Picture;
use crate::run::{Phase, Run};

/// Reads `source` (a Blob, File, ImageBitmap or address) and puts it on the stage; the answer about
/// another picture goes, a recording that came without its picture stays when this may be the one. An unreadable one is the run's failure, the picture at hand stays.
pub fn choose_picture(run: Run, source: JsValue) {
    choose(run, source, false);
}

/// As [`choose_picture`], for one that the page's author chose for the model.
pub fn choose_fitting_picture(run: Run, source: JsValue) {
    choose(run, source, true);
}

fn choose(run: Run, source: JsValue, is_fitting: bool) {
    let turn = begin_turn(run);
    let is_awaited = run.lacks_picture();
    let reading = wasm_bindgen_futures::future_to_promise(async move {
        match Picture::read(&source).await {
            Ok(picture) => {
                // A picture that was chosen later may have been read sooner.
                if run.picture_turn.get_value() == turn {
                    if is_awaited {
                        run.view.set(View::default());
                        if !is_of_recording(run, &picture) {
                            forget_answer(run);
                        }
                    }
                    run.picture.set(Some(Picture {
                        is_fitting,
                        ..picture
                    }));
                }
                Ok(JsValue::UNDEFINED)
            }
            Err(error) => Err(error.to_string().into()),
        }
    });
    run.reading.set_value(Some(reading.clone()));
    if !run.phase.with_untracked(Phase::is_running) {
        if !is_awaited {
            forget_answer(run);
        }
        report(run, reading);
    }
}

/// Whether the answer at hand can be about this picture.
fn is_of_recording(run: Run, picture: &Picture) -> bool {
    run.trace.with_untracked(|trace| {
        let image = trace.prompt.images.first();
        image.is_some_and(|image| picture.has_size_of(image))
    })
}

/// Puts a picture that is at hand on the stage; the answer about another one goes.
pub fn show_picture(run: Run, picture: Picture) {
    begin_turn(run);
    run.reading.set_value(None);
    let is_fresh = run.phase.with_untracked(|phase| *phase == Phase::Idle)
        && run.trace.with_untracked(|trace| trace.tokens.is_empty());
    // An answer is set aside with the picture it is about.
    if !is_fresh {
        forget_answer(run);
    }
    run.picture.set(Some(picture));
}

/// From now on pictures that were chosen before are late.
pub fn begin_turn(run: Run) -> u32 {
    run.picture_turn
        .update_value(|turn| *turn = turn.wrapping_add(1));
    run.picture_turn.get_value()
}

/// Clears the page of the answer; it can be brought back.
pub fn forget_answer(run: Run) {
    run.phase.set(Phase::Idle);
    run.show(Trace::new(ModelInfo::default()));
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
