//! Tags of the published methods. They are plain text, several tokens each, so they are read from the
//! characters of the answer and never from token ids.

use crate::SegmentKind;

/// Every tag name, as its method writes it: Look-Back and VRE in lower case, Qwen-LookAgain in upper case.
const NAMES: [(&str, SegmentKind); 9] = [
    ("think", SegmentKind::Think),
    ("back", SegmentKind::Back),
    ("reflection", SegmentKind::Reflection),
    ("answer", SegmentKind::Answer),
    ("SUMMARY", SegmentKind::Summary),
    ("CAPTION", SegmentKind::Caption),
    ("REASONING", SegmentKind::Think),
    ("REFLECTION", SegmentKind::Reflection),
    ("CONCLUSION", SegmentKind::Conclusion),
];

/// What opens the box that holds the answer; the matching brace closes it.
pub(crate) const BOX: &str = r"\boxed{";

/// A complete tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// `<think>`, …
    Open(SegmentKind),
    /// `</think>`, …
    Close(SegmentKind),
    /// `\boxed{`.
    Box,
}

/// What a stretch of text that begins with `<` or `\` has turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The beginning of a tag, undecided.
    Partial,
    /// A complete tag and nothing more.
    Whole(Tag),
    /// No tag, whatever follows.
    Text,
}

/// Reads `held`, which begins with `<` or `\`.
pub(crate) fn read(held: &str) -> Reading {
    if BOX.starts_with(held) {
        let is_whole = held.len() == BOX.len();
        return if is_whole {
            Reading::Whole(Tag::Box)
        } else {
            Reading::Partial
        };
    }
    let Some(inner) = held.strip_prefix('<') else {
        return Reading::Text;
    };
    let (name, wrap): (_, fn(SegmentKind) -> Tag) = match inner.strip_prefix('/') {
        Some(name) => (name, Tag::Close),
        None => (inner, Tag::Open),
    };
    if let Some(name) = name.strip_suffix('>') {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        return found.map_or(Reading::Text, |(_, kind)| Reading::Whole(wrap(*kind)));
    }
    if NAMES.iter().any(|(known, _)| known.starts_with(name)) {
        Reading::Partial
    } else {
        Reading::Text
    }
}
