//! What the pointer or the focus is on: a mark or the name of a segment, anywhere on the page.

use leptos::prelude::*;
use trace::Trace;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, ScrollIntoViewOptions, ScrollLogicalPosition};

use crate::run::Run;
use crate::span::Span;

/// Shows the mean light of what the event is about; of nothing, the current token's.
pub fn point(run: Run, event: &Event) {
    let span = target_of(event)
        .and_then(|target| run.trace.with_untracked(|trace| span_of(trace, &target)));
    if run.looking.span.get_untracked() != span {
        run.looking.span.set(span);
    }
}

/// Opens the mark that was clicked, which stays in sight; the stage shows the picture it looks at.
pub fn open_mark(run: Run, event: &Event) {
    let Some(target) = target_of(event) else {
        return;
    };
    let Some(mark) = index_in(&target, "data-mark") else {
        return;
    };
    let looked = run.trace.with_untracked(|trace| {
        let marker = *trace.markers.get(mark)?;
        Some((marker.start, Span::from(marker).brightest_image(trace)))
    });
    if let Some((start, image)) = looked {
        run.choose_image(image);
        run.looking.mark.set(Some(mark));
        run.pin(start);
        request_animation_frame(move || uncover(&target));
    }
}

/// On a phone the drawer lies over the foot of the answer, above the time line: scrolls a mark that it covers to where
/// it does not, and the drawer to where all of it is seen.
fn uncover(mark: &Element) {
    let page = mark.closest(".look-back").ok().flatten();
    let Some(drawer) = page.and_then(|page| page.query_selector(".mark-detail").ok()?) else {
        return;
    };
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    let (over, place) = (
        drawer.get_bounding_client_rect(),
        mark.get_bounding_client_rect(),
    );
    let is_below = place.bottom() > over.top() && place.top() < over.bottom();
    if is_below && place.left() < over.right() {
        mark.scroll_into_view_with_scroll_into_view_options(&options);
    } else if over.top() < 0.0 {
        drawer.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

fn target_of(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

fn index_in(element: &Element, name: &str) -> Option<usize> {
    element.get_attribute(name)?.parse().ok()
}

/// Of a mark its tokens, of a segment's name the segment's.
fn span_of(trace: &Trace, element: &Element) -> Option<Span> {
    if let Some(mark) = index_in(element, "data-mark") {
        return trace.markers.get(mark).copied().map(Span::from);
    }
    let segment = trace
        .passages()
        .nth(index_in(element, "data-segment")?)?
        .segment;
    Some(Span {
        start: segment.start,
        end: segment.end,
    })
}
