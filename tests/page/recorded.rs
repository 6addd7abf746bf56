//! Recorded answers for the page: the published ones, with light that is put where a test can find it.

use std::error::Error;

use serde_json::Value;
use trace::{
    Event, ModelInfo, Prompt, PromptImage, Shares, StopReason, Timing, Token, Trace, encode_map,
};

#[allow(dead_code, reason = "the tests of `trace` use the rest")]
#[path = "../../crates/trace/tests/trace/published.rs"]
pub mod published;

use published::share;

/// Rows and columns of image tokens of the sample pictures, 336×252 px.
pub const ROWS: usize = 9;
/// See [`ROWS`].
pub const COLS: usize = 12;

/// A complete trace of `pieces`, separated by `|`, whose image shares follow `curve`. Until the first look
/// back the light is at the upper left, within it at the lower right, afterwards at the upper right.
pub fn trace(pieces: &str, curve: &[(usize, f32)], method: &str) -> Trace {
    let mut trace = Trace::new(ModelInfo {
        name: "Published".to_owned(),
        method: method.to_owned(),
        ..ModelInfo::default()
    });
    trace.apply(&Event::Prompt(Prompt {
        question: "Where is this photo taken?".to_owned(),
        images: vec![PromptImage {
            name: "shapes.png".to_owned(),
            width_px: 336,
            height_px: 252,
            rows: ROWS as u32,
            cols: COLS as u32,
            file: Vec::new(),
        }],
        ..Prompt::default()
    }));
    for (index, text) in pieces.split('|').enumerate() {
        let is_over = trace.text().contains("</back>");
        let center = match (trace.text().contains("<back>"), is_over) {
            (false, _) => (1.0, 2.0),
            (true, false) => (7.0, 9.5),
            (true, true) => (1.0, 9.5),
        };
        let image = share(curve, index);
        trace.apply(&Event::Token(token(index, text, image, center)));
    }
    trace.apply(&Event::Done {
        stop: StopReason::End,
        timing: Timing {
            decode_millis: 5000.0,
            ..Timing::default()
        },
    });
    trace
}

fn token(index: usize, text: &str, image: f32, (row, col): (f32, f32)) -> Token {
    let distance = |cell: usize| {
        let (down, right) = ((cell / COLS) as f32 - row, (cell % COLS) as f32 - col);
        down * down + right * right
    };
    let light: Vec<f32> = (0..ROWS * COLS)
        .map(|cell| (-distance(cell) / 3.0).exp())
        .collect();
    let sum: f32 = light.iter().sum();
    let probabilities: Vec<f32> = light.iter().map(|light| light / sum * image).collect();
    let (map, map_max) = encode_map(&probabilities);
    let question = (0.8 - index as f32 * 0.004).max(0.1) * (1.0 - image);
    Token {
        id: 1000 + index as u32,
        text: text.to_owned(),
        logprob: -0.25,
        millis: 31.5,
        shares: Shares {
            image,
            question,
            generated: 0.98 - image - question,
        },
        map,
        map_max,
    }
}

/// As the page takes it.
pub fn object(trace: &Trace) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_str(&trace.to_json()?)?)
}
