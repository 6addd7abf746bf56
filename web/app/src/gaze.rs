//! The light of a token or of a stretch of them, on its way from the one before.

use leptos::prelude::*;
use trace::{HeatMap, Trace};

use crate::light::{light_between, light_from_map};
use crate::span::Span;

/// Milliseconds the light takes from one token to the next.
const LIGHT_MOVES_MILLIS: f64 = 120.0;

/// Light on a picture, 0 to 1 per cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Light {
    /// Row-major.
    pub cells: Vec<f32>,
    /// Rows of cells.
    pub rows: u32,
    /// Columns of cells.
    pub cols: u32,
}

/// Full light of a stretch is at least this part of a token's: a stretch that looks away is dim, too.
const STRETCH_LIGHT: f32 = 0.125;

/// The probability that is full light: one for all single tokens, so that they can be compared; for the mean of a
/// stretch, `map`, which is more even, its own largest or an eighth of the tokens'. Each by itself has its own largest.
pub fn full_light(trace: &Trace, span: Span, map: &HeatMap, by_itself: bool) -> f32 {
    let of_tokens = || trace::peak(&trace.tokens);
    match (by_itself, span.n_tokens()) {
        (true, _) => map.peak(),
        (false, 1) => of_tokens(),
        (false, _) => map.peak().max(STRETCH_LIGHT * of_tokens()),
    }
}

/// The light of a map whose full light is `peak`.
pub fn light_of(map: &HeatMap, peak: f32) -> Light {
    Light {
        cells: light_from_map(map, peak),
        rows: map.n_rows as u32,
        cols: map.n_cols as u32,
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

#[cfg(test)]
mod tests {
    use trace::{Event, ModelInfo, Prompt, PromptImage, Token};

    use super::*;

    #[test]
    fn a_stretch_that_looks_away_is_not_made_bright() {
        let mut trace = Trace::new(ModelInfo::default());
        trace.apply(&Event::Prompt(Prompt {
            images: vec![PromptImage {
                rows: 1,
                cols: 2,
                ..PromptImage::default()
            }],
            ..Prompt::default()
        }));
        for map_max in [0.8, 0.4, 0.01, 0.01] {
            trace.apply(&Event::Token(Token {
                map: vec![255, 0],
                map_max,
                ..Token::default()
            }));
        }
        let light = |start, end, by_itself| {
            let span = Span { start, end };
            span.map(&trace, 0)
                .map_or(0.0, |map| full_light(&trace, span, &map, by_itself))
        };
        let is = |got: f32, expected: f32| assert!((got - expected).abs() < 1e-6, "{got}");
        is(light(2, 3, false), 0.8);
        is(light(0, 2, false), 0.6);
        is(light(2, 4, false), 0.1);
        is(light(2, 4, true), 0.01);
        is(light(4, 9, true), 0.0);
    }
}
