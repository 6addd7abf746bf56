//! The answer's segments as they are read: which are shown, what they are called, their text token by token.

use trace::{Marker, MarkerKind, Passage, Segment, SegmentKind, Trace};

use crate::mark::marker_figures;
use crate::span::Span;

/// The visible part of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Index of the token.
    pub token: usize,
    /// What of its text is outside every tag.
    pub text: String,
    /// How it is marked, a class in the style sheet.
    pub cover: &'static str,
    /// Indices of the marks that begin here and are not told by a heading.
    pub begins: Vec<usize>,
}

impl Piece {
    /// What changes when the piece must be drawn anew: a token's visible part only grows or shrinks.
    pub fn key(&self) -> (usize, usize, &'static str, Vec<usize>) {
        (self.token, self.text.len(), self.cover, self.begins.clone())
    }
}

/// Index and kind of each segment that has something to read; an answer left empty is shown as such.
pub fn visible_segments(trace: &Trace) -> Vec<(usize, SegmentKind)> {
    let is_visible = |passage: &Passage| {
        let is_empty_answer = passage.segment.kind == SegmentKind::Answer && trace.is_complete();
        is_empty_answer || !passage.text.trim().is_empty()
    };
    let passages = trace.passages().enumerate();
    passages
        .filter(|(_, passage)| is_visible(passage))
        .map(|(index, passage)| (index, passage.segment.kind))
        .collect()
}

/// The visible text of one segment, token by token, with its marks.
pub fn pieces_of(trace: &Trace, index: usize) -> Vec<Piece> {
    let Some(passage) = trace.passages().nth(index) else {
        return Vec::new();
    };
    let piece = |(token, text): (usize, &str)| Piece {
        token,
        text: text.to_owned(),
        cover: "",
        begins: Vec::new(),
    };
    let mut pieces: Vec<Piece> = trace.pieces(&trimmed(passage)).map(piece).collect();
    mark_pieces(trace, index, &mut pieces);
    pieces
}

fn trimmed(passage: Passage) -> Passage {
    let text = passage.text.trim();
    let start = passage.bytes.start + passage.text.len() - passage.text.trim_start().len();
    Passage {
        bytes: start..start + text.len(),
        text,
        ..passage
    }
}

/// Marks that no heading tells: which tokens each covers, and where it begins. One that begins in a tag is
/// drawn at the first visible token behind it.
fn mark_pieces(trace: &Trace, index: usize, pieces: &mut [Piece]) {
    for (mark, marker) in trace.markers.iter().enumerate() {
        let span = Span::from(*marker);
        let cover = match marker.kind {
            MarkerKind::Stated => continue,
            MarkerKind::Measured => "in-measured",
            MarkerKind::Copied => "in-copied",
            MarkerKind::Inserted => "in-inserted",
        };
        let mut covered = pieces
            .iter_mut()
            .filter(|piece| span.contains(piece.token))
            .peekable();
        if let Some(first) = covered.peek_mut()
            && (first.token == span.start || !is_drawn_before(trace, index, span))
        {
            first.begins.push(mark);
        }
        covered.for_each(|piece| piece.cover = cover);
    }
}

/// Whether a segment before `index` shows a token of `span`.
fn is_drawn_before(trace: &Trace, index: usize, span: Span) -> bool {
    let before = trace.passages().take(index);
    before
        .filter(|passage| passage.segment.end > span.start)
        .any(|passage| {
            let passage = trimmed(passage);
            trace
                .pieces(&passage)
                .any(|(token, _)| span.contains(token))
        })
}

/// What a segment is for, in words, with the gain of a stated look back.
pub fn label_of(trace: &Trace, index: usize) -> String {
    let Some(Passage { segment, text, .. }) = trace.passages().nth(index) else {
        return String::new();
    };
    let words = match segment.kind {
        SegmentKind::Think => "Thinks".to_owned(),
        SegmentKind::Back => format!("Looks back{}", gain_of(trace, segment)),
        SegmentKind::Reflection => format!("Reflects{}", gain_of(trace, segment)),
        SegmentKind::Caption => "Describes".to_owned(),
        SegmentKind::Summary => "Plans".to_owned(),
        SegmentKind::Answer | SegmentKind::Conclusion if text.trim().is_empty() => {
            "Left its answer empty".to_owned()
        }
        SegmentKind::Answer | SegmentKind::Conclusion => "Answers".to_owned(),
        SegmentKind::Text => String::new(),
    };
    match segment.closed || !trace.is_complete() {
        true => words,
        false => format!("{words} · never closed"),
    }
}

/// " · image attention ×4.1 for 30 tokens" of a stated look back.
fn gain_of(trace: &Trace, segment: Segment) -> String {
    let index = stated_mark(trace, segment);
    let marker = index.and_then(|index| trace.markers.get(index));
    marker.map_or_else(String::new, |marker| {
        format!(" · {}", marker_figures(*marker))
    })
}

/// Class of a segment in the style sheet.
pub fn class_of(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Think | SegmentKind::Caption | SegmentKind::Summary => "think",
        SegmentKind::Back | SegmentKind::Reflection => "back",
        SegmentKind::Answer | SegmentKind::Conclusion => "conclusion",
        SegmentKind::Text => "text",
    }
}

/// One segment by its index.
pub fn segment_of(trace: &Trace, index: usize) -> Option<Segment> {
    trace.passages().nth(index).map(|passage| passage.segment)
}

/// Index of the mark that a segment states.
pub fn stated_mark(trace: &Trace, segment: Segment) -> Option<usize> {
    let is_its =
        |marker: &Marker| marker.kind == MarkerKind::Stated && marker.start == segment.start;
    trace.markers.iter().position(is_its)
}

#[cfg(test)]
mod tests {
    use trace::{Event, ModelInfo, StopReason, Timing, Token};

    use super::*;

    /// A complete trace of tokens separated by `|`.
    fn read(pieces: &str) -> Trace {
        let mut trace = Trace::new(ModelInfo::default());
        for text in pieces.split('|') {
            trace.apply(&Event::Token(Token {
                text: text.to_owned(),
                ..Token::default()
            }));
        }
        trace.apply(&Event::Done {
            stop: StopReason::End,
            timing: Timing::default(),
        });
        trace
    }

    fn measured(trace: &mut Trace, start: usize, end: usize) -> usize {
        trace.markers.push(Marker {
            kind: MarkerKind::Measured,
            start,
            end,
            gain: 3.0,
        });
        trace.markers.len() - 1
    }

    #[test]
    fn a_mark_that_begins_in_a_tag_is_drawn_once_behind_it() {
        let mut trace = read("<think>|One.|</|think|><|back|>Two| three.</|back>|\\boxed|{}");
        let mark = measured(&mut trace, 3, 8);
        let begins: Vec<_> = (0..trace.passages().count())
            .flat_map(|index| pieces_of(&trace, index))
            .filter(|piece| piece.begins == [mark])
            .map(|piece| (piece.token, piece.text))
            .collect();
        assert_eq!(begins, [(6, "Two".to_owned())]);
    }

    #[test]
    fn a_mark_across_segments_covers_both_and_begins_in_the_first() {
        let mut trace = read("<think>|One| two|</think>|<back>|Three|</back>");
        let mark = measured(&mut trace, 2, 6);
        let pieces: Vec<_> = (0..trace.passages().count())
            .flat_map(|index| pieces_of(&trace, index))
            .collect();
        let covered = pieces.iter().filter(|piece| piece.cover == "in-measured");
        assert_eq!(covered.map(|piece| piece.token).collect::<Vec<_>>(), [2, 5]);
        let begun = pieces.iter().filter(|piece| piece.begins == [mark]);
        assert_eq!(begun.map(|piece| piece.token).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn an_unclosed_segment_and_an_empty_box_are_told() {
        let trace = read("<think>One.</think><back>Two.");
        let labels: Vec<_> = visible_segments(&trace)
            .into_iter()
            .map(|(index, _)| label_of(&trace, index))
            .collect();
        assert_eq!(labels[0], "Thinks");
        assert!(
            labels[1].starts_with("Looks back · ") && labels[1].ends_with(" · never closed"),
            "{labels:?}"
        );
        let empty = read("<think>One.</think>\\boxed{}");
        let labels = visible_segments(&empty).into_iter();
        let labels: Vec<_> = labels.map(|(index, _)| label_of(&empty, index)).collect();
        assert_eq!(labels, ["Thinks", "Left its answer empty"]);
    }
}
