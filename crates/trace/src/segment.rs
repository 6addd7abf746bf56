//! The streamed answer as segments: thinking, looking back, answering.
//!
//! Rules, for text that may be cut into tokens anywhere:
//! - A segment **starts** with the token that holds the first character of its opening tag, and **ends**
//!   (half-open) after the token that holds the first character of its closing tag. Counted from 1, as in
//!   the plots of Look-Back, `start + 1` and `end` are the two lines drawn there: 96 and 126 for the
//!   published Semantic-back answer. What is left of the closing tag falls to the segment that follows.
//! - `\boxed{…}` outside any tag is an answer; it ends after the token of its matching brace.
//! - Segments follow each other without gap or overlap. A token that two segments share belongs to the
//!   later one, unless the earlier one was closed in that very token.
//! - A tag that opens inside a think interrupts it, and the thinking resumes after it. A tag that opens
//!   inside anything else ends that, unclosed. A closing tag that closes nothing is ordinary text.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What a stretch of the answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// `<think>`, `<REASONING>`.
    Think,
    /// `<back>`: a stated look back.
    Back,
    /// `<reflection>`, `<REFLECTION>`: a stated look back.
    Reflection,
    /// `<CAPTION>`.
    Caption,
    /// `<SUMMARY>`.
    Summary,
    /// `<CONCLUSION>`: holds the answer.
    Conclusion,
    /// `<answer>`, `\boxed{…}`.
    Answer,
    /// Outside every tag.
    Text,
}

/// A stretch of tokens of one kind; the rules are in this module's introduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// What it is for.
    pub kind: SegmentKind,
    /// First token.
    pub start: usize,
    /// One past the last token; grows while the segment is open.
    pub end: usize,
    /// Its closing tag was read; always true of text, which has none.
    pub closed: bool,
}

/// What a reader sees of one segment: its text without its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage<'a> {
    /// The segment as the text gives it.
    pub segment: Segment,
    /// Where `text` lies in the whole answer.
    pub bytes: Range<usize>,
    /// The visible text; a tag that is half received at the end of the stream is held back.
    pub text: &'a str,
}
