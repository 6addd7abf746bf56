//! What the shadow root holds.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use crate::again::Again;
use crate::announcer::{Announcer, token_words};
use crate::answer::Answer;
use crate::asking::Asking;
use crate::compare::Compare;
use crate::gallery::Gallery;
use crate::keep::Keep;
use crate::maker::Maker;
use crate::maker::row::MakerRow;
use crate::mark_detail::{MarkDetail, close_drawer};
use crate::notices::Notices;
use crate::numbers::Numbers;
use crate::opening::Opening;
use crate::pointing::{open_mark, point};
use crate::question::QuestionForm;
use crate::recording::GroundNotice;
use crate::run::Run;
use crate::share_bar::ShareBar;
use crate::stage::Stage;
use crate::status::{Failures, Figures};
use crate::timeline::Timeline;
use crate::views::Views;

/// The whole element: the picture at the left, the words at the right, the time line below.
#[component]
pub fn LookBack(asking: Asking) -> impl IntoView {
    let run = asking.run;
    let maker = Maker::new(run);
    let [opening, again, keep] = [(); 3].map(|()| asking.clone());
    view! {
        <div
            class="look-back"
            class:comparing=move || run.is_comparing.get()
            on:keydown=move |event| walk(run, &event)
            on:pointerover=move |event| point(run, &event)
            on:pointerleave=move |_| run.looking.span.set(None)
            on:focusin=move |event| point(run, &event)
            on:click=move |event| open_mark(run, &event)
        >
            <div class="seeing">
                <Stage maker />
                <Gallery run />
                <GroundNotice run />
                <MakerRow maker />
                <Views run />
                <ShareBar run />
            </div>
            <div class="reading">
                <Opening asking=opening />
                <QuestionForm asking maker />
                <Notices run />
                <Answer maker />
                <Failures run />
                <Again asking=again />
                <Figures run />
                <Numbers run />
                <Keep asking=keep />
                <Explanation />
            </div>
            <Compare run />
            <div class="foot">
                <MarkDetail run />
                <Timeline run />
            </div>
            <Announcer run />
        </div>
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
            <ul class="shapes">
                <li><i class="mark stated"></i>"Stated: the text says so, whatever the attention does."</li>
                <li><i class="mark measured"></i>"Measured: image attention at least twice that of the 20 tokens before, whatever the text says."</li>
                <li><i class="mark copied"></i>"Copied: a region of the picture was copied into the answer."</li>
                <li><i class="mark inserted"></i>"Inserted: the model was shown image tokens again."</li>
            </ul>
            <p>"Arrow keys walk words, with Shift marks; + and − zoom the time line; Escape stops or closes."</p>
        </details>
    }
}

/// Arrow keys walk tokens, with Shift marks; Home and End go to the ends; Space plays; Escape closes what lies over
/// the answer, and lets go of a chosen token.
fn walk(run: Run, event: &KeyboardEvent) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    if event.key() == "Escape" {
        if !run.is_comparing.get_untracked() {
            run.pinned.set(None);
        }
        close_drawer(run, target.as_ref());
        return run.is_comparing.set(false);
    }
    let is_typing = target.as_ref().is_some_and(|target| {
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
    // The slider tells its value by itself.
    let is_slider =
        target.is_some_and(|target| target.get_attribute("role").as_deref() == Some("slider"));
    if !is_slider {
        run.looking.told.set(token_words(run));
    }
}

/// Whether Space means something else where the focus is.
fn is_pressed_by_space(event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| matches!(target.tag_name().as_str(), "BUTTON" | "SUMMARY" | "A"))
}
