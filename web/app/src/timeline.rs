//! The time line: the three shares over the tokens, the looks back, the playhead.

use std::fmt::Write;

use leptos::html;
use leptos::prelude::*;
use trace::Token;
use web_sys::{KeyboardEvent, PointerEvent};

use crate::mark::{MarkButton, counts_words, marker_class};
use crate::run::Run;
use crate::share_bar::Share;
use crate::span::Span;
use crate::transport::Transport;
use crate::zoom::{magnify, shown_tokens};

/// Height of the chart in its own units; whole numbers are written faster than fractions.
pub const HEIGHT: u32 = 1000;

/// The chart; also the slider that chooses the current token.
#[component]
pub fn Timeline(run: Run) -> impl IntoView {
    let shown = shown_tokens(run);
    view! {
        <section class="timeline" aria-label="Time line">
            <div class="keys">
                <ul>{Share::ALL.map(|share| view! { <Key share /> })}</ul>
                <p class="key-count" data-testid="counts">{move || counts(run)}</p>
                <ChartTools run />
            </div>
            <Chart run shown />
            <p class="token-axis" aria-hidden="true">
                <span>{move || shown.get().start + 1}</span>
                <span>{move || shown.get().end}</span>
            </p>
            <Transport run />
        </section>
    }
}

/// A line as it is drawn, and its name.
#[component]
pub fn Key(share: Share) -> impl IntoView {
    view! {
        <li class=share.class()>
            <svg viewBox="0 0 24 8" aria-hidden="true"><path d="M0 4H24"></path></svg>
            {share.word()}
        </li>
    }
}

/// Magnifying, and the formula one click away.
#[component]
fn ChartTools(run: Run) -> impl IntoView {
    let is_whole = move || run.looking.zoom.get().is_none();
    view! {
        <div class="chart-tools" role="group" aria-label="Chart">
            <button type="button" aria-label="Zoom in" title="Zoom in (+)" data-testid="zoom-in" on:click=move |_| magnify(run, true)>"+"</button>
            <button type="button" aria-label="Zoom out" title="Zoom out (−)" disabled=is_whole on:click=move |_| magnify(run, false)>"−"</button>
            <button type="button" title="The whole answer (0)" disabled=is_whole on:click=move |_| run.looking.zoom.set(None)>"Whole"</button>
            <details class="formula" data-testid="formula">
                <summary>"Formula"</summary>
                <div>
                    <p class="equation">"share(part) = 1/L · Σₗ [ Σ aₗ(k), k in part ÷ Σ aₗ(k), k ≥ first image token ]"</p>
                    <p>"aₗ(k): attention on token k after the softmax in layer l, mean over all its heads. L: all layers. As Look-Back’s authors plot it."</p>
                </div>
            </details>
        </div>
    }
}

#[component]
fn Chart(run: Run, shown: Memo<Span>) -> impl IntoView {
    let chart = NodeRef::<html::Div>::new();
    let n_tokens = Memo::new(move |_| run.trace.with(|trace| trace.tokens.len()));
    let lines = Share::ALL.map(|share| {
        let path = move || run.trace.with(|trace| path_of(&trace.tokens, share));
        view! { <path class=share.class() d=path vector-effect="non-scaling-stroke"></path> }
    });
    let seek = move |event: &PointerEvent| {
        if let Some(chart) = chart.get() {
            let place = chart.get_bounding_client_rect();
            let x = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
            let Span { start, end } = shown.get_untracked();
            run.point_at(start + (x.clamp(0.0, 1.0) * (end - start) as f64) as usize);
        }
    };
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "+" | "=" => magnify(run, true),
        "-" => magnify(run, false),
        "0" => run.looking.zoom.set(None),
        _ => {}
    };
    let playhead = move || {
        run.current
            .get()
            .map(|token| place_of(token as f64 + 0.5, shown.get()))
    };
    let view_box = move || {
        let shown = shown.get();
        format!("{} 0 {} {HEIGHT}", 2 * shown.start, 2 * shown.n_tokens())
    };
    let scale = move || {
        format!(
            "M{} {}H{}",
            2 * shown.get().start,
            HEIGHT / 2,
            2 * shown.get().end
        )
    };
    view! {
        <div class="plot">
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
            on:keydown=on_key
            on:pointerdown=move |event| seek(&event)
            on:pointermove=move |event| if event.buttons() == 1 { seek(&event) }
        >
            <svg viewBox=view_box preserveAspectRatio="none" aria-hidden="true" data-testid="lines">
                <path class="scale" d=scale vector-effect="non-scaling-stroke"></path>
                {lines}
            </svg>
            <span class="playhead" style:left=move || playhead().unwrap_or_default()></span>
            <span class="axis" aria-hidden="true"><i>"100 %"</i><i>"50"</i><i>"0"</i></span>
        </div>
        <Marks run shown />
        </div>
    }
}

/// The looks back: shaded spans on the chart, their marks above it where stated, below it where measured.
#[component]
fn Marks(run: Run, shown: Memo<Span>) -> impl IntoView {
    let markers = Memo::new(move |_| run.trace.with(|trace| trace.markers.clone()));
    let mark = move |index: usize| {
        let marker = Memo::new(move |_| markers.with(|markers| markers.get(index).copied()));
        let kind = move || marker.get().map_or("", |marker| marker_class(marker.kind));
        let span = move || marker.get().map_or(Span { start: 0, end: 0 }, Span::from);
        let left = move || place_of(span().start as f64, shown.get());
        let right = move || format!("calc(100% - {})", place_of(span().end as f64, shown.get()));
        let is_out = move || !shown.get().contains(span().start);
        view! {
            <span class=move || format!("span {}", kind()) style:left=left style:right=right></span>
            <span class=move || format!("place {}", kind()) style:left=left hidden=is_out>
                <MarkButton run index />
            </span>
        }
    };
    let is_stretch = |span: &Span| span.n_tokens() > 1;
    let pointed = move || run.looking.shown.get().filter(is_stretch);
    let pointed_left = move || pointed().map(|span| place_of(span.start as f64, shown.get()));
    let pointed_right = move || {
        pointed().map(|span| format!("calc(100% - {})", place_of(span.end as f64, shown.get())))
    };
    view! {
        <div class="marks">
            <span
                class="span pointed"
                hidden=move || pointed().is_none()
                style:left=move || pointed_left().unwrap_or_default()
                style:right=move || pointed_right().unwrap_or_default()
            ></span>
            <For each=move || 0..markers.with(Vec::len) key=|index| *index children=mark />
        </div>
    }
}

/// Where on the time line, in percent of what it shows; at its ends what lies beyond.
fn place_of(token: f64, shown: Span) -> String {
    let percent = (token - shown.start as f64) / shown.n_tokens().max(1) as f64 * 100.0;
    format!("{:.3}%", percent.clamp(0.0, 100.0))
}

/// One line in a box of `2 * tokens.len()` × [`HEIGHT`], the value of a token at its middle.
pub fn path_of(tokens: &[Token], share: Share) -> String {
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
        false => format!("Looks back: {}", counts_words(trace)),
    })
}

fn value_text(run: Run) -> String {
    let Some(span) = run.looking.shown.get() else {
        return "no token yet".to_owned();
    };
    run.trace.with(|trace| {
        let Some(mean) = span.shares(trace) else {
            return String::new();
        };
        let shares =
            Share::ALL.map(|share| format!("{} {:.0} %", share.word(), share.of(&mean) * 100.0));
        let what = match span.tokens(trace) {
            [token] => token.text.trim().to_owned(),
            _ => format!("mean of {}", span.words()),
        };
        format!("{what}, {}", shares.join(", "))
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
    fn what_lies_beyond_is_at_the_ends() {
        let shown = Span { start: 40, end: 60 };
        assert_eq!(place_of(45.0, shown), "25.000%");
        assert_eq!(place_of(10.0, shown), "0.000%");
        assert_eq!(place_of(90.5, shown), "100.000%");
    }
}
