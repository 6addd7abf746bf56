//! Which tokens the time line shows.

use leptos::prelude::*;

use crate::run::{Phase, Run};
use crate::span::Span;

/// The line grows by this many tokens at a time, so that it does not move with every one.
const STEP_TOKENS: usize = 64;
/// Fewest tokens that are magnified.
const MIN_TOKENS: usize = 10;

/// The tokens on the time line: all, or those magnified, moved so that the chosen token is among them.
pub fn shown_tokens(run: Run) -> Memo<Span> {
    Memo::new(move |_| {
        let n_tokens = run.trace.with(|trace| trace.tokens.len());
        let grows = run.phase.with(|phase| *phase == Phase::Answering);
        let all = width_tokens(n_tokens, grows).max(run.n_replayable());
        match run.looking.zoom.get() {
            // Not the token under the pointer: the line would slip away from it.
            Some(zoom) => around(zoom, run.pinned.get().or(n_tokens.checked_sub(1)), all),
            None => Span { start: 0, end: all },
        }
    })
}

/// Halves or doubles what the time line shows, around the current token.
pub fn magnify(run: Run, is_in: bool) {
    let n_tokens = run.trace.with_untracked(|trace| trace.tokens.len());
    let zoom = run.looking.zoom.get_untracked();
    let shown = zoom.map_or(n_tokens, Span::n_tokens);
    let wanted = if is_in {
        (shown / 2).max(MIN_TOKENS)
    } else {
        shown * 2
    };
    if wanted >= n_tokens {
        return run.looking.zoom.set(None);
    }
    let middle = run.current.get_untracked().unwrap_or_default();
    let start = middle.saturating_sub(wanted / 2).min(n_tokens - wanted);
    run.looking.zoom.set(Some(Span {
        start,
        end: start + wanted,
    }));
}

/// Shows a stretch with half as much again on either side.
pub fn magnify_span(run: Run, span: Span) {
    let n_tokens = run.trace.with_untracked(|trace| trace.tokens.len());
    let margin = (span.n_tokens() / 2).max(MIN_TOKENS / 2);
    run.looking.zoom.set(Some(Span {
        start: span.start.saturating_sub(margin),
        end: (span.end + margin).min(n_tokens),
    }));
}

fn width_tokens(n_tokens: usize, grows: bool) -> usize {
    if grows || n_tokens == 0 {
        n_tokens.max(1).next_multiple_of(STEP_TOKENS)
    } else {
        n_tokens
    }
}

/// `zoom` within `0..n_tokens`, moved as little as it takes to cover `token`.
fn around(zoom: Span, token: Option<usize>, n_tokens: usize) -> Span {
    let n_shown = zoom.n_tokens().clamp(1, n_tokens.max(1));
    let start = match token {
        Some(token) if token < zoom.start => token,
        Some(token) if token >= zoom.start + n_shown => token + 1 - n_shown,
        _ => zoom.start,
    };
    let start = start.min(n_tokens - n_shown.min(n_tokens));
    Span {
        start,
        end: start + n_shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_grows_in_steps_and_ends_with_the_answer() {
        assert_eq!(width_tokens(1, true), 64);
        assert_eq!(width_tokens(65, true), 128);
        assert_eq!(width_tokens(65, false), 65);
    }

    #[test]
    fn what_is_magnified_follows_the_chosen_token_and_stays_within_the_answer() {
        let zoom = Span { start: 40, end: 60 };
        assert_eq!(around(zoom, Some(50), 100), zoom);
        assert_eq!(around(zoom, Some(60), 100), Span { start: 41, end: 61 });
        assert_eq!(around(zoom, Some(3), 100), Span { start: 3, end: 23 });
        assert_eq!(around(zoom, None, 45), Span { start: 25, end: 45 });
        assert_eq!(around(zoom, Some(99), 8), Span { start: 0, end: 8 });
    }
}
