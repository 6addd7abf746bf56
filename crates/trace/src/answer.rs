//! The answer that a finished text gives.

use crate::segmenter::Segmenter;
use crate::tag::BOX;
use crate::{Passage, SegmentKind};

/// The answer, trimmed; in this order the first that is there:
/// 1. the last closed `\boxed{…}`, `<answer>` or `<CONCLUSION>` that is not empty,
/// 2. the last of these that was never closed and is not empty,
/// 3. the last box inside another segment that is not empty,
/// 4. nothing, when an answer was marked but left empty (published answers end in `\boxed{}`),
/// 5. the text after the last tag; the whole text when there is no tag.
pub(crate) fn answer(text: &Segmenter) -> String {
    let is_marked = |passage: &Passage| {
        matches!(
            passage.segment.kind,
            SegmentKind::Answer | SegmentKind::Conclusion
        )
    };
    let find = |closed: bool| {
        let marked = text.passages().rev().filter(is_marked);
        marked
            .filter(|passage| passage.segment.closed == closed)
            .map(|passage| last_box(passage.text).unwrap_or(passage.text).trim())
            .find(|answer| !answer.is_empty())
    };
    let stated = find(true)
        .or_else(|| find(false))
        .or_else(|| last_box(text.text()));
    let answer = stated.unwrap_or_else(|| match text.passages().next_back() {
        Some(last)
            if last.segment.kind == SegmentKind::Text
                && !text.passages().any(|p| is_marked(&p)) =>
        {
            last.text.trim()
        }
        _ => "",
    });
    answer.to_owned()
}

/// Content of the last closed box that is not empty; of nested boxes the innermost.
fn last_box(text: &str) -> Option<&str> {
    let mut found: Option<(usize, &str)> = None;
    let mut depth = 0_usize;
    // Depth outside each open box and the byte at which its content begins.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (byte, character) in text.char_indices() {
        match character {
            '{' => {
                if text[..=byte].ends_with(BOX) {
                    open.push((depth, byte + 1));
                }
                depth += 1;
            }
            '}' => {
                depth = depth.saturating_sub(1);
                if let Some((_, start)) = open.pop_if(|(outside, _)| *outside == depth) {
                    let content = text[start..byte].trim();
                    let holds_found = found.is_some_and(|(inner, _)| inner > start);
                    if !content.is_empty() && !holds_found {
                        found = Some((start, content));
                    }
                }
            }
            _ => {}
        }
    }
    found.map(|(_, content)| content)
}
