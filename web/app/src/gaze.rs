//! The light of the current token, on its way from the token before.

use leptos::prelude::*;
use trace::Trace;

use crate::light::{light_between, light_from_map};
use crate::span::Span;

/// Milliseconds the light takes from one token to the next.
const LIGHT_MOVES_MILLIS: f64 = 120.0;

/// Light on the first picture for one token, 0 to 1 per cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Light {
    /// Row-major.
    pub cells: Vec<f32>,
    /// Rows of cells.
    pub rows: u32,
    /// Columns of cells.
    pub cols: u32,
}

/// The probability that is full light: one for all single tokens, so that they can be compared, unless each is seen by
/// itself; for the mean of a stretch its own largest. 0 where there is no light.
pub fn full_light(trace: &Trace, span: Span, per_token: bool) -> f32 {
    match span.n_tokens() {
        1 if !per_token => trace::peak(&trace.tokens),
        _ => span.map(trace).map_or(0.0, |map| map.peak()),
    }
}

/// The mean light of a stretch of tokens on the first picture, relative to `peak`.
pub fn light_of(trace: &Trace, span: Span, peak: f32) -> Light {
    let Some((map, image)) = span.map(trace).zip(trace.prompt.images.first()) else {
        return Light::default();
    };
    Light {
        cells: light_from_map(&map, peak),
        rows: image.rows,
        cols: image.cols,
    }
}

/// Follows `target` within [`LIGHT_MOVES_MILLIS`]; cuts when less motion is wished for.
pub fn move_light(target: Memo<Light>) -> ReadSignal<Light> {
    let (shown, set_shown) = signal(Light::default());
    let from = StoredValue::new(Light::default());
    let began = StoredValue::new(0.0_f64);
    let frame = RwSignal::new(0_u32);
    Effect::new(move |_| {
        target.track();
        from.set_value(shown.get_untracked());
        began.set_value(now_millis());
        frame.update(|frame| *frame = frame.wrapping_add(1));
    });
    Effect::new(move |_| {
        frame.track();
        let to = target.get_untracked();
        let progress = match prefers_less_motion() {
            true => 1.0,
            false => ((now_millis() - began.get_value()) / LIGHT_MOVES_MILLIS).clamp(0.0, 1.0),
        };
        let cells = from.with_value(|from| light_between(&from.cells, &to.cells, progress as f32));
        set_shown.set(Light { cells, ..to });
        if progress < 1.0 {
            request_animation_frame(move || {
                // Gone with the element.
                let _ = frame.try_update(|frame| *frame = frame.wrapping_add(1));
            });
        }
    });
    shown
}

/// The browser's time.
pub fn now_millis() -> f64 {
    window()
        .performance()
        .map_or(0.0, |performance| performance.now())
}

/// Whether the reader asked for less motion.
pub fn prefers_less_motion() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)");
    query.ok().flatten().is_some_and(|query| query.matches())
}
