//! What the shadow root holds.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use crate::announcer::Announcer;
use crate::answer::Answer;
use crate::asking::Asking;
use crate::keep::Keep;
use crate::light::{View, scale_image};
use crate::maker::Maker;
use crate::maker::row::MakerRow;
use crate::maker::world::PictureNotice;
use crate::opening::Opening;
use crate::question::QuestionForm;
use crate::recording::GroundNotice;
use crate::run::Run;
use crate::samples::Samples;
use crate::share_bar::ShareBar;
use crate::stage::Stage;
use crate::status::{Figures, Notices};
use crate::timeline::Timeline;

/// The whole element: the picture at the left, the words at the right, the time line below.
#[component]
pub fn LookBack(asking: Asking) -> impl IntoView {
    let run = asking.run;
    let maker = Maker::new(run);
    Effect::new(move |_| {
        if let Some(seed) = run.wished_scene.get() {
            maker.roll_from(seed);
            run.wished_scene.set(None);
        }
    });
    let stored = StoredValue::new_local(asking.clone());
    view! {
        <div class="look-back" on:keydown=move |event| walk(run, &event)>
            <div class="seeing">
                <Stage maker />
                <GroundNotice run />
                <MakerRow maker />
                <Views run />
                <ShareBar run />
                <Samples run />
            </div>
            <div class="reading">
                <Opening asking=stored.get_value() />
                <QuestionForm asking maker />
                <Notices run />
                <PictureNotice run />
                <Answer maker />
                <Figures run />
                <Keep asking=stored.get_value() />
                <Explanation />
            </div>
            <Timeline run />
            <Announcer run />
        </div>
    }
}

/// The switches of the stage.
#[component]
fn Views(run: Run) -> impl IntoView {
    let switch = move |(view, word): (View, &'static str)| {
        let is_on = move || run.view.get() == view;
        view! {
            <button type="button" aria-pressed=move || is_on().to_string() on:click=move |_| run.view.set(view)>
                {word}
            </button>
        }
    };
    view! {
        <div class="views" role="group" aria-label="How attention is shown">
            {View::ALL.map(switch)}
            <label>
                <input
                    type="checkbox"
                    prop:checked=move || run.per_token.get()
                    on:change=move |event| run.per_token.set(event_target_checked(&event))
                />
                "Each word by itself"
            </label>
            <Legend run />
        </div>
    }
}

/// What the brightest and the darkest cell stand for; its place is kept while there is no answer.
#[component]
fn Legend(run: Run) -> impl IntoView {
    let peak = Memo::new(move |_| {
        run.trace.with(
            |trace| match run.current.get().and_then(|token| trace.tokens.get(token)) {
                Some(token) if run.per_token.get() => token.map_max,
                Some(_) => trace::peak(&trace.tokens),
                None => 0.0,
            },
        )
    });
    view! {
        <p class="legend" class:vacant=move || peak.get() <= 0.0>
            "0 %"
            <span class="scale" style:background=move || scale_image(run.view.get())></span>
            {move || format!("{:.2} % of all attention per cell", peak.get() * 100.0)}
        </p>
    }
}

#[component]
fn Explanation() -> impl IntoView {
    view! {
        <details class="explanation">
            <summary>"What am I seeing?"</summary>
            <p>
                "For every word it writes, the model weighs everything before it: the picture, your question, its own words. "
                "The light shows how much weight each part of the picture gets; the three lines show how the weight is divided. "
                "A model looks back when, in the middle of its reasoning, that weight returns to the picture."
            </p>
            <p>
                "Share of a part = mean over layers of (its attention, mean over heads) ÷ (attention on everything from the first image token on). "
                "A filled diamond marks a look back the model states in words; a ring marks one that is measured: image attention at least twice that of the 20 tokens before."
            </p>
        </details>
    }
}

/// Arrow keys walk tokens, with Shift marks; Home and End go to the ends; Space plays.
fn walk(run: Run, event: &KeyboardEvent) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let is_typing = target.is_some_and(|target| {
        matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
    });
    if is_typing || event.alt_key() || event.ctrl_key() || event.meta_key() {
        return;
    }
    match (event.key().as_str(), event.shift_key()) {
        ("ArrowRight", false) => run.step(1),
        ("ArrowLeft", false) => run.step(-1),
        ("ArrowRight", true) => run.step_mark(true),
        ("ArrowLeft", true) => run.step_mark(false),
        ("Home", false) => run.pin(0),
        ("End", false) => run.pin(usize::MAX - 1),
        (" ", false) if !is_pressed_by_space(event) => run.toggle_play(),
        _ => return,
    }
    event.prevent_default();
}

/// Whether Space means something else where the focus is.
fn is_pressed_by_space(event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| matches!(target.tag_name().as_str(), "BUTTON" | "SUMMARY" | "A"))
}
