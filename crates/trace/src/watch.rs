//! Watches for looks back: what the text states and what the attention shows are two different things.
//!
//! A **stated** look back is a `back` or `reflection` segment, whatever the attention does. A **measured**
//! one is a rise of the image share against the recent past, whatever the text says: it opens when the
//! last [`WINDOW_TOKENS`] tokens have a mean of at least [`RISE`] times the mean of the
//! [`HISTORY_TOKENS`] before them, and at least [`MIN_TOKENS`] of them lie above the level
//! `max(STAY × that mean, MIN_SHARE)`. It reaches from the first to the last token above the level and is
//! over once the mean of the last [`WINDOW_TOKENS`] falls below it. Before 25 tokens nothing is measured:
//! the first description of the picture is no look *back*, although its peak is the highest of most
//! answers (in the published curves .29, the look back .13 at 4 to 8 times its surroundings).

use std::ops::Range;

use crate::{Marker, MarkerKind, Segment, SegmentKind};

/// Tokens before a marker that its gain is measured against.
pub const HISTORY_TOKENS: usize = 20;
/// Tokens over which a rise must hold on average; a single token is noise.
pub const WINDOW_TOKENS: usize = 5;
/// Tokens of that window that must lie above the level.
pub const MIN_TOKENS: usize = 3;
/// Rise against the history that opens a measured marker.
pub const RISE: f64 = 2.0;
/// Rise against the history down to which it lasts; below [`RISE`], so that it does not flicker.
pub const STAY: f64 = 1.2;
/// Image share below which no rise counts.
pub const MIN_SHARE: f64 = 0.01;
/// Largest gain that is reported.
pub const MAX_GAIN: f64 = 1000.0;

/// Finds markers, one token at a time, each in constant time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watch {
    /// `sums[i]` is the image share of all tokens before `i`, added up.
    sums: Vec<f64>,
    /// Segment and marker of the last stated look back.
    stated: Option<(usize, usize)>,
    /// Marker and level of the measured look back that is open.
    measured: Option<(usize, f64)>,
    /// End of the last measured look back.
    measured_end: usize,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self {
            sums: vec![0.0],
            stated: None,
            measured: None,
            measured_end: 0,
        }
    }

    /// Takes the next token; of `segments` only those from `first_changed` on may have changed. Returns
    /// the markers that were opened.
    pub(crate) fn push(
        &mut self,
        image_share: f32,
        segments: &[Segment],
        first_changed: usize,
        markers: &mut Vec<Marker>,
    ) -> Range<usize> {
        let n_before = markers.len();
        self.sums
            .push(self.sums[self.n_tokens()] + f64::from(image_share));
        for (index, segment) in segments.iter().enumerate().skip(first_changed) {
            self.state(index, segment, markers);
        }
        match self
            .measured
            .and_then(|(index, level)| Some((markers.get_mut(index)?, level)))
        {
            Some((marker, level)) => self.follow(marker, level),
            None => self.open(markers),
        }
        n_before..markers.len()
    }

    fn state(&mut self, index: usize, segment: &Segment, markers: &mut Vec<Marker>) {
        if !matches!(segment.kind, SegmentKind::Back | SegmentKind::Reflection) {
            return;
        }
        let marker = self.marker(MarkerKind::Stated, segment.start..segment.end);
        match self.stated {
            Some((known, at)) if known == index => markers[at] = marker,
            _ => {
                self.stated = Some((index, markers.len()));
                markers.push(marker);
            }
        }
    }

    fn follow(&mut self, marker: &mut Marker, level: f64) {
        let n_tokens = self.n_tokens();
        if self.share(n_tokens - 1) >= level {
            *marker = self.marker(MarkerKind::Measured, marker.start..n_tokens);
        }
        if self.mean(n_tokens.saturating_sub(WINDOW_TOKENS)..n_tokens) < Some(level) {
            self.measured_end = marker.end;
            self.measured = None;
        }
    }

    fn open(&mut self, markers: &mut Vec<Marker>) {
        let window = self.n_tokens().saturating_sub(WINDOW_TOKENS)..self.n_tokens();
        if window.start < HISTORY_TOKENS || window.start < self.measured_end {
            return;
        }
        let history = self
            .mean(window.start - HISTORY_TOKENS..window.start)
            .unwrap_or_default();
        let level = (STAY * history).max(MIN_SHARE);
        let rise = self.mean(window.clone()).unwrap_or_default();
        let mut above = window.filter(|token| self.share(*token) >= level);
        let n_above = above.clone().count();
        if rise < RISE * history || rise < level || n_above < MIN_TOKENS {
            return;
        }
        let (Some(first), Some(last)) = (above.next(), above.next_back()) else {
            return;
        };
        self.measured = Some((markers.len(), level));
        markers.push(self.marker(MarkerKind::Measured, first..last + 1));
    }

    fn marker(&self, kind: MarkerKind, tokens: Range<usize>) -> Marker {
        let Range { start, end } = tokens;
        let before = self.mean(start.saturating_sub(HISTORY_TOKENS)..start);
        let gain = match (self.mean(start..end), before) {
            (Some(inside), Some(before)) if before > 0.0 => (inside / before).clamp(0.0, MAX_GAIN),
            (Some(inside), Some(_)) if inside > 0.0 => MAX_GAIN,
            _ => 1.0,
        };
        Marker {
            kind,
            start,
            end,
            gain: gain as f32,
        }
    }

    fn n_tokens(&self) -> usize {
        self.sums.len() - 1
    }

    fn share(&self, token: usize) -> f64 {
        self.sums[token + 1] - self.sums[token]
    }

    /// Mean image share; `None` of no token.
    fn mean(&self, tokens: Range<usize>) -> Option<f64> {
        let sum = self.sums[tokens.end.min(self.n_tokens())]
            - self.sums[tokens.start.min(self.n_tokens())];
        (!tokens.is_empty()).then(|| sum / tokens.len() as f64)
    }
}
