//! The answer as prose: its segments, its tokens, the marks beside them.

use leptos::html;
use leptos::prelude::*;
use trace::{MarkerKind, Passage, Segment, SegmentKind, StopReason, Trace};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

use crate::maker::Maker;
use crate::maker::verdict::Verdict;
use crate::run::{Phase, Run};
use crate::timeline::{marker_class, marker_words};

/// The visible part of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    token: usize,
    text: String,
    /// Class of the measured mark that begins here.
    mark: Option<&'static str>,
}

impl Piece {
    /// What changes when the piece must be drawn anew: a token's visible part only grows or shrinks.
    fn key(&self) -> (usize, usize, Option<&'static str>) {
        (self.token, self.text.len(), self.mark)
    }
}

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
                <p class="awaited">"The answer appears here, word by word."</p>
            </Show>
            <For each=move || segments.get() key=|(index, kind)| (*index, class_of(*kind)) children=passage />
            <p class="note">{move || ending(run)}</p>
            <Verdict maker />
        </div>
    }
}

/// One segment: its label, and its text token by token.
#[component]
fn PassageText(run: Run, index: usize, kind: SegmentKind) -> impl IntoView {
    let pieces = Memo::new(move |_| run.trace.with(|trace| pieces_of(trace, index)));
    let piece = move |piece: Piece| {
        let mark = piece
            .mark
            .map(|class| view! { <i class=format!("mark {class}") aria-hidden="true"></i> });
        view! { {mark} <span data-token=piece.token>{piece.text}</span> }
    };
    let label = move || run.trace.with(|trace| label_of(trace, index));
    view! {
        <section class=format!("passage {}", class_of(kind)) dir="auto">
            <Show when=move || kind != SegmentKind::Text>
                <h3>{label}</h3>
            </Show>
            <p>
                <For each=move || pieces.get() key=Piece::key children=piece />
            </p>
        </section>
    }
}

/// Index and kind of each segment that has something to read; an answer left empty is shown as such.
fn visible_segments(trace: &Trace) -> Vec<(usize, SegmentKind)> {
    let is_visible = |passage: &Passage| {
        let is_empty_answer = passage.segment.kind == SegmentKind::Answer && trace.is_complete();
        is_empty_answer || !passage.text.trim().is_empty()
    };
    let passages = trace.passages().enumerate();
    passages
        .filter(|(_, passage)| is_visible(passage))
        .map(|(index, passage)| (index, passage.segment.kind))
        .collect()
}

fn pieces_of(trace: &Trace, index: usize) -> Vec<Piece> {
    let Some(mut passage) = trace.passages().nth(index) else {
        return Vec::new();
    };
    let trimmed = passage.text.trim();
    passage.bytes.start += passage.text.len() - passage.text.trim_start().len();
    passage.bytes.end = passage.bytes.start + trimmed.len();
    let mark_at = |token| {
        let begins = trace
            .markers
            .iter()
            .find(|marker| marker.start == token && marker.kind != MarkerKind::Stated);
        begins.map(|marker| marker_class(marker.kind))
    };
    let piece = |(token, text): (usize, &str)| Piece {
        token,
        text: text.to_owned(),
        mark: mark_at(token),
    };
    trace.pieces(&passage).map(piece).collect()
}

fn label_of(trace: &Trace, index: usize) -> String {
    let Some(Passage { segment, text, .. }) = trace.passages().nth(index) else {
        return String::new();
    };
    match segment.kind {
        SegmentKind::Think => "Thinks".to_owned(),
        SegmentKind::Back => format!("Looks back{}", gain_of(trace, segment)),
        SegmentKind::Reflection => format!("Reflects{}", gain_of(trace, segment)),
        SegmentKind::Caption => "Describes".to_owned(),
        SegmentKind::Summary => "Plans".to_owned(),
        SegmentKind::Answer | SegmentKind::Conclusion if text.trim().is_empty() => {
            "Left its answer empty".to_owned()
        }
        SegmentKind::Answer | SegmentKind::Conclusion => "Answers".to_owned(),
        SegmentKind::Text => String::new(),
    }
}

/// " · image attention ×4.1 for 30 tokens" of a stated look back.
fn gain_of(trace: &Trace, segment: Segment) -> String {
    let is_its = |marker: &&trace::Marker| {
        marker.kind == MarkerKind::Stated && marker.start == segment.start
    };
    let Some(marker) = trace.markers.iter().find(is_its) else {
        return String::new();
    };
    let words = marker_words(*marker);
    let figures = words
        .split_once(": ")
        .map_or("", |(_, figures)| figures.trim_end_matches('.'));
    format!(" · {figures}")
}

fn class_of(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Think | SegmentKind::Caption | SegmentKind::Summary => "think",
        SegmentKind::Back | SegmentKind::Reflection => "back",
        SegmentKind::Answer | SegmentKind::Conclusion => "conclusion",
        SegmentKind::Text => "text",
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
fn token_of(event: &Event) -> Option<usize> {
    let element = event.target()?.dyn_into::<Element>().ok()?;
    element.get_attribute("data-token")?.parse().ok()
}
