//! Marks on the time line: where the text states a look back and where the attention shows one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a stretch is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkerKind {
    /// The text says so.
    Stated,
    /// The attention on the image rises.
    Measured,
    /// Image tokens were copied into the answer.
    Copied,
    /// Image tokens were inserted into the context.
    Inserted,
}

/// A marked stretch of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marker {
    /// Why it is marked.
    pub kind: MarkerKind,
    /// First token.
    pub start: usize,
    /// One past the last token; provisional while the marker is open.
    pub end: usize,
    /// Mean image share inside over the mean of the 20 tokens before, or of those there are. Always
    /// finite: 1 when nothing lies inside or before or both means are 0, [`crate::MAX_GAIN`] at most.
    pub gain: f32,
}

/// How often the model looked back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In its words.
    pub n_stated: usize,
    /// By its attention.
    pub n_measured: usize,
    /// Stated with a gain of at most 1 and without any measured marker that overlaps.
    pub n_stated_without_rise: usize,
}

impl Counts {
    /// Counts `markers`.
    pub fn of(markers: &[Marker]) -> Self {
        let count = |kind| markers.iter().filter(|marker| marker.kind == kind).count();
        let is_measured = |stated: &Marker| {
            markers.iter().any(|marker| {
                let overlaps = marker.start < stated.end && stated.start < marker.end;
                marker.kind == MarkerKind::Measured && overlaps
            })
        };
        let stated = markers
            .iter()
            .filter(|marker| marker.kind == MarkerKind::Stated);
        Self {
            n_stated: count(MarkerKind::Stated),
            n_measured: count(MarkerKind::Measured),
            n_stated_without_rise: stated
                .filter(|marker| marker.gain <= 1.0 && !is_measured(marker))
                .count(),
        }
    }
}

impl fmt::Display for Counts {
    /// "2 stated, 3 measured, 1 stated without any rise"; the last part only when there is one.
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(
            formatter,
            "{} stated, {} measured",
            self.n_stated, self.n_measured
        )?;
        match self.n_stated_without_rise {
            0 => Ok(()),
            n => write!(formatter, ", {n} stated without any rise"),
        }
    }
}
