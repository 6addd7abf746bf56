use proptest::prelude::*;
use trace::{MarkerKind, Token, Trace};

use crate::published::{SEMANTIC, SEMANTIC_CURVE, read, share, streamed, token};

/// Token texts and image shares of the published answer.
fn published() -> Vec<Token> {
    let texts = SEMANTIC.split('|').enumerate();
    texts
        .map(|(index, text)| token(text, share(&SEMANTIC_CURVE, index)))
        .collect()
}

fn whole() -> Trace {
    let mut trace = streamed(published());
    trace.apply(&trace::Event::Done {
        stop: trace::StopReason::Length,
        timing: trace::Timing::default(),
    });
    trace
}

proptest! {
    #[test]
    fn wherever_one_goes_it_is_the_fold_of_what_had_happened(
        places in prop::collection::vec(0_usize..200, 1..8)
    ) {
        let whole = whole();
        let mut shown = whole.clone();
        for n_tokens in places {
            shown.replay(&whole, n_tokens);
            let n_tokens = n_tokens.min(whole.tokens.len());
            let live = match n_tokens == whole.tokens.len() {
                true => whole.clone(),
                false => streamed(published().into_iter().take(n_tokens)),
            };
            prop_assert_eq!(&shown, &live);
        }
    }
}

#[test]
fn a_mark_appears_when_it_was_noticed_and_not_where_it_begins() {
    let whole = whole();
    let measured = |trace: &Trace| {
        let marks = trace.markers.iter();
        marks
            .filter(|mark| mark.kind == MarkerKind::Measured)
            .map(|mark| mark.start)
            .collect::<Vec<_>>()
    };
    let last = measured(&whole)
        .pop()
        .expect("the published answer looks back");
    let mut shown = whole.clone();
    shown.replay(&whole, last + 1);
    assert!(!measured(&shown).contains(&last), "one token is no rise");
    shown.replay(&whole, last + 6);
    assert!(measured(&shown).contains(&last));
}

#[test]
fn what_a_file_states_of_its_own_is_shown_at_the_end_only() {
    let mut whole = read(SEMANTIC);
    whole.answer = "another".to_owned();
    let mut shown = whole.clone();
    shown.replay(&whole, 157);
    assert_eq!((shown.answer.as_str(), shown.is_complete()), ("", false));
    shown.replay(&whole, 158);
    assert_eq!(shown, whole);
}

/// Bytes that a complete trace holds per image token and generated token.
fn bytes_per_pair(trace: &Trace, n_cells: usize) -> f64 {
    let token_bytes = |token: &Token| {
        // The text is kept twice, with the byte at which it ends and the sum of shares up to it.
        size_of::<Token>() + token.map.capacity() + 2 * token.text.capacity() + 16
    };
    let n_bytes: usize = trace.tokens.iter().map(token_bytes).sum();
    // Growing vectors hold up to as much again.
    2.0 * n_bytes as f64 / (trace.tokens.len() * n_cells) as f64
}

/// Issue 5: at most 100 bytes; a replay holds the trace twice.
#[test]
fn two_thousand_tokens_with_maps_are_small() {
    for n_cells in [64, 1_225] {
        let token = |_| Token {
            text: " token".to_owned(),
            map: vec![1; n_cells],
            ..Token::default()
        };
        let whole = streamed((0..2_000).map(token));
        let n_bytes = 2.0 * bytes_per_pair(&whole, n_cells);
        println!("{n_cells} image tokens: {n_bytes:.1} bytes per image token and generated token");
        assert!(n_bytes <= 100.0, "{n_bytes}");
    }
}
