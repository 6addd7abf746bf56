use proptest::prelude::*;
use trace::{Counts, Event, Marker, MarkerKind, Token};

use crate::published::{
    SEMANTIC, SEMANTIC_CURVE, SOLUTION, SOLUTION_CURVE, share, streamed, token,
};

fn published(pieces: &str, curve: &[(usize, f32)]) -> Vec<Token> {
    let text = pieces.split('|').enumerate();
    text.map(|(index, text)| token(text, share(curve, index)))
        .collect()
}

fn of_kind(markers: &[Marker], kind: MarkerKind) -> Vec<Marker> {
    markers
        .iter()
        .copied()
        .filter(|marker| marker.kind == kind)
        .collect()
}

fn of_shares(shares: &[f32]) -> Vec<Marker> {
    streamed(shares.iter().map(|share| token("x", *share))).markers
}

/// Mean by the definition.
fn mean(shares: &[f32]) -> f32 {
    shares.iter().sum::<f32>() / shares.len() as f32
}

#[test]
fn the_published_look_backs_are_measured_once() {
    for (pieces, curve, end) in [
        (SEMANTIC, SEMANTIC_CURVE, 126),
        (SOLUTION, SOLUTION_CURVE, 136),
    ] {
        let tokens = published(pieces, &curve);
        let shares: Vec<f32> = tokens.iter().map(|token| token.shares.image).collect();
        let trace = streamed(tokens);
        let stated = of_kind(&trace.markers, MarkerKind::Stated);
        assert_eq!(
            stated.iter().map(|m| (m.start, m.end)).collect::<Vec<_>>(),
            [(95, end)]
        );
        let expected = mean(&shares[95..end]) / mean(&shares[75..95]);
        assert!(
            (stated[0].gain - expected).abs() < 1e-4,
            "{} {expected}",
            stated[0].gain
        );

        let measured = of_kind(&trace.markers, MarkerKind::Measured);
        let near: Vec<_> = measured
            .iter()
            .filter(|m| m.start < end && m.end > 95)
            .collect();
        assert_eq!(near.len(), 1, "{measured:?}");
        assert!(near[0].start >= 90 && near[0].end <= end, "{measured:?}");
        assert!(near[0].gain > 1.5, "{measured:?}");
        // The first description of the picture, the highest peak of both curves, is no look back.
        assert!(
            measured.iter().all(|marker| marker.start > 40),
            "{measured:?}"
        );
        assert_eq!(trace.counts().n_stated_without_rise, 0);
    }
}

#[test]
fn a_step_is_measured_where_it_is() {
    let mut shares = vec![0.02; 40];
    shares.extend([0.08; 10]);
    shares.extend([0.02; 20]);
    let markers = of_shares(&shares);
    let [
        Marker {
            kind,
            start,
            end,
            gain,
        },
    ] = markers[..]
    else {
        panic!("{markers:?}")
    };
    assert_eq!((kind, start, end), (MarkerKind::Measured, 40, 50));
    assert!((gain - 4.0).abs() < 1e-5);
}

#[test]
fn one_high_token_is_noise() {
    let mut shares = vec![0.02; 60];
    shares[40] = 0.5;
    shares[41] = 0.5;
    assert_eq!(of_shares(&shares), []);
}

#[test]
fn an_early_rise_is_no_look_back() {
    let mut shares = vec![0.02; 15];
    shares.extend([0.3; 5]);
    assert_eq!(of_shares(&shares), []);
}

#[test]
fn a_rise_below_one_hundredth_does_not_count() {
    let mut shares = vec![0.0001; 40];
    shares.extend([0.005; 10]);
    assert_eq!(of_shares(&shares), []);
}

#[test]
fn a_rise_from_nothing_has_the_largest_gain() {
    let mut shares = vec![0.0; 40];
    shares.extend([0.2; 10]);
    let markers = of_shares(&shares);
    assert_eq!(
        markers
            .iter()
            .map(|m| (m.start, m.gain))
            .collect::<Vec<_>>(),
        [(40, 1000.0)]
    );
}

#[test]
fn an_open_marker_is_reported_once_and_followed() {
    let mut trace = streamed(["a", "b", "<ba"].map(|text| token(text, 0.1)));
    assert!(trace.apply(&Event::Token(token("ck", 0.1))).is_empty());
    assert_eq!(trace.apply(&Event::Token(token(">", 0.1))), 0..1);
    assert_eq!((trace.markers[0].start, trace.markers[0].end), (2, 5));
    assert!((trace.markers[0].gain - 1.0).abs() < 1e-6);
    assert!(trace.apply(&Event::Token(token("x", 0.5))).is_empty());
    // (0.1 + 0.1 + 0.1 + 0.5) / 4 over 0.1.
    assert_eq!((trace.markers[0].start, trace.markers[0].end), (2, 6));
    assert!((trace.markers[0].gain - 2.0).abs() < 1e-5);
}

#[test]
fn a_look_back_before_anything_else_has_no_gain() {
    let trace = streamed(["<back>", "x", "</back>"].map(|text| token(text, 0.3)));
    assert_eq!(
        trace.markers,
        [Marker {
            kind: MarkerKind::Stated,
            start: 0,
            end: 3,
            gain: 1.0
        }]
    );
    assert_eq!(
        trace.counts().to_string(),
        "1 stated, 0 measured, 1 stated without any rise"
    );
}

#[test]
fn counts_tell_stated_from_measured() {
    let marker = |kind, start, end, gain| Marker {
        kind,
        start,
        end,
        gain,
    };
    let markers = [
        marker(MarkerKind::Stated, 30, 40, 3.0),
        marker(MarkerKind::Measured, 32, 38, 4.0),
        marker(MarkerKind::Measured, 50, 60, 4.0),
        marker(MarkerKind::Stated, 70, 80, 0.9),
        marker(MarkerKind::Measured, 90, 95, 2.0),
        marker(MarkerKind::Copied, 96, 97, 1.0),
    ];
    let expected = "2 stated, 3 measured, 1 stated without any rise";
    assert_eq!(Counts::of(&markers).to_string(), expected);
    assert_eq!(
        Counts::of(&markers[..3]).to_string(),
        "1 stated, 2 measured"
    );
}

proptest! {
    #[test]
    fn a_decline_is_never_measured(mut shares in prop::collection::vec(0.0_f32..1.0, 0..200)) {
        shares.sort_by(|a, b| b.total_cmp(a));
        prop_assert_eq!(of_shares(&shares), []);
    }

    #[test]
    fn markers_lie_inside_and_apart(shares in prop::collection::vec(prop::num::f32::ANY, 0..200)) {
        let markers = of_shares(&shares);
        let mut free_from = 0;
        for marker in &markers {
            prop_assert!(free_from <= marker.start && marker.start < marker.end);
            prop_assert!(marker.end <= shares.len() && marker.gain.is_finite());
            free_from = marker.end;
        }
    }

    #[test]
    fn the_picture_s_size_does_not_matter(
        shares in prop::collection::vec(0.02_f32..0.5, 0..200),
        halvings in 0..2,
    ) {
        // A power of two scales every sum exactly.
        let scale = 0.5_f32.powi(halvings);
        let scaled: Vec<f32> = shares.iter().map(|share| share * scale).collect();
        prop_assert_eq!(of_shares(&shares), of_shares(&scaled));
    }
}
