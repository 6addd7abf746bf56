use proptest::prelude::*;
use trace::{Passage, SegmentKind, Trace};

use crate::published::{SEMANTIC, SOLUTION, SPACED, read, streamed, token};

/// Kind, first token, one past the last token, closed, visible text.
type Row<'a> = (&'a str, usize, usize, bool, &'a str);

fn kind(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Think => "think",
        SegmentKind::Back => "back",
        SegmentKind::Reflection => "reflection",
        SegmentKind::Caption => "caption",
        SegmentKind::Summary => "summary",
        SegmentKind::Conclusion => "conclusion",
        SegmentKind::Answer => "answer",
        SegmentKind::Text => "text",
    }
}

fn row<'a>(Passage { segment, text, .. }: Passage<'a>) -> Row<'a> {
    (
        kind(segment.kind),
        segment.start,
        segment.end,
        segment.closed,
        text,
    )
}

fn rows(trace: &Trace) -> Vec<Row<'_>> {
    trace.passages().map(row).collect()
}

fn bounds(trace: &Trace) -> Vec<(&str, usize, usize)> {
    trace
        .segments
        .iter()
        .map(|segment| (kind(segment.kind), segment.start, segment.end))
        .collect()
}

#[test]
fn the_published_look_backs_have_the_published_bounds() {
    let semantic = read(SEMANTIC);
    assert_eq!(semantic.tokens.len(), 158);
    let expected = [
        ("think", 0, 93),
        ("text", 93, 95),
        ("back", 95, 126),
        ("text", 126, 128),
        ("think", 128, 153),
        ("text", 153, 155),
        ("answer", 155, 158),
    ];
    assert_eq!(bounds(&semantic), expected);
    assert!(semantic.segments.iter().all(|segment| segment.closed));

    let solution = read(SOLUTION);
    assert_eq!(solution.tokens.len(), 165);
    assert_eq!(bounds(&solution)[2], ("back", 95, 136));
}

#[test]
fn the_published_answers_come_out() {
    assert_eq!(read(SEMANTIC).answer, "");
    assert_eq!(read(SOLUTION).answer, "Yes");
    assert_eq!(read(SPACED).answer, "Yes");
}

#[test]
fn spaces_around_tags_are_text() {
    let trace = read(SPACED);
    let back = trace
        .passages()
        .find(|passage| passage.segment.kind == SegmentKind::Back);
    let text = back.map(|passage| passage.text).unwrap_or_default();
    assert!(
        text.starts_with(" The second") && text.ends_with("cartoon design. "),
        "{text:?}"
    );
    let markers: Vec<_> = trace
        .markers
        .iter()
        .map(|marker| (marker.start, marker.end))
        .collect();
    // ` <`, `back`, `>` are told apart from the text; the closing tag begins inside the token ` </`.
    let closing = trace
        .tokens
        .iter()
        .position(|token| token.text == " </")
        .map(|index| index + 1);
    assert_eq!(markers, [(30, closing.unwrap_or_default())]);
}

#[test]
fn neighbouring_tags_may_share_a_token() {
    let trace = read("<th|ink|>A|</|think|><|back|>B|</|back|><|answer|>7|</|answer|>");
    let expected = [
        ("think", 0, 4, true, "A"),
        ("text", 4, 5, true, ""),
        ("back", 5, 9, true, "B"),
        ("text", 9, 10, true, ""),
        ("answer", 10, 14, true, "7"),
        ("text", 14, 16, true, ""),
    ];
    assert_eq!(rows(&trace), expected);
    assert_eq!(trace.answer, "7");
}

#[test]
fn upper_case_tags_are_those_of_look_again() {
    let trace = read(
        "<SUMMARY>|s|</SUMMARY>|<REFLECTION>|</REFLECTION>|<CAPTION>|c|</CAPTION>|<REASONING>|r|\
         </REASONING>|<REF|LECTION|>|x|</|REF|LECTION|>\n|<CONCLUSION>| 4 |</CONCLUSION>",
    );
    let expected = [
        ("summary", 0, 3, true, "s"),
        ("reflection", 3, 5, true, ""),
        ("caption", 5, 8, true, "c"),
        ("think", 8, 11, true, "r"),
        ("reflection", 11, 16, true, "x"),
        ("text", 16, 19, true, "\n"),
        ("conclusion", 19, 22, true, " 4 "),
    ];
    assert_eq!(rows(&trace), expected);
    assert_eq!((trace.answer.as_str(), trace.counts().n_stated), ("4", 2));
}

#[test]
fn an_unclosed_segment_reaches_to_the_end() {
    let expected = [("think", 0, 2, true, "a"), ("back", 2, 5, false, "so the")];
    assert_eq!(rows(&read("<think>a|</think>|<back>|so| the")), expected);
    assert_eq!(read(r"x|\boxed{|6").answer, "6");
    assert_eq!(read("x|<answer>| 6").answer, "6");
}

#[test]
fn a_tag_inside_a_think_interrupts_it() {
    let trace = read("<think>|a|<back>|b|</back>|c|</think>|d");
    let expected = [
        ("think", 0, 2, false, "a"),
        ("back", 2, 5, true, "b"),
        ("think", 5, 7, true, "c"),
        ("text", 7, 8, true, "d"),
    ];
    assert_eq!(rows(&trace), expected);
}

#[test]
fn wrongly_nested_tags_end_what_is_open() {
    let crossed = read("<think>|a|<back>|b|</think>|c|</back>|d");
    let expected = [
        ("think", 0, 2, false, "a"),
        ("back", 2, 5, false, "b"),
        ("text", 5, 8, true, "c</back>d"),
    ];
    assert_eq!(rows(&crossed), expected);

    let twice = read("<back>|a|<back>|b|</back>|<think>|c|<think>|d|</think>");
    let expected = [
        ("back", 0, 2, false, "a"),
        ("back", 2, 5, true, "b"),
        ("think", 5, 7, false, "c"),
        ("think", 7, 10, true, "d"),
    ];
    assert_eq!(rows(&twice), expected);
    assert_eq!(twice.counts().n_stated, 2);
}

#[test]
fn a_box_ends_at_its_own_brace() {
    let trace = read(r"so $|\|boxed|{\frac{1}{|2}}|$.");
    let expected = [
        ("text", 0, 1, true, "so $"),
        ("answer", 1, 5, true, r"\frac{1}{2}"),
        ("text", 5, 6, true, "$."),
    ];
    assert_eq!(rows(&trace), expected);
    assert_eq!(trace.answer, r"\frac{1}{2}");
}

#[test]
fn the_answer_is_the_last_one_that_is_not_empty() {
    assert_eq!(read(r"\boxed{1} or \boxed{ 2 } \boxed{}").answer, "2");
    assert_eq!(read(r"<answer>It is \boxed{3}.</answer>").answer, "3");
    assert_eq!(read(r"<think>Perhaps \boxed{5}").answer, "5");
    assert_eq!(read(r"\boxed{\boxed{8}}").answer, "8");
    assert_eq!(read("<think>a</think>\nIt is blue. ").answer, "It is blue.");
    assert_eq!(read("Two cats, 2 < 3.").answer, "Two cats, 2 < 3.");
    assert_eq!(read("<think>hm").answer, "");
}

#[test]
fn a_half_received_tag_is_held_back() {
    let visible = |pieces: &str| {
        let trace = streamed(pieces.split('|').map(|text| token(text, 0.0)));
        trace
            .passages()
            .map(|passage| passage.text.to_owned())
            .collect::<String>()
    };
    assert_eq!(visible("a |<|ba"), "a ");
    assert_eq!(visible("a |<|ba|d"), "a <bad");
    assert_eq!(visible("a |<|back|>b"), "a b");
    assert_eq!(visible(r"a |\|box"), "a ");
    assert_eq!(visible("<think>|a|.</"), "a.");
    let done = read("a |<|ba");
    assert_eq!(rows(&done), [("text", 0, 3, true, "a <ba")]);
}

#[test]
fn pieces_name_the_token_of_each_word() {
    let trace = read("<|back|>The| cat||.</|back|>");
    let pieces: Vec<_> = trace
        .passages()
        .take(1)
        .flat_map(|passage| {
            trace
                .pieces(&passage)
                .map(|(token, text)| (token, text.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect();
    let expected =
        [(2, "The"), (3, " cat"), (5, ".")].map(|(token, text)| (token, text.to_owned()));
    assert_eq!(pieces, expected);
}

/// Answers made of tags, parts of tags and text.
fn answers() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "<think>",
        "</think>",
        "<back>",
        "</back>",
        "<reflection>",
        "</reflection>",
        "<answer>",
        "</answer>",
        "<REASONING>",
        "</REASONING>",
        "<CONCLUSION>",
        "</CONCLUSION>",
        r"\boxed{",
        "{",
        "}",
        "<",
        "/",
        ">",
        "back",
        r"\",
        "é",
        "🦊",
        " a",
        "\n",
    ]);
    prop::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

/// `text` in tokens of 0, 1, 2 … characters as `cuts` says, over and over.
fn tokens<'a>(text: &'a str, cuts: &[usize]) -> Vec<&'a str> {
    let mut rest = text;
    let mut tokens = Vec::new();
    for n_chars in cuts.iter().chain(&[1]).cycle() {
        if rest.is_empty() {
            break;
        }
        let cut = rest
            .char_indices()
            .nth(*n_chars)
            .map_or(rest.len(), |(byte, _)| byte);
        tokens.push(&rest[..cut]);
        rest = &rest[cut..];
    }
    tokens
}

fn visible(trace: &Trace) -> Vec<(SegmentKind, bool, std::ops::Range<usize>)> {
    let said = trace
        .passages()
        .filter(|p| p.segment.kind != SegmentKind::Text || !p.text.is_empty());
    said.map(|p| (p.segment.kind, p.segment.closed, p.bytes))
        .collect()
}

proptest! {
    #[test]
    fn segments_cover_all_tokens_in_order(
        text in prop_oneof![answers(), any::<String>()],
        cuts in prop::collection::vec(0_usize..9, 0..6),
    ) {
        let mut trace = streamed([]);
        for (n_before, text) in tokens(&text, &cuts).into_iter().enumerate() {
            trace.apply(&trace::Event::Token(token(text, 0.0)));
            let mut end = 0;
            for segment in &trace.segments {
                prop_assert_eq!(segment.start, end);
                prop_assert!(segment.start <= segment.end);
                end = segment.end;
            }
            prop_assert_eq!(end, n_before + 1);
        }
        prop_assert_eq!(trace.text(), text);
    }

    #[test]
    fn the_cut_into_tokens_does_not_matter(
        text in answers(),
        cuts in prop::collection::vec(0_usize..9, 0..6),
    ) {
        let whole = read(&text);
        let mut cut = streamed(tokens(&text, &cuts).into_iter().map(|text| token(text, 0.0)));
        cut.apply(&trace::Event::Done { stop: Default::default(), timing: Default::default() });
        prop_assert_eq!(visible(&whole), visible(&cut));
        prop_assert_eq!(whole.answer, cut.answer);
    }

    #[test]
    fn a_look_back_starts_at_its_bracket(
        text in answers(),
        cuts in prop::collection::vec(1_usize..9, 0..6),
    ) {
        let pieces = tokens(&text, &cuts);
        let trace = streamed(pieces.iter().map(|text| token(text, 0.0)));
        let mut free_from = 0;
        for Passage { segment, bytes, .. } in trace.passages() {
            if segment.kind == SegmentKind::Back {
                let bracket = bytes.start - "<back>".len();
                let holder = (1..).find(|n| pieces[..*n].concat().len() > bracket).unwrap_or(0) - 1;
                prop_assert_eq!(segment.start, holder.max(free_from));
            }
            free_from = segment.end;
        }
    }
}
