//! Pictures at hand: the element's `<img>` children, and one's own.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};

use crate::models::{models_of, offer_models};
use crate::picture_choice::{choose_fitting_picture, choose_picture};
use crate::run::Run;

/// An `<img>` child of the element; `data-question` is the question that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Sample {
    src: String,
    name: String,
    question: Option<String>,
}

/// The row of sample pictures and the button for one's own.
#[component]
pub fn Samples(run: Run) -> impl IntoView {
    let children = NodeRef::<html::Slot>::new();
    let (samples, set_samples) = signal(Vec::<Sample>::new());
    let read = move || {
        let found = children
            .get_untracked()
            .map(|slot| {
                offer_models(run, models_of(&slot));
                samples_of(&slot)
            })
            .unwrap_or_default();
        if let Some(first) = found.first()
            && run.picture.with_untracked(Option::is_none)
            && run.reading.with_value(Option::is_none)
            && run.wished_scene.with_untracked(Option::is_none)
        {
            let question = run.question.get_untracked();
            choose_sample(run, first);
            // A question that came with the page is kept.
            if !question.is_empty() {
                run.question.set(question);
            }
        }
        set_samples.set(found);
    };
    Effect::new(move |_| {
        children.track();
        read();
    });
    let on_file = move |event: web_sys::Event| {
        let input = event_target::<HtmlInputElement>(&event);
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            choose_picture(run, file.into());
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    let thumbnail = move |sample: Sample| {
        let Sample { src, name, .. } = sample.clone();
        view! {
            <button
                type="button"
                class="sample"
                title=sample.name.clone()
                disabled=move || run.is_running()
                on:click=move |_| choose_sample(run, &sample)
            >
                <img src=src alt=name />
            </button>
        }
    };
    view! {
        <div class="samples">
            <slot node_ref=children on:slotchange=move |_| read()></slot>
            <For each=move || samples.get() key=Clone::clone children=thumbnail />
            <label class="own" class:disabled=move || run.is_running()>
                <input type="file" accept="image/*" disabled=move || run.is_running() on:change=on_file />
                "Your own picture"
            </label>
        </div>
    }
}

/// A picture that comes with a question was chosen for the model.
fn choose_sample(run: Run, sample: &Sample) {
    let source = sample.src.as_str().into();
    match &sample.question {
        Some(question) => {
            choose_fitting_picture(run, source);
            run.suggest(question.clone());
        }
        None => choose_picture(run, source),
    }
}

fn samples_of(slot: &web_sys::HtmlSlotElement) -> Vec<Sample> {
    let children = slot.assigned_nodes().into_iter();
    let images = children
        .filter_map(|child| child.dyn_into::<HtmlElement>().ok())
        .filter(|child| child.tag_name() == "IMG");
    let sample = |image: HtmlElement| {
        Some(Sample {
            src: js_sys::Reflect::get(&image, &"src".into())
                .ok()?
                .as_string()?,
            name: image.get_attribute("alt").unwrap_or_default(),
            question: image.get_attribute("data-question"),
        })
    };
    images.filter_map(sample).collect()
}
