use proptest::prelude::*;
use trace::{
    Event, Failure, MAX_PICTURE_BYTES, ModelInfo, Prompt, PromptImage, Shares, StopReason, Timing,
    Token, Trace, TraceError,
};

use crate::published::{SEMANTIC, read};

/// A file of the contract, written by hand, with markers and segments that are not ours.
const FILE: &str = r#"{"format":"lookback-trace/1","model":{"name":"n","method":"v1","quantization":"q4","sha256":"ab"},"prompt":{"system":"s","question":"q?","images":[{"name":"a.png","width_px":56,"height_px":28,"rows":1,"cols":2}]},"tokens":[{"id":7,"text":"a","logprob":-0.5,"millis":12.25,"shares":{"image":0.5,"question":0.25,"generated":0.125},"map":"AP8=","map_max":0.0123}],"segments":[{"kind":"caption","start":0,"end":1,"closed":true}],"markers":[{"kind":"copied","start":0,"end":1,"gain":1.5}],"answer":"yes","stop":"length","timing":{"load_millis":1.0,"vision_millis":2.0,"prefill_millis":3.0,"decode_millis":4.0}}"#;

fn error(from: &str, to: &str) -> TraceError {
    assert!(FILE.contains(from), "{from}");
    let file = FILE.replacen(from, to, 1);
    Trace::from_json(file.as_bytes()).expect_err("the file is wrong")
}

#[test]
fn a_file_of_the_contract_survives() {
    let trace = Trace::from_json(FILE.as_bytes()).expect("the file is right");
    assert_eq!(trace.tokens[0].map, [0, 255]);
    assert_eq!(
        (trace.stop, trace.is_complete()),
        (StopReason::Length, true)
    );
    assert_eq!(trace.to_json().as_deref(), Ok(FILE));
}

#[test]
fn unknown_fields_are_ignored() {
    let file = FILE.replace(r#""stop""#, r#""more":[{"x":null}],"stop""#);
    let file = file.replace(r#""id":7"#, r#""entropy":1.5,"id":7"#);
    let trace = Trace::from_json(file.as_bytes()).expect("the file is right");
    assert_eq!(trace.to_json().as_deref(), Ok(FILE));
}

#[test]
fn a_picture_may_come_along() {
    let file = FILE.replace(r#""cols":2}"#, r#""cols":2,"file":"AP8="}"#);
    let trace = Trace::from_json(file.as_bytes()).expect("the file is right");
    assert_eq!(trace.prompt.images[0].file, [0, 255]);
    assert_eq!(trace.to_json().as_deref(), Ok(file.as_str()));
    let large = "A".repeat(MAX_PICTURE_BYTES / 3 * 4 + 8);
    let expected = TraceError::TooMany {
        what: "bytes of pictures",
        found: MAX_PICTURE_BYTES / 3 * 3 + 6,
        most: MAX_PICTURE_BYTES,
    };
    assert_eq!(
        error(r#""cols":2}"#, &format!(r#""cols":2,"file":"{large}"}}"#)),
        expected
    );
}

#[test]
fn what_can_be_computed_may_be_missing() {
    let whole: serde_json::Value = serde_json::to_value(read(SEMANTIC)).expect("serialises");
    let mut facts = whole.clone();
    for derived in ["segments", "markers", "answer"] {
        facts
            .as_object_mut()
            .and_then(|fields| fields.remove(derived))
            .expect("the field is there");
    }
    let trace = Trace::from_json(facts.to_string().as_bytes()).expect("the file is right");
    assert_eq!(serde_json::to_value(trace).expect("serialises"), whole);
}

#[test]
fn a_wrong_file_is_refused_with_a_sentence() {
    let wrong = TraceError::Format("lookback-trace/2".to_owned());
    assert_eq!(error("trace/1", "trace/2"), wrong);
    assert!(wrong.to_string().contains("lookback-trace/1"));
    assert_eq!(
        error("AP8=", "AP8A"),
        TraceError::Map {
            token: 0,
            found: 3,
            expected: 2
        }
    );
    assert!(matches!(error("AP8=", "A?8="), TraceError::Shape(_)));
    assert!(matches!(
        error(r#""map""#, r#""mop""#),
        TraceError::Shape(_)
    ));
    assert!(matches!(
        error(r#""copied""#, r#""mopped""#),
        TraceError::Shape(_)
    ));
    assert!(matches!(
        error(r#""format":"lookback-trace/1","#, ""),
        TraceError::Shape(_)
    ));
    assert!(matches!(
        Trace::from_json(b"GIF89a"),
        Err(TraceError::Shape(_))
    ));
    assert!(matches!(
        Trace::from_json(&FILE.as_bytes()[..400]),
        Err(TraceError::Shape(_))
    ));
    assert_eq!(
        error(r#""rows":1"#, r#""rows":0"#),
        TraceError::EmptyImage {
            image: 0,
            rows: 0,
            cols: 2
        }
    );
}

#[test]
fn spans_outside_the_answer_are_refused() {
    let outside = error(
        r#""start":0,"end":1,"closed""#,
        r#""start":0,"end":2,"closed""#,
    );
    let what = "segment";
    assert_eq!(
        outside,
        TraceError::Span {
            what,
            index: 0,
            start: 0,
            end: 2,
            first: 0,
            last: 1
        }
    );
    let overlap = r#"[{"kind":"text","start":0,"end":1,"closed":true},{"kind""#;
    let overlap = error(r#"[{"kind":"caption""#, &format!(r#"{overlap}:"caption""#));
    assert_eq!(
        overlap,
        TraceError::Span {
            what,
            index: 1,
            start: 0,
            end: 1,
            first: 1,
            last: 1
        }
    );
    let marker = error(r#""start":0,"end":1,"gain""#, r#""start":1,"end":0,"gain""#);
    let what = "marker";
    assert_eq!(
        marker,
        TraceError::Span {
            what,
            index: 0,
            start: 1,
            end: 0,
            first: 0,
            last: 1
        }
    );
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let index = 0;
    assert_eq!(
        error("0.0123", "1e39"),
        TraceError::NotFinite {
            what: "token",
            index
        }
    );
    assert_eq!(
        error("1.5", "-1e300"),
        TraceError::NotFinite {
            what: "marker",
            index
        }
    );
    assert!(matches!(error("12.25", "1e999"), TraceError::Shape(_)));
    assert!(matches!(error("12.25", "null"), TraceError::Shape(_)));
}

#[test]
fn limits_hold() {
    let huge = error(r#""rows":1"#, r#""rows":4294967295"#);
    assert!(
        matches!(
            huge,
            TraceError::TooMany {
                what: "image tokens",
                ..
            }
        ),
        "{huge}"
    );
    let long = error(
        r#""q?""#,
        &format!(r#""{}""#, "q".repeat(trace::MAX_TEXT_BYTES)),
    );
    assert!(
        matches!(
            long,
            TraceError::TooMany {
                what: "bytes of text",
                ..
            }
        ),
        "{long}"
    );
    let token = r#"{"id":0,"text":"","logprob":0,"millis":0,"shares":{"image":0,"question":0,"generated":0},"map":"","map_max":0},"#;
    let many = error(
        r#""tokens":["#,
        &format!(r#""tokens":[{}"#, token.repeat(trace::MAX_TOKENS)),
    );
    assert!(
        matches!(many, TraceError::TooMany { what: "tokens", .. }),
        "{many}"
    );
    let name = "x".repeat(100_000);
    assert!(
        error(r#""caption""#, &format!("{name:?}"))
            .to_string()
            .len()
            < 1000
    );
}

#[test]
fn a_failed_answer_keeps_what_came_before() {
    let mut trace = Trace::new(ModelInfo {
        name: "m".to_owned(),
        ..ModelInfo::default()
    });
    assert_eq!(trace.stop, StopReason::Stopped);
    let token = Token {
        text: "a<".to_owned(),
        millis: f64::NAN,
        ..Token::default()
    };
    trace.apply(&Event::Token(token));
    trace.apply(&Event::Error(Failure::default()));
    assert_eq!(
        (trace.stop, trace.answer.as_str(), trace.tokens.len()),
        (StopReason::Failed, "a<", 1)
    );
    let json = trace.to_json().expect("serialises");
    assert_eq!(Trace::from_json(json.as_bytes()).as_ref(), Ok(&trace));

    let failed = trace.clone();
    trace.apply(&Event::Token(Token::default()));
    trace.apply(&Event::Done {
        stop: StopReason::End,
        timing: Timing::default(),
    });
    assert_eq!(trace, failed);

    trace.apply(&Event::Prompt(Prompt::default()));
    assert_eq!(trace, Trace::new(failed.model));
}

/// Whole microseconds: times with more digits than a clock gives may change in the last one.
fn millis() -> impl Strategy<Value = f64> {
    (0_u32..1_000_000_000).prop_map(|micros| f64::from(micros) / 1000.0)
}

fn tokens(n_cells: usize) -> impl Strategy<Value = Token> {
    let text = prop_oneof![
        "[ -~]{0,6}",
        Just("<back>".to_owned()),
        Just("</back>".to_owned()),
        any::<String>()
    ];
    let map = prop::collection::vec(any::<u8>(), n_cells);
    (any::<u32>(), text, millis(), any::<[f32; 5]>(), map).prop_map(
        |(id, text, millis, numbers, map)| {
            let [logprob, map_max, image, question, generated] = numbers;
            let shares = Shares {
                image,
                question,
                generated,
            };
            Token {
                id,
                text,
                logprob,
                millis,
                shares,
                map,
                map_max,
            }
        },
    )
}

fn traces() -> impl Strategy<Value = Trace> {
    let images = prop::collection::vec((1_u32..4, 1_u32..4), 0..3);
    let images = images.prop_map(|grids| {
        let image = |(rows, cols)| PromptImage {
            rows,
            cols,
            ..PromptImage::default()
        };
        grids.into_iter().map(image).collect::<Vec<_>>()
    });
    let run = images.prop_flat_map(|images| {
        let n_cells = images.iter().map(PromptImage::n_cells).sum();
        (Just(images), prop::collection::vec(tokens(n_cells), 0..40))
    });
    (any::<String>(), millis(), run).prop_map(|(question, millis, (images, tokens))| {
        let mut trace = Trace::new(ModelInfo::default());
        trace.apply(&Event::Prompt(Prompt {
            question,
            images,
            ..Prompt::default()
        }));
        for token in tokens {
            trace.apply(&Event::Token(token));
        }
        let timing = Timing {
            decode_millis: millis,
            ..Timing::default()
        };
        trace.apply(&Event::Done {
            stop: StopReason::Length,
            timing,
        });
        trace
    })
}

proptest! {
    #[test]
    fn every_trace_can_be_read_again(trace in traces()) {
        let json = trace.to_json().expect("serialises");
        prop_assert_eq!(Trace::from_json(json.as_bytes()), Ok(trace));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Trace::from_json(&bytes);
    }

    #[test]
    fn any_damage_is_read_or_refused(
        at in 0..FILE.len(),
        n_removed in 0_usize..4,
        put in prop_oneof!["[0-9eE.\\-]{0,12}", "[\\[\\]{},:\"a-z]{0,3}"],
    ) {
        let mut file = FILE.as_bytes().to_vec();
        file.splice(at..(at + n_removed).min(FILE.len()), put.bytes());
        if let Ok(trace) = Trace::from_json(&file) {
            let json = trace.to_json().expect("serialises");
            prop_assert_eq!(Trace::from_json(json.as_bytes()), Ok(trace));
        }
    }
}
