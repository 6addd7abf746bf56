//! Trace files, `lookback-trace/1`: written by us, read from anyone.
//!
//! A file is untrusted. What it must hold (format, model, prompt, tokens, stop, timing) is checked against
//! the limits below and against itself. What it may leave out (segments, markers, answer) is kept as it
//! stands once it is checked, so that a file survives being read and written, and is computed from the
//! tokens where it is missing. Unknown fields are ignored. Times of more than 15 digits may change in the
//! last one when they are read (the exact reader costs the page 8 KB).

use serde::Deserialize;

use crate::{
    Event, Marker, ModelInfo, Prompt, Segment, StopReason, Timing, Token, Trace, TraceError,
    trace::FORMAT,
};

/// Most bytes of a trace file.
pub const MAX_FILE_BYTES: usize = 256 << 20;
/// Most tokens of an answer.
pub const MAX_TOKENS: usize = 32_768;
/// Most pictures of a prompt.
pub const MAX_IMAGES: usize = 64;
/// Most bytes of the encoded pictures that a file carries along, all together.
pub const MAX_PICTURE_BYTES: usize = 32 << 20;
/// Most image tokens of a prompt, all pictures together.
pub const MAX_CELLS: usize = 65_536;
/// Most bytes of text, everything together.
pub const MAX_TEXT_BYTES: usize = 4 << 20;

#[derive(Deserialize)]
struct Header {
    format: String,
}

#[derive(Deserialize)]
struct File {
    model: ModelInfo,
    prompt: Prompt,
    tokens: Vec<Token>,
    segments: Option<Vec<Segment>>,
    markers: Option<Vec<Marker>>,
    answer: Option<String>,
    stop: StopReason,
    timing: Timing,
}

impl Trace {
    /// Reads a trace file; the trace is complete.
    ///
    /// # Errors
    /// When `json` is of another version or shape, exceeds a limit or contradicts itself.
    pub fn from_json(json: &[u8]) -> Result<Self, TraceError> {
        at_most("bytes", json.len(), MAX_FILE_BYTES)?;
        let Header { format } = serde_json::from_slice(json).map_err(shape)?;
        if format != FORMAT {
            return Err(TraceError::Format(excerpt(&format)));
        }
        let file: File = serde_json::from_slice(json).map_err(shape)?;
        file.check()?;
        Ok(file.trace())
    }

    /// Writes a trace file.
    ///
    /// # Errors
    /// Only when the writer itself fails, which is not known to happen.
    pub fn to_json(&self) -> Result<String, TraceError> {
        serde_json::to_string(self).map_err(shape)
    }
}

impl File {
    fn check(&self) -> Result<(), TraceError> {
        let n_tokens = self.tokens.len();
        at_most("tokens", n_tokens, MAX_TOKENS)?;
        at_most("pictures", self.prompt.images.len(), MAX_IMAGES)?;
        at_most("bytes of text", self.n_text_bytes(), MAX_TEXT_BYTES)?;
        let images = self.prompt.images.iter();
        let n_picture_bytes = images.map(|image| image.file.len()).sum();
        at_most("bytes of pictures", n_picture_bytes, MAX_PICTURE_BYTES)?;
        self.check_maps()?;
        self.check_numbers()?;
        let mut first = 0;
        for (index, segment) in self.segments.iter().flatten().enumerate() {
            check_span(
                "segment",
                index,
                segment.start..segment.end,
                first..n_tokens,
            )?;
            first = segment.end;
        }
        for (index, marker) in self.markers.iter().flatten().enumerate() {
            check_span("marker", index, marker.start..marker.end, 0..n_tokens)?;
        }
        Ok(())
    }

    fn n_text_bytes(&self) -> usize {
        let ModelInfo {
            name,
            method,
            quantization,
            sha256,
        } = &self.model;
        let Prompt {
            system,
            question,
            images,
        } = &self.prompt;
        let single = [name, method, quantization, sha256, system, question].into_iter();
        let names = images.iter().map(|image| &image.name);
        let texts = self.tokens.iter().map(|token| &token.text);
        single
            .chain(names)
            .chain(texts)
            .chain(&self.answer)
            .map(String::len)
            .sum()
    }

    fn check_maps(&self) -> Result<(), TraceError> {
        let mut expected = 0_usize;
        for (image, picture) in self.prompt.images.iter().enumerate() {
            if picture.n_cells() == 0 {
                return Err(TraceError::EmptyImage {
                    image,
                    rows: picture.rows,
                    cols: picture.cols,
                });
            }
            expected = expected.saturating_add(picture.n_cells());
        }
        at_most("image tokens", expected, MAX_CELLS)?;
        match self
            .tokens
            .iter()
            .position(|token| token.map.len() != expected)
        {
            None => Ok(()),
            Some(token) => Err(TraceError::Map {
                token,
                found: self.tokens[token].map.len(),
                expected,
            }),
        }
    }

    fn check_numbers(&self) -> Result<(), TraceError> {
        for (index, token) in self.tokens.iter().enumerate() {
            let shares = [
                token.shares.image,
                token.shares.question,
                token.shares.generated,
            ];
            let is_finite = shares
                .into_iter()
                .chain([token.logprob, token.map_max])
                .all(f32::is_finite);
            finite("token", index, is_finite && token.millis.is_finite())?;
        }
        for (index, marker) in self.markers.iter().flatten().enumerate() {
            finite("marker", index, marker.gain.is_finite())?;
        }
        let Timing {
            load_millis,
            vision_millis,
            prefill_millis,
            decode_millis,
        } = self.timing;
        let millis = [load_millis, vision_millis, prefill_millis, decode_millis];
        finite("timing", 0, millis.into_iter().all(f64::is_finite))
    }

    fn trace(self) -> Trace {
        let mut trace = Trace::new(self.model);
        trace.apply(&Event::Prompt(self.prompt));
        for token in self.tokens {
            trace.apply(&Event::Token(token));
        }
        trace.apply(&Event::Done {
            stop: self.stop,
            timing: self.timing,
        });
        trace.segments = self.segments.unwrap_or(trace.segments);
        trace.markers = self.markers.unwrap_or(trace.markers);
        trace.answer = self.answer.unwrap_or(trace.answer);
        trace
    }
}

fn at_most(what: &'static str, found: usize, most: usize) -> Result<(), TraceError> {
    if found <= most {
        Ok(())
    } else {
        Err(TraceError::TooMany { what, found, most })
    }
}

fn finite(what: &'static str, index: usize, is_finite: bool) -> Result<(), TraceError> {
    if is_finite {
        Ok(())
    } else {
        Err(TraceError::NotFinite { what, index })
    }
}

fn check_span(
    what: &'static str,
    index: usize,
    span: std::ops::Range<usize>,
    within: std::ops::Range<usize>,
) -> Result<(), TraceError> {
    if within.start <= span.start && span.start <= span.end && span.end <= within.end {
        return Ok(());
    }
    let (first, last) = (within.start, within.end);
    Err(TraceError::Span {
        what,
        index,
        start: span.start,
        end: span.end,
        first,
        last,
    })
}

fn shape(error: serde_json::Error) -> TraceError {
    TraceError::Shape(excerpt(&error.to_string()))
}

/// The beginning of a text that a file may have chosen.
fn excerpt(text: &str) -> String {
    text.chars().take(200).collect()
}
