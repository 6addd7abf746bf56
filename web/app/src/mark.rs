//! A mark as the page names and draws it: a filled diamond, a ring, a square outline, a double bar.

use leptos::prelude::*;
use trace::{Marker, MarkerKind, Trace};

use crate::run::Run;
use crate::span::Span;

/// Class of a mark in the style sheet.
pub fn marker_class(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::Stated => "stated",
        MarkerKind::Measured => "measured",
        MarkerKind::Copied => "copied",
        MarkerKind::Inserted => "inserted",
    }
}

/// "Looked back: image attention ×4.1 for 30 tokens."
pub fn marker_words(marker: Marker) -> String {
    let what = match marker.kind {
        MarkerKind::Stated => "Said to look back",
        MarkerKind::Measured => "Looked back",
        MarkerKind::Copied => "Copied a region",
        MarkerKind::Inserted => "Was shown the picture again",
    };
    let figures = marker_figures(marker);
    format!("{what}: {figures}.")
}

/// "image attention ×4.1 for 30 tokens".
pub fn marker_figures(marker: Marker) -> String {
    let n_tokens = Span::from(marker).n_tokens();
    let tokens = if n_tokens == 1 { "token" } else { "tokens" };
    format!(
        "image attention ×{:.1} for {n_tokens} {tokens}",
        marker.gain
    )
}

/// "2 stated, 3 measured, 1 stated without any rise", and what else there is.
pub fn counts_words(trace: &Trace) -> String {
    let mut words = trace.counts().to_string();
    for (kind, name) in [
        (MarkerKind::Copied, "copied"),
        (MarkerKind::Inserted, "inserted"),
    ] {
        match trace
            .markers
            .iter()
            .filter(|mark| mark.kind == kind)
            .count()
        {
            0 => {}
            n => words.push_str(&format!(", {n} {name}")),
        }
    }
    words
}

/// The button of one mark; `pointing` hears it.
#[component]
pub fn MarkButton(run: Run, index: usize) -> impl IntoView {
    let marker = Memo::new(move |_| run.trace.with(|trace| trace.markers.get(index).copied()));
    let words = move || marker.get().map(marker_words);
    let is_chosen = move || run.looking.mark.get() == Some(index);
    view! {
        <button
            type="button"
            class=move || format!("mark {}", marker.get().map_or("", |marker| marker_class(marker.kind)))
            aria-label=words
            title=words
            aria-expanded=move || is_chosen().to_string()
            data-mark=index
        ></button>
    }
}

#[cfg(test)]
mod tests {
    use trace::ModelInfo;

    use super::*;

    fn marker(kind: MarkerKind, gain: f32) -> Marker {
        Marker {
            kind,
            start: 10,
            end: 40,
            gain,
        }
    }

    #[test]
    fn a_mark_says_its_gain_and_its_length() {
        assert_eq!(
            marker_words(marker(MarkerKind::Measured, 4.07)),
            "Looked back: image attention ×4.1 for 30 tokens."
        );
    }

    #[test]
    fn kinds_are_counted_apart() {
        let mut trace = Trace::new(ModelInfo::default());
        trace.markers = vec![
            marker(MarkerKind::Stated, 0.5),
            marker(MarkerKind::Copied, 1.0),
            marker(MarkerKind::Copied, 1.0),
        ];
        assert_eq!(
            counts_words(&trace),
            "1 stated, 0 measured, 1 stated without any rise, 2 copied"
        );
    }
}
