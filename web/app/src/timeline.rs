//! The time line: the three shares over the tokens, the looks back, the playhead.

use std::fmt::Write;

use leptos::html;
use leptos::prelude::*;
use trace::{Marker, MarkerKind, Token};
use web_sys::PointerEvent;

use crate::run::{Phase, Run};
use crate::share_bar::Share;
use crate::transport::Transport;

/// Height of the chart in its own units; whole numbers are written faster than fractions.
const HEIGHT: u32 = 1000;
/// The line grows by this many tokens at a time, so that it does not move with every one.
const STEP_TOKENS: usize = 64;

/// The chart; also the slider that chooses the current token.
#[component]
pub fn Timeline(run: Run) -> impl IntoView {
    let chart = NodeRef::<html::Div>::new();
    let n_tokens = Memo::new(move |_| run.trace.with(|trace| trace.tokens.len()));
    let width = Memo::new(move |_| {
        width_tokens(
            n_tokens.get(),
            run.phase.with(|phase| *phase == Phase::Answering),
        )
        .max(run.n_replayable())
    });
    let lines = Share::ALL.map(|share| {
        let path = move || run.trace.with(|trace| path_of(&trace.tokens, share));
        view! { <path class=share.class() d=path vector-effect="non-scaling-stroke"></path> }
    });
    let seek = move |event: &PointerEvent| {
        if let Some(chart) = chart.get() {
            let place = chart.get_bounding_client_rect();
            let x = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
            run.point_at((x.clamp(0.0, 1.0) * width.get_untracked() as f64) as usize);
        }
    };
    let percent = move |token: f64| format!("{:.3}%", token / width.get() as f64 * 100.0);
    let playhead = move || {
        run.current
            .get()
            .map(|token| percent(token as f64 + 0.5))
            .unwrap_or_default()
    };
    let keys = Share::ALL.map(|share| {
        view! {
            <li class=share.class()>
                <svg viewBox="0 0 24 8" aria-hidden="true"><path d="M0 4H24"></path></svg>
                {share.word()}
            </li>
        }
    });
    view! {
        <section class="timeline" aria-label="Time line">
            <ul class="keys">{keys} <li class="key-count">{move || counts(run)}</li></ul>
            <div
                class="chart"
                class:empty=move || n_tokens.get() == 0
                node_ref=chart
                role="slider"
                tabindex="0"
                aria-label="Token"
                aria-valuemin="1"
                aria-valuemax=move || n_tokens.get().max(1)
                aria-valuenow=move || run.current.get().map_or(1, |token| token + 1)
                aria-valuetext=move || value_text(run)
                on:pointerdown=move |event| seek(&event)
                on:pointermove=move |event| if event.buttons() == 1 { seek(&event) }
            >
                <Marks run percent />
                <svg viewBox=move || format!("0 0 {} {HEIGHT}", 2 * width.get()) preserveAspectRatio="none" aria-hidden="true">
                    <path class="scale" d=move || format!("M0 {}H{}", HEIGHT / 2, 2 * width.get()) vector-effect="non-scaling-stroke"></path>
                    {lines}
                </svg>
                <span class="playhead" style:left=playhead></span>
                <span class="axis" aria-hidden="true">"100 %"</span>
            </div>
            <Transport run />
        </section>
    }
}

/// The looks back: a shaded span and a mark above it, told apart by shape as well as colour.
#[component]
fn Marks(
    run: Run,
    percent: impl Fn(f64) -> String + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let markers = Memo::new(move |_| run.trace.with(|trace| trace.markers.clone()));
    let n_markers = move || 0..markers.with(Vec::len);
    let mark = move |index: usize| {
        let marker = Memo::new(move |_| markers.with(|markers| markers.get(index).copied()));
        let read =
            move |read: fn(&Marker) -> f64| marker.get().as_ref().map(read).unwrap_or_default();
        let kind = move || marker.get().map_or("", |marker| marker_class(marker.kind));
        view! {
            <span
                class=move || format!("span {}", kind())
                style:left=move || percent(read(|marker| marker.start as f64))
                style:width=move || percent(read(|marker| (marker.end - marker.start) as f64))
            >
                <button
                    class=move || format!("mark {}", kind())
                    aria-label=move || marker.get().map(marker_words)
                    title=move || marker.get().map(marker_words)
                    on:click=move |_| if let Some(marker) = marker.get_untracked() { run.pin(marker.start) }
                    on:pointerdown=|event| event.stop_propagation()
                ></button>
            </span>
        }
    };
    view! { <For each=n_markers key=|index| *index children=mark /> }
}

/// Class of a mark in the style sheet.
pub fn marker_class(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::Stated => "stated",
        MarkerKind::Measured => "measured",
        MarkerKind::Copied => "copied",
        MarkerKind::Inserted => "inserted",
    }
}

/// "Looked back in words: image attention ×4.1 for 30 tokens."
pub fn marker_words(marker: Marker) -> String {
    let Marker {
        kind,
        start,
        end,
        gain,
    } = marker;
    let what = match kind {
        MarkerKind::Stated => "Said to look back",
        MarkerKind::Measured => "Looked back",
        MarkerKind::Copied => "Copied a region",
        MarkerKind::Inserted => "Was shown the picture again",
    };
    format!(
        "{what}: image attention ×{gain:.1} for {} tokens.",
        end - start
    )
}

fn width_tokens(n_tokens: usize, grows: bool) -> usize {
    if grows || n_tokens == 0 {
        n_tokens.max(1).next_multiple_of(STEP_TOKENS)
    } else {
        n_tokens
    }
}

/// One line in a box of `2 * tokens.len()` × [`HEIGHT`], the value of a token at its middle.
fn path_of(tokens: &[Token], share: Share) -> String {
    let mut path = String::with_capacity(tokens.len() * 10);
    for (index, token) in tokens.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        let (x, y) = (
            2 * index + 1,
            HEIGHT - (share.of(&token.shares) * HEIGHT as f32).round() as u32,
        );
        // Writing to a String cannot fail.
        let _ = write!(path, "{command}{x} {y}");
    }
    path
}

fn counts(run: Run) -> String {
    run.trace.with(|trace| match trace.markers.is_empty() {
        true => String::new(),
        false => format!("Looks back: {}", trace.counts()),
    })
}

fn value_text(run: Run) -> String {
    let Some(current) = run.current.get() else {
        return "no token yet".to_owned();
    };
    run.trace.with(|trace| {
        let Some(token) = trace.tokens.get(current) else {
            return String::new();
        };
        let shares = Share::ALL
            .map(|share| format!("{} {:.0} %", share.word(), share.of(&token.shares) * 100.0));
        format!("{}, {}", token.text.trim(), shares.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use trace::Shares;

    use super::*;

    #[test]
    fn a_line_runs_from_the_middle_of_the_first_token_with_full_attention_on_top() {
        let token = |image| Token {
            shares: Shares {
                image,
                ..Shares::default()
            },
            ..Token::default()
        };
        assert_eq!(
            path_of(&[token(1.0), token(0.25)], Share::Image),
            "M1 0L3 750"
        );
    }

    #[test]
    fn the_line_grows_in_steps_and_ends_with_the_answer() {
        assert_eq!(width_tokens(1, true), 64);
        assert_eq!(width_tokens(65, true), 128);
        assert_eq!(width_tokens(65, false), 65);
    }
}
