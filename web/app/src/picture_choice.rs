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
                    let picture = Picture {
                        is_fitting,
                        ..picture
                    };
                    let place = place_in_recording(run, &picture).filter(|_| is_awaited);
                    if let Some(image) = place {
                        let mut pictures = run.pictures();
                        pictures[image] = picture;
                        run.set_pictures(pictures, image);
                    } else {
                        if is_awaited {
                            forget_answer(run);
                        }
                        run.set_pictures(vec![picture], 0);
                    }
                    if is_awaited && !run.lacks_picture() {
                        run.view.set(View::default());
                    }
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

/// Which ground of the answer at hand this picture can take the place of: the one on the stage, or another.
fn place_in_recording(run: Run, picture: &Picture) -> Option<usize> {
    let pictures = run.pictures();
    let on_stage = run.looking.image.get_untracked();
    run.trace.with_untracked(|trace| {
        let fits = |&image: &usize| {
            let of_prompt = trace.prompt.images.get(image);
            let is_empty = pictures.get(image).is_some_and(Picture::is_ground);
            is_empty && of_prompt.is_some_and(|of_prompt| picture.has_size_of(of_prompt))
        };
        [on_stage].into_iter().chain(0..pictures.len()).find(fits)
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
    run.set_pictures(vec![picture], 0);
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
