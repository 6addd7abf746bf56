//! The trace: everything known about one answer, folded from the engine's events.

use std::ops::Range;

use serde::Serialize;

use crate::answer::answer;
use crate::segmenter::Segmenter;
use crate::watch::Watch;
use crate::{
    Counts, Event, Marker, ModelInfo, Passage, Prompt, Segment, Shares, StopReason, Timing, Token,
};

/// Name and version of the trace file.
pub const FORMAT: &str = "lookback-trace/1";

/// One question and its answer. Serialises to exactly the trace file `lookback-trace/1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    format: &'static str,
    /// Who answered.
    pub model: ModelInfo,
    /// What was asked.
    pub prompt: Prompt,
    /// What was generated, and where each token looked.
    pub tokens: Vec<Token>,
    /// The answer by purpose: in order, without gap or overlap.
    pub segments: Vec<Segment>,
    /// Looks back, in the order in which they were noticed: an index stays valid.
    pub markers: Vec<Marker>,
    /// The answer without the reasoning; empty until the trace is complete.
    pub answer: String,
    /// Why it ended; `Stopped` until it has.
    pub stop: StopReason,
    /// Where the time went.
    pub timing: Timing,
    #[serde(skip)]
    segmenter: Segmenter,
    #[serde(skip)]
    watch: Watch,
    #[serde(skip)]
    is_complete: bool,
}

impl Trace {
    /// A trace without a question.
    pub fn new(model: ModelInfo) -> Self {
        Self {
            format: FORMAT,
            model,
            prompt: Prompt::default(),
            tokens: Vec::new(),
            segments: Vec::new(),
            markers: Vec::new(),
            answer: String::new(),
            stop: StopReason::Stopped,
            timing: Timing::default(),
            segmenter: Segmenter::new(),
            watch: Watch::new(),
            is_complete: false,
        }
    }

    /// Folds one event in and returns the indices of the markers that it opened; their ends and gains
    /// follow with later tokens. `Prompt` begins anew, `Done` and `Error` complete the trace; a complete
    /// trace ignores everything but `Prompt`. Numbers that are not finite become 0, so that the trace can
    /// always be written.
    pub fn apply(&mut self, event: &Event) -> Range<usize> {
        match event {
            Event::Prompt(prompt) => {
                *self = Self::new(self.model.clone());
                self.prompt = prompt.clone();
            }
            Event::Token(token) if !self.is_complete => return self.push(token.clone()),
            Event::Done { stop, timing } if !self.is_complete => {
                self.timing = finite_timing(*timing);
                self.complete(*stop);
            }
            Event::Error(_) if !self.is_complete => self.complete(StopReason::Failed),
            _ => {}
        }
        self.markers.len()..self.markers.len()
    }

    /// `Done` or `Error` has been folded in.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// All that was generated, tags included.
    pub fn text(&self) -> &str {
        self.segmenter.text()
    }

    /// The answer as a reader sees it: each segment's text without its tags. Until the trace is complete,
    /// a tag that is half received is held back. Read from the tokens' text, also where a trace file
    /// states other segments.
    pub fn passages(&self) -> impl DoubleEndedIterator<Item = Passage<'_>> {
        self.segmenter.passages()
    }

    /// The part of `passage` that each token contributed: token index and visible text, in order.
    pub fn pieces(&self, passage: &Passage) -> impl Iterator<Item = (usize, &str)> {
        self.segmenter.pieces(passage.bytes.clone())
    }

    /// How often the model looked back.
    pub fn counts(&self) -> Counts {
        Counts::of(&self.markers)
    }

    /// Folds one more token in.
    pub(crate) fn push(&mut self, token: Token) -> Range<usize> {
        let token = finite_token(token);
        let first_changed = self.segmenter.push(&token.text);
        self.segments.truncate(first_changed);
        self.segments.extend(self.segmenter.segments(first_changed));
        let share = token.shares.image;
        self.tokens.push(token);
        self.watch
            .push(share, &self.segments, first_changed, &mut self.markers)
    }

    fn complete(&mut self, stop: StopReason) {
        self.segmenter.finish();
        self.stop = stop;
        self.answer = answer(&self.segmenter);
        self.is_complete = true;
    }
}

fn finite(number: f32) -> f32 {
    if number.is_finite() { number } else { 0.0 }
}

fn finite_millis(millis: f64) -> f64 {
    if millis.is_finite() { millis } else { 0.0 }
}

fn finite_token(token: Token) -> Token {
    let Shares {
        image,
        question,
        generated,
    } = token.shares;
    Token {
        logprob: finite(token.logprob),
        millis: finite_millis(token.millis),
        shares: Shares {
            image: finite(image),
            question: finite(question),
            generated: finite(generated),
        },
        map_max: finite(token.map_max),
        ..token
    }
}

fn finite_timing(timing: Timing) -> Timing {
    let Timing {
        load_millis,
        vision_millis,
        prefill_millis,
        decode_millis,
    } = timing;
    Timing {
        load_millis: finite_millis(load_millis),
        vision_millis: finite_millis(vision_millis),
        prefill_millis: finite_millis(prefill_millis),
        decode_millis: finite_millis(decode_millis),
    }
}
