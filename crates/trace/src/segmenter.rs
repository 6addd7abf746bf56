//! Cuts the streamed answer into segments by the rules of the module `segment`.

use std::mem;
use std::ops::Range;

use crate::tag::{self, Reading, Tag};
use crate::{Passage, Segment, SegmentKind};

/// A place in the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    byte: usize,
    token: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Span {
    segment: Segment,
    /// Visible bytes of the answer.
    bytes: Range<usize>,
}

impl Span {
    fn new(kind: SegmentKind, token: usize, byte: usize) -> Self {
        let closed = kind == SegmentKind::Text;
        let segment = Segment {
            kind,
            start: token,
            end: token,
            closed,
        };
        Self {
            segment,
            bytes: byte..byte,
        }
    }

    /// Text that nobody wrote, between two tags.
    fn is_blank(&self) -> bool {
        let Segment {
            kind, start, end, ..
        } = self.segment;
        kind == SegmentKind::Text && start == end && self.bytes.is_empty()
    }
}

/// Cuts the answer into segments, one token at a time, in time proportional to the token's text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segmenter {
    text: String,
    /// Byte of `text` at which each token ends.
    token_ends: Vec<usize>,
    ended: Vec<Span>,
    current: Span,
    /// Where a possible tag began that is still undecided; it reaches to the end of `text`.
    held: Option<Place>,
    /// `current` lies within an unclosed think.
    interrupts_think: bool,
    /// Open braces of the box that is `current`; 0 when it is none.
    box_depth: usize,
}

impl Segmenter {
    pub(crate) fn new() -> Self {
        Self {
            text: String::new(),
            token_ends: Vec::new(),
            ended: Vec::new(),
            current: Span::new(SegmentKind::Text, 0, 0),
            held: None,
            interrupts_think: false,
            box_depth: 0,
        }
    }

    /// Takes the next token's text; only segments from the returned index on may have changed.
    pub(crate) fn push(&mut self, token_text: &str) -> usize {
        let first_changed = self.ended.len();
        let token = self.token_ends.len();
        for character in token_text.chars() {
            self.take(character, token);
        }
        self.token_ends.push(self.text.len());
        let segment = &mut self.current.segment;
        segment.end = segment.start.max(token + 1);
        self.current.bytes.end = self.held.map_or(self.text.len(), |held| held.byte);
        first_changed
    }

    /// No token follows: a tag that is still half received is text.
    pub(crate) fn finish(&mut self) {
        self.held = None;
        self.current.bytes.end = self.text.len();
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Segments from index `first` on.
    pub(crate) fn segments(&self, first: usize) -> impl Iterator<Item = Segment> {
        self.spans().skip(first).map(|span| span.segment)
    }

    pub(crate) fn passages(&self) -> impl DoubleEndedIterator<Item = Passage<'_>> {
        self.spans().map(|Span { segment, bytes }| Passage {
            segment: *segment,
            bytes: bytes.clone(),
            text: &self.text[bytes.clone()],
        })
    }

    /// The text of `bytes` by token: token index and its part, without empty parts.
    pub(crate) fn pieces(&self, bytes: Range<usize>) -> impl Iterator<Item = (usize, &str)> {
        let first = self.token_ends.partition_point(|end| *end <= bytes.start);
        let mut from = bytes.start;
        let ends = self.token_ends[first..].iter().enumerate();
        ends.map_while(move |(offset, end)| {
            let part = from..(*end).min(bytes.end);
            from = part.end.max(from);
            (part.start < bytes.end).then_some((first + offset, part))
        })
        .filter_map(|(token, part)| Some((token, self.text.get(part)?)))
        .filter(|(_, text)| !text.is_empty())
    }

    fn spans(&self) -> impl DoubleEndedIterator<Item = &Span> {
        let current = Some(&self.current).filter(|span| !span.is_blank());
        self.ended.iter().chain(current)
    }

    fn take(&mut self, character: char, token: usize) {
        let place = Place {
            byte: self.text.len(),
            token,
        };
        self.text.push(character);
        if let Some(held) = self.held {
            match tag::read(&self.text[held.byte..]) {
                Reading::Partial => return,
                Reading::Whole(tag) => return self.turn(tag, held),
                Reading::Text => self.held = None,
            }
        }
        match character {
            '<' => self.held = Some(place),
            '\\' if self.current.segment.kind == SegmentKind::Text => self.held = Some(place),
            '{' if self.box_depth > 0 => self.box_depth += 1,
            '}' if self.box_depth == 1 => self.close(place, SegmentKind::Text, true),
            '}' if self.box_depth > 1 => self.box_depth -= 1,
            _ => {}
        }
    }

    /// `tag` is complete; it began at `held`.
    fn turn(&mut self, tag: Tag, held: Place) {
        self.held = None;
        let current = self.current.segment.kind;
        match tag {
            Tag::Open(kind) => {
                let within = self.interrupts_think || current == SegmentKind::Think;
                self.interrupts_think = within && kind != SegmentKind::Think;
                self.replace(kind, held.token, held.byte);
            }
            Tag::Close(kind) if kind == current && self.box_depth == 0 => {
                let resumed = if self.interrupts_think {
                    SegmentKind::Think
                } else {
                    SegmentKind::Text
                };
                self.interrupts_think = false;
                self.close(held, resumed, true);
            }
            Tag::Close(SegmentKind::Think) if self.interrupts_think => {
                self.interrupts_think = false;
                self.close(held, SegmentKind::Text, false);
            }
            Tag::Close(_) => {}
            Tag::Box => {
                self.replace(SegmentKind::Answer, held.token, held.byte);
                self.box_depth = 1;
            }
        }
    }

    /// Ends the current segment with the token at `place`.
    fn close(&mut self, place: Place, next: SegmentKind, closed: bool) {
        self.current.segment.closed |= closed;
        self.replace(next, place.token + 1, place.byte);
    }

    /// Ends the current segment before `end_token` and `end_byte`; `next` begins behind all text so far.
    fn replace(&mut self, next: SegmentKind, end_token: usize, end_byte: usize) {
        let end = end_token.max(self.current.segment.start);
        let next = Span::new(next, end, self.text.len());
        let mut ended = mem::replace(&mut self.current, next);
        ended.segment.end = end;
        ended.bytes.end = end_byte;
        if !ended.is_blank() {
            self.ended.push(ended);
        }
        self.box_depth = 0;
    }
}
