//! One of two answers that are compared: who gave it, its words, its marks, the light of its chosen token.

use leptos::prelude::*;
use trace::{Marker, Trace};
use web_sys::{Event, KeyboardEvent};

use crate::answer::token_of;
use crate::compare::Side;
use crate::mark::{counts_words, marker_class, marker_words};
use crate::methods::method_words;
use crate::passage::{Piece, class_of, label_of, pieces_of, visible_segments};
use crate::run::Run;
use crate::small_map::{MapFigures, SmallMap};
use crate::span::Span;

/// A column; its words are chosen with the pointer or, focused, with the arrow keys.
#[component]
pub fn CompareSide(run: Run, side: Side, chosen: RwSignal<usize>) -> impl IntoView {
    let n_tokens = side
        .with(run, |trace| trace.tokens.len())
        .unwrap_or_default();
    let choose = move |token: usize| chosen.set(token.min(n_tokens.saturating_sub(1)));
    let figures = Memo::new(move |_| {
        let (at, image) = (chosen.get(), side.image(run));
        side.with(run, |trace| figures_of(trace, at, image))
            .unwrap_or_default()
    });
    let picture = Signal::derive_local(move || side.picture(run));
    let on_key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowRight" => choose(chosen.get_untracked() + 1),
            "ArrowLeft" => choose(chosen.get_untracked().saturating_sub(1)),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let on_click = move |event: Event| {
        if let Some(token) = token_of(&event) {
            choose(token);
        }
    };
    let passages = side
        .with(run, |trace| passages(trace, chosen))
        .unwrap_or_default();
    let marks = side
        .with(run, |trace| trace.markers.clone())
        .unwrap_or_default();
    let mark = move |marker: Marker| {
        view! {
            <li>
                <button type="button" on:click=move |_| choose(marker.start)>
                    <i class=format!("mark {}", marker_class(marker.kind)) aria-hidden="true"></i>
                    {marker_words(marker)}
                </button>
            </li>
        }
    };
    view! {
        <section class=format!("side {}", side.class()) aria-label=side.word() data-testid=format!("side-{}", side.class())>
            <h2>{side.word()}</h2>
            <p class="who">{who(run, side)}</p>
            <SmallMap picture figures view=run.view name="Chosen word" />
            <div
                class="answer"
                role="group"
                tabindex="0"
                aria-label=format!("{} answer; the arrow keys walk its words", side.word())
                on:click=move |event| on_click(event.into())
                on:keydown=on_key
            >
                {passages}
            </div>
            <ul class="mark-list">{marks.into_iter().map(mark).collect_view()}</ul>
        </section>
    }
}

/// Model, method, seed, length and looks back.
fn who(run: Run, side: Side) -> Option<String> {
    let seed = side.seed(run).map(|seed| format!("seed {seed}"));
    side.with(run, |trace| {
        let model = &trace.model;
        let named = [model.name.as_str(), method_words(&model.method)];
        let mut words: Vec<String> = named
            .iter()
            .filter(|name| !name.is_empty())
            .map(ToString::to_string)
            .collect();
        words.extend(seed);
        words.push(format!("{} tokens", trace.tokens.len()));
        words.push(counts_words(trace));
        words.join(" · ")
    })
}

fn passages(trace: &Trace, chosen: RwSignal<usize>) -> Vec<impl IntoView + use<>> {
    let piece = move |Piece {
                          token, text, cover, ..
                      }: Piece| {
        view! { <span data-token=token class=cover class:current=move || chosen.get() == token>{text}</span> }
    };
    let segments = visible_segments(trace).into_iter();
    let passage = |(index, kind)| {
        let pieces = pieces_of(trace, index)
            .into_iter()
            .map(piece)
            .collect_view();
        let label = label_of(trace, index);
        view! {
            <section class=format!("passage {}", class_of(kind))>
                <h3>{label}</h3>
                <p dir="auto">{pieces}</p>
            </section>
        }
    };
    segments.map(passage).collect()
}

fn figures_of(trace: &Trace, token: usize, image: usize) -> MapFigures {
    let span = Span::of_token(token);
    let text = trace
        .tokens
        .get(token)
        .map_or("", |token| token.text.trim());
    let words = format!("{} “{text}”", span.words());
    MapFigures::of(trace, span, image, words, trace::peak(&trace.tokens))
}
