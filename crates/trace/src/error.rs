//! What can be wrong with a trace file.

use crate::trace::FORMAT;

/// Why a trace file cannot be read.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum TraceError {
    /// It is no JSON, or not of the contract's shape.
    #[error(
        "this is no trace file of the form {FORMAT} ({0}): choose a file that Lookback exported"
    )]
    Shape(String),
    /// It has another format or version.
    #[error(
        "the trace file has the format {0:?} but only {FORMAT:?} can be read: export it again with a matching version of Lookback"
    )]
    Format(String),
    /// It exceeds a limit.
    #[error(
        "the trace file has {found} {what} but at most {most} can be read: export a shorter answer"
    )]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A picture has no image tokens.
    #[error(
        "picture {image} of the trace file has {rows}×{cols} cells but needs at least 1×1: export the file again"
    )]
    EmptyImage {
        /// Index of the picture.
        image: usize,
        /// Its rows.
        rows: u32,
        /// Its columns.
        cols: u32,
    },
    /// A token's map does not fit the pictures.
    #[error(
        "token {token} of the trace file has a map of {found} bytes but its pictures have {expected} cells: export the file again"
    )]
    Map {
        /// Index of the token.
        token: usize,
        /// Bytes of its map.
        found: usize,
        /// Cells of all pictures.
        expected: usize,
    },
    /// A segment or marker lies outside the answer or overlaps the segment before it.
    #[error(
        "{what} {index} of the trace file covers tokens {start}..{end} but must lie within {first}..{last}: export the file again"
    )]
    Span {
        /// "segment" or "marker".
        what: &'static str,
        /// Its index.
        index: usize,
        /// Its first token.
        start: usize,
        /// One past its last token.
        end: usize,
        /// First token it may cover.
        first: usize,
        /// One past the last token it may cover.
        last: usize,
    },
    /// A number is too large for its field.
    #[error(
        "{what} {index} of the trace file holds a number that is not finite: export the file again"
    )]
    NotFinite {
        /// "token", "marker" or "timing".
        what: &'static str,
        /// Its index; 0 for the timing.
        index: usize,
    },
}
