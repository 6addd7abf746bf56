//! One share of two answers, their curves over each other.

use leptos::prelude::*;
use trace::MarkerKind;

use crate::compare::Side;
use crate::run::Run;
use crate::share_bar::Share;
use crate::timeline::{HEIGHT, path_of};

/// A chart of one share; the earlier answer is dashed, its look backs are below, those of the other above.
#[component]
pub fn CompareChart(
    run: Run,
    share: Share,
    /// Chosen token of each answer.
    chosen: [RwSignal<usize>; 2],
) -> impl IntoView {
    let n_tokens = |side: Side| {
        side.with(run, |trace| trace.tokens.len())
            .unwrap_or_default()
    };
    let width = Side::BOTH
        .map(n_tokens)
        .into_iter()
        .max()
        .unwrap_or_default()
        .max(1);
    let line = |side: Side| {
        let path = side.with(run, |trace| path_of(&trace.tokens, share));
        view! { <path class=format!("{} {}", share.class(), side.class()) d=path vector-effect="non-scaling-stroke"></path> }
    };
    let percent = move |token: f64| format!("{:.3}%", token / width as f64 * 100.0);
    let spans = |side: Side| {
        let markers = side
            .with(run, |trace| trace.markers.clone())
            .unwrap_or_default();
        let stated = markers
            .into_iter()
            .filter(|marker| marker.kind == MarkerKind::Stated);
        let span = move |marker: trace::Marker| {
            view! {
                <span
                    class=format!("stated strip {}", side.class())
                    style:left=percent(marker.start as f64)
                    style:width=percent((marker.end - marker.start) as f64)
                ></span>
            }
        };
        stated.map(span).collect_view()
    };
    let heads = Side::BOTH.map(|side| {
        let at = chosen[side as usize];
        view! { <span class=format!("needle {}", side.class()) style:left=move || percent(at.get() as f64 + 0.5)></span> }
    });
    view! {
        <figure class=format!("compare-chart {}", share.class())>
            <figcaption>{share.word()}</figcaption>
            <div class="chart">
                {Side::BOTH.map(spans)}
                <svg viewBox=format!("0 0 {} {HEIGHT}", 2 * width) preserveAspectRatio="none" aria-hidden="true" data-testid="compared-lines">
                    {Side::BOTH.map(line)}
                </svg>
                {heads}
            </div>
        </figure>
    }
}
