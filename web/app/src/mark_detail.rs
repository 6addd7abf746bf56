//! One mark up close: where the model looked before it, within it and after it.

use leptos::prelude::*;
use trace::{Marker, Trace};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent};

use crate::mark::{marker_class, marker_words};
use crate::run::Run;
use crate::small_map::{MapFigures, SmallMap};
use crate::span::Span;
use crate::zoom::magnify_span;

/// A drawer above the time line, there while a mark is chosen; its place takes no room, so that nothing moves.
#[component]
pub fn MarkDetail(run: Run) -> impl IntoView {
    view! {
        <div class="drawer-place">
            <Show when=move || chosen(run).is_some()>
                <Drawer run />
            </Show>
        </div>
    }
}

#[component]
fn Drawer(run: Run) -> impl IntoView {
    let marker = Memo::new(move |_| chosen(run));
    let words = move || marker.get().map(marker_words);
    let figures = move |stretch: fn(Span, usize) -> Span| {
        Memo::new(move |_| {
            let (marker, image) = (marker.get(), run.looking.image.get());
            run.trace
                .with(|trace| Some(figures_of(trace, marker?, image, stretch)))
                .unwrap_or_default()
        })
    };
    let map = move |(name, stretch)| {
        view! { <SmallMap picture=run.picture.into() figures=figures(stretch) view=run.view name /> }
    };
    let maps = STRETCHES.map(map);
    let zoom = move |_| {
        if let Some(marker) = marker.get_untracked() {
            magnify_span(run, marker.into());
        }
    };
    let close = move |event: MouseEvent| {
        let button = event_target::<Element>(&event);
        close_drawer(run, Some(&button));
    };
    view! {
        <section class="mark-detail" aria-label="Before, within and after the mark" data-testid="mark-detail">
            <header>
                <i class=move || format!("mark {}", marker.get().map_or("", |marker| marker_class(marker.kind))) aria-hidden="true"></i>
                <p role="status">{words}</p>
                <button type="button" on:click=zoom data-testid="zoom-mark">"Zoom in"</button>
                <button type="button" on:click=close data-testid="close-mark">"Close"</button>
            </header>
            <div class="small-maps">{maps}</div>
        </section>
    }
}

type Stretch = fn(Span, usize) -> Span;

/// The three stretches of a mark in an answer of so many tokens.
const STRETCHES: [(&str, Stretch); 3] = [
    ("Before", |span, _| span.before()),
    ("Within", |span, _| span),
    ("After", |span, n_tokens| span.after(n_tokens)),
];

fn chosen(run: Run) -> Option<Marker> {
    let index = run.looking.mark.get()?;
    run.trace.with(|trace| trace.markers.get(index).copied())
}

/// Closes the drawer and lets go of its first token; a focus inside it, at `focused`, goes back to the mark that opened it.
pub fn close_drawer(run: Run, focused: Option<&Element>) {
    let mark = run.looking.mark.get_untracked();
    let opener = mark.zip(focused).and_then(|(mark, focused)| {
        let page = focused.closest(".mark-detail").ok()??.parent_element()?;
        let selector = format!(".answer [data-mark='{mark}']");
        page.closest(".look-back")
            .ok()??
            .query_selector(&selector)
            .ok()?
    });
    if mark.is_some() {
        run.looking.mark.set(None);
        run.pinned.set(None);
    }
    if let Some(opener) = opener {
        // Nothing to be done where a browser refuses.
        let _ = opener.unchecked_into::<HtmlElement>().focus();
    }
}

/// All three on the scale of the brightest cell among them.
fn figures_of(trace: &Trace, marker: Marker, image: usize, stretch: Stretch) -> MapFigures {
    let n_tokens = trace.tokens.len();
    let within = Span::from(marker);
    let peaks = STRETCHES.map(|(_, stretch)| {
        let map = stretch(within, n_tokens).map(trace, image);
        map.map_or(0.0, |map| map.peak())
    });
    let span = stretch(within, n_tokens);
    let peak = peaks.into_iter().fold(0.0, f32::max);
    MapFigures::of(trace, span, image, span.words(), peak)
}

#[cfg(test)]
mod tests {
    use trace::{Event, MarkerKind, ModelInfo, Prompt, PromptImage, Shares, Token};

    use super::*;

    #[test]
    fn before_within_and_after_share_one_scale() {
        let mut trace = Trace::new(ModelInfo::default());
        trace.apply(&Event::Prompt(Prompt {
            images: vec![PromptImage {
                rows: 1,
                cols: 1,
                ..PromptImage::default()
            }],
            ..Prompt::default()
        }));
        for index in 0..60 {
            let image = if (20..30).contains(&index) { 0.4 } else { 0.1 };
            trace.apply(&Event::Token(Token {
                shares: Shares {
                    image,
                    ..Shares::default()
                },
                map: vec![255],
                map_max: image,
                ..Token::default()
            }));
        }
        let marker = Marker {
            kind: MarkerKind::Measured,
            start: 20,
            end: 30,
            gain: 4.0,
        };
        let [before, within, after] =
            STRETCHES.map(|(_, stretch)| figures_of(&trace, marker, 0, stretch));
        assert_eq!(
            [&before.share, &within.share, &after.share],
            ["Picture 10.0 %", "Picture 40.0 %", "Picture 10.0 %"]
        );
        assert_eq!(
            [&before.tokens, &within.tokens, &after.tokens],
            ["tokens 1 to 20", "tokens 21 to 30", "tokens 31 to 50"]
        );
        assert_eq!(within.light.cells, [1.0]);
        assert!((before.light.cells[0] - 0.25_f32.powf(0.7)).abs() < 1e-5);
    }
}
