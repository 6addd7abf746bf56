//! Pictures at hand: the element's `<img>` children, and one's own.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use crate::models::{models_of, offer_models};
use crate::picture_choice::{choose_fitting_picture, choose_picture};
use crate::run::Run;

/// An `<img>` child of the element; `data-question` is the question that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    src: String,
    words: String,
    question: Option<String>,
}

impl Sample {
    /// The sample that a child of the element is; `None` for other children.
    pub fn of(child: &Element) -> Option<Self> {
        if child.tag_name() != "IMG" {
            return None;
        }
        Some(Self {
            src: js_sys::Reflect::get(child, &"src".into())
                .ok()?
                .as_string()?,
            words: child.get_attribute("alt").unwrap_or_default(),
            question: child.get_attribute("data-question"),
        })
    }

    /// The last part of its address, which is also the name of its picture.
    pub fn name(&self) -> &str {
        self.src.rsplit('/').next().unwrap_or_default()
    }

    /// Puts its picture on the stage; one that comes with a question was chosen for the model.
    pub fn choose_picture(&self, run: Run) {
        let source = self.src.as_str().into();
        match self.question {
            Some(_) => choose_fitting_picture(run, source),
            None => choose_picture(run, source),
        }
    }
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
        let Sample { src, words, .. } = sample.clone();
        view! {
            <button
                type="button"
                class="sample"
                title=words
                disabled=move || run.is_running()
                on:click=move |_| choose_sample(run, &sample)
            >
                <img src=src alt=words.clone() />
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

/// Its picture, and its question into the box.
fn choose_sample(run: Run, sample: &Sample) {
    sample.choose_picture(run);
    if let Some(question) = &sample.question {
        run.suggest(question.clone());
    }
}

fn samples_of(slot: &web_sys::HtmlSlotElement) -> Vec<Sample> {
    let children = slot.assigned_nodes().into_iter();
    let elements = children.filter_map(|child| child.dyn_into::<Element>().ok());
    elements.filter_map(|child| Sample::of(&child)).collect()
}
