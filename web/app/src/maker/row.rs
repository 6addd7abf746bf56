//! The quiet row under the picture.

use leptos::html;
use leptos::prelude::*;

use crate::maker::Maker;
use crate::maker::tools::Tools;
use crate::samples::Samples;

/// "Roll a scene · Arrange", and the pictures at hand; the tools lie over what is below, so that nothing moves when they come.
#[component]
pub fn MakerRow(maker: Maker) -> impl IntoView {
    let run = maker.run;
    let is_open = move || maker.is_open.get();
    let arrange = NodeRef::<html::Button>::new();
    // The focus comes back from what goes.
    Effect::new(move |was_open: Option<bool>| {
        let is_shut = was_open == Some(true) && !is_open();
        if let Some(arrange) = arrange
            .get()
            .filter(|_| is_shut && !untrack(|| run.is_running()))
        {
            // Nothing to be done where a browser refuses.
            let _ = arrange.focus();
        }
        is_open()
    });
    let cannot_arrange = move || run.is_running() || maker.arrangement().is_none();
    view! {
        <div class="maker">
            <button type="button" data-testid="roll" disabled=move || run.is_running() on:click=move |_| maker.roll()>
                "Roll a scene"
            </button>
            <button
                type="button"
                node_ref=arrange
                data-testid="arrange"
                aria-expanded=move || is_open().to_string()
                disabled=cannot_arrange
                on:click=move |_| maker.is_open.update(|is_open| *is_open = !*is_open)
            >
                {move || if is_open() { "Done" } else { "Arrange" }}
            </button>
            <p class="seed" data-testid="seed">{move || seed_words(maker)}</p>
            <Samples run />
            <Tools maker />
            <p class="unseen" aria-live="polite" data-testid="told">{move || maker.told.get()}</p>
        </div>
    }
}

fn seed_words(maker: Maker) -> Option<String> {
    let arrangement = maker.arrangement()?;
    let changed = if arrangement.is_changed {
        ", changed"
    } else {
        ""
    };
    Some(format!("Seed {}{changed}", arrangement.seed))
}
