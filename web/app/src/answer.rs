//! The answer as prose: its segments, its tokens, the marks beside them.

use leptos::html;
use leptos::prelude::*;
use trace::{SegmentKind, StopReason, Trace};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

use crate::maker::Maker;
use crate::maker::verdict::Verdict;
use crate::mark::MarkButton;
use crate::passage::{
    Piece, class_of, label_of, pieces_of, segment_of, stated_mark, visible_segments,
};
use crate::run::{Phase, Run};

/// The whole answer, and whether it is right where that is known; its tokens are chosen with the pointer
/// or, focused, with the arrow keys.
#[component]
pub fn Answer(maker: Maker) -> impl IntoView {
    let run = maker.run;
    let text = NodeRef::<html::Div>::new();
    let segments = Memo::new(move |_| run.trace.with(visible_segments));
    let passage =
        move |(index, kind): (usize, SegmentKind)| view! { <PassageText run index kind /> };
    Effect::new(move |shown: Option<Option<Element>>| {
        if let Some(shown) = shown.flatten() {
            let _ = shown.class_list().remove_1("current");
        }
        let token = run.current.get()?;
        let selector = format!("[data-token='{token}']");
        let element = text.get()?.query_selector(&selector).ok().flatten()?;
        let _ = element.class_list().add_1("current");
        Some(element)
    });
    view! {
        <div
            class="answer"
            class:answering=move || run.phase.with(|phase| *phase == Phase::Answering)
            node_ref=text
            role="group"
            tabindex="0"
            aria-label="Answer; the arrow keys walk its words"
            data-testid="answer"
            on:pointerover=move |event| run.hovered.set(token_of(&event))
            on:pointerleave=move |_| run.hovered.set(None)
            on:click=move |event| if let Some(token) = token_of(&event) { run.pin(token) }
        >
            <Show when=move || !run.trace.with(Trace::is_complete) && segments.with(Vec::is_empty)>
                <p class="awaited">"The answer appears here."</p>
            </Show>
            <For each=move || segments.get() key=|(index, kind)| (*index, class_of(*kind)) children=passage />
            <p class="note">{move || ending(run)}</p>
            <Verdict maker />
        </div>
    }
}

/// One segment: its name, the mark of a stated look back, and its text token by token.
#[component]
fn PassageText(run: Run, index: usize, kind: SegmentKind) -> impl IntoView {
    let pieces = Memo::new(move |_| run.trace.with(|trace| pieces_of(trace, index)));
    let piece = move |piece: Piece| {
        let marks = piece.begins.into_iter();
        let marks = marks.map(|index| view! { <MarkButton run index /> });
        view! { {marks.collect_view()} <span data-token=piece.token class=piece.cover>{piece.text}</span> }
    };
    let label = move || run.trace.with(|trace| label_of(trace, index));
    let stated = Memo::new(move |_| {
        run.trace
            .with(|trace| stated_mark(trace, segment_of(trace, index)?))
    });
    view! {
        <section class=format!("passage {}", class_of(kind))>
            <Show when=move || kind != SegmentKind::Text>
                <h2>
                    {move || stated.get().map(|index| view! { <MarkButton run index /> })}
                    <button type="button" data-segment=index>{label}</button>
                </h2>
            </Show>
            <p dir="auto">
                <For each=move || pieces.get() key=Piece::key children=piece />
            </p>
        </section>
    }
}

/// Why the answer ended, where that is not plain from the answer itself.
fn ending(run: Run) -> &'static str {
    run.trace.with(|trace| match trace.stop {
        _ if !trace.is_complete() || trace.tokens.is_empty() => "",
        StopReason::Length => "Cut at the token limit; raise it under Options.",
        StopReason::Stopped => "Stopped.",
        StopReason::Failed => "It broke off here.",
        StopReason::End => "",
    })
}

/// The token an event happened on.
pub fn token_of(event: &Event) -> Option<usize> {
    let element = event.target()?.dyn_into::<Element>().ok()?;
    element.get_attribute("data-token")?.parse().ok()
}
