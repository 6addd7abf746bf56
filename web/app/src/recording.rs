//! Recorded answers: a trace as an object of the page, and back; its picture.

use js_sys::{JSON, JsString};
use leptos::prelude::*;
use trace::{ModelInfo, PromptImage, Trace};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::light::View;
use crate::maker::world::is_made_for_scenes;
use crate::picture::Picture;
use crate::picture_choice::begin_turn;
use crate::run::{Phase, Run};

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

/// Shows a recorded answer with its pictures: played, or at its end. False, and nothing happens, when
/// another picture or a question came in between.
pub async fn show_recording(run: Run, mut trace: Trace, plays: bool) -> bool {
    let files = trace.prompt.images.iter_mut();
    let files: Vec<_> = files.map(|image| std::mem::take(&mut image.file)).collect();
    let turn = run.picture_turn.get_value();
    let mut pictures = Vec::new();
    for (image, file) in trace.prompt.images.iter().zip(&files) {
        // Without a canvas there is none, nor any that follows: each stays with its own light.
        let Some(picture) = picture_of(run, image, file, &trace.model).await else {
            break;
        };
        pictures.push(picture);
    }
    if run.picture_turn.get_value() != turn || run.phase.with_untracked(Phase::is_running) {
        return false;
    }
    run.question.set(trace.prompt.question.clone());
    run.open_recording(trace, plays);
    run.phase.set(Phase::Idle);
    if pictures.is_empty() {
        run.set_pictures(run.picture.get_untracked().into_iter().collect(), 0);
        return true;
    }
    begin_turn(run);
    run.reading.set_value(None);
    if pictures.iter().any(Picture::is_ground) {
        run.view.set(View::Cells);
    }
    run.set_pictures(pictures, 0);
    true
}

/// The picture that came along; else the one at hand, if it is of that name and size; else a ground.
async fn picture_of(
    run: Run,
    image: &PromptImage,
    file: &[u8],
    model: &ModelInfo,
) -> Option<Picture> {
    if !file.is_empty()
        && let Ok(picture) = Picture::of_file(file, image.name.clone()).await
    {
        return Some(Picture {
            is_fitting: is_made_for_scenes(model),
            ..picture
        });
    }
    if let Some(reading) = run.reading.get_value() {
        // One that cannot be read is reported where it was chosen.
        let _ = JsFuture::from(reading).await;
    }
    let mut at_hand = run.pictures().into_iter();
    let is_it = |picture: &Picture| picture.name == image.name && picture.has_size_of(image);
    at_hand.find(is_it).or_else(|| {
        let size_px = match (image.width_px, image.height_px) {
            (0, _) | (_, 0) => (image.cols, image.rows),
            size_px => size_px,
        };
        Picture::ground(image.name.clone(), size_px).ok()
    })
}

/// Says how to add the picture of a recording that came without it.
#[component]
pub fn GroundNotice(run: Run) -> impl IntoView {
    let words = move || {
        // The same whichever of several pictures is on the stage: nothing moves.
        let of_gallery = run
            .gallery
            .with(|gallery| gallery.iter().position(Picture::is_ground));
        let is_ground =
            |picture: &Option<Picture>| picture.as_ref().is_some_and(Picture::is_ground);
        let missing = of_gallery.or(run.picture.with(is_ground).then_some(0))?;
        run.trace.with(|trace| {
            let images = &trace.prompt.images;
            Some(ground_words(images.get(missing)?, images.len()))
        })
    };
    view! { <p class="notice ground" role="status" data-testid="no-picture">{words}</p> }
}

fn ground_words(image: &PromptImage, n_images: usize) -> String {
    let PromptImage {
        name,
        width_px,
        height_px,
        ..
    } = image;
    let name: String = name.chars().take(60).collect();
    let whose = match n_images {
        1 => "its picture",
        _ => "one of its pictures",
    };
    format!(
        "This recording came without {whose}. Drop “{name}” ({width_px} × {height_px} px) here to see where the light falls."
    )
}
