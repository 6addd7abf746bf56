use serde_json::{Value, json};
use trace::{Ask, Command, Event, Failure, ImageFile, Prompt, Shares, StopReason, Timing, Token};

fn crosses<T>(message: T, expected: Value)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(
        serde_json::to_value(&message).expect("serialises"),
        expected
    );
    assert_eq!(
        serde_json::from_value::<T>(expected).expect("deserialises"),
        message
    );
}

#[test]
fn events_cross_the_worker_boundary() {
    crosses(Event::Ready, json!({"kind": "ready"}));
    crosses(
        Event::NoGpu { has_webgpu: true },
        json!({"kind": "no_gpu", "has_webgpu": true}),
    );
    let progress = Event::Progress {
        loaded_bytes: 5,
        total_bytes: 1 << 40,
    };
    crosses(
        progress,
        json!({"kind": "progress", "loaded_bytes": 5, "total_bytes": 1_u64 << 40}),
    );
    let shares = Shares {
        image: 0.5,
        question: 0.25,
        generated: 0.125,
    };
    let token = Token {
        id: 1,
        text: "é".to_owned(),
        shares,
        map: vec![0, 255],
        ..Token::default()
    };
    let expected = json!({
        "kind": "token", "id": 1, "text": "é", "logprob": 0.0, "millis": 0.0,
        "shares": {"image": 0.5, "question": 0.25, "generated": 0.125}, "map": "AP8=", "map_max": 0.0,
    });
    crosses(Event::Token(token), expected);
    let timing = json!({
        "load_millis": 0.0, "vision_millis": 0.0, "prefill_millis": 0.0, "decode_millis": 0.0,
    });
    let done = Event::Done {
        stop: StopReason::Length,
        timing: Timing::default(),
    };
    crosses(
        done,
        json!({"kind": "done", "stop": "length", "timing": timing}),
    );
    let prompt = json!({"kind": "prompt", "system": "", "question": "", "images": []});
    crosses(Event::Prompt(Prompt::default()), prompt);
    let failure = json!({"kind": "error", "message": "", "detail": "", "fatal": false});
    crosses(Event::Error(Failure::default()), failure);
}

#[test]
fn a_question_may_leave_out_what_has_a_default() {
    let message = json!({
        "kind": "ask", "question": "q", "images": [{"name": "a.png", "bytes": [1, 2]}], "method": "plain",
    });
    let Command::Ask(ask) = serde_json::from_value(message).expect("deserialises") else {
        panic!("no question")
    };
    let image = ImageFile {
        name: "a.png".to_owned(),
        bytes: vec![1, 2],
    };
    let expected = Ask {
        question: "q".to_owned(),
        images: vec![image],
        method: "plain".to_owned(),
        ..Ask::default()
    };
    assert_eq!(ask, expected);
}
