//! Messages between engine and page, and their meaning: segments, markers, heat maps, trace files.
//!
//! The engine reports facts as [`Event`]s; [`Trace::apply`] folds them into a [`Trace`], which knows what
//! the answer states and what the attention shows. Nothing here needs a model, a GPU or a browser.

mod answer;
mod base64_bytes;
mod error;
mod file;
mod heat;
mod marker;
mod message;
mod replay;
mod segment;
mod segmenter;
mod tag;
mod trace;
mod watch;

pub use base64_bytes::base64;
pub use error::TraceError;
pub use file::{
    MAX_CELLS, MAX_FILE_BYTES, MAX_IMAGES, MAX_PICTURE_BYTES, MAX_TEXT_BYTES, MAX_TOKENS,
};
pub use heat::{HeatMap, RegionShare, cells_of_third, encode_map, peak};
pub use marker::{Counts, Marker, MarkerKind};
pub use message::*;
pub use segment::{Passage, Segment, SegmentKind};
pub use trace::{FORMAT, Trace};
pub use watch::{HISTORY_TOKENS, MAX_GAIN, MIN_SHARE, MIN_TOKENS, RISE, STAY, WINDOW_TOKENS};
