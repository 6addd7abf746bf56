//! Published answers of the Look-Back models, as the tokens of the Qwen2.5 tokenizer separated by `|`,
//! and the image shares their authors plotted.

use trace::{Event, ModelInfo, Prompt, Shares, StopReason, Timing, Token, Trace};

/// Semantic-back-7B: 158 tokens; drawn by its authors (from 1): `<back>` 96, `</back>` 126.
pub const SEMANTIC: &str = "\
    <th|ink|>\n|The| image| shows| a| simple|,| un|ad|orn|ed| bedroom| with| a| single| bed\
    |,| a| small| night|stand|,| and| a| window| with| curtains|.| The| room| appears| to\
    | be| modest| and| functional|,| which| is| characteristic| of| a| youth| hostel| or| a\
    | budget| hotel| room|.| Youth| host|els| often| provide| basic| accommodations| with\
    | minimal| furnishings| to| keep| costs| low|.| The| presence| of| a| single| bed| and\
    | the| overall| simplicity| of| the| room| align| with| the| typical| setup| of| a\
    | youth| hostel| room|.|  \n|</|think|>\n|<|back|>The| room| has| a| single| bed|,| a\
    | small| night|stand|,| and| a| simple| window| with| curtains|,| which| are| typical\
    | features| of| a| youth| hostel| room|.</|back|>\n|<th|ink|>| \n|Therefore|,| it| is\
    | reasonable| to| conclude| that| this| photo| is| taken| in| a| place| of| youth\
    | hostel|.|  \n|</|think|>\n|\\|boxed|{}";

/// Solution-back-7B: 165 tokens; `<back>` 96, `</back>` 136.
pub const SOLUTION: &str = "\
    <th|ink|>\n|The| image| shows| a| simple| bedroom| with| a| single| bed|,| a| small\
    | night|stand|,| and| a| window| with| curtains|.| The| room| appears| to| be| modest\
    | and| functional|,| which| is| characteristic| of| a| youth| hostel| or| a| budget\
    | hotel| room|.| The| presence| of| a| single| bed| and| the| overall| simplicity| of\
    | the| decor| suggest| that| this| room| is| designed| for| temporary| stays|,| which\
    | is| typical| in| youth| host|els|.| The| lack| of| elaborate| furnishings| and| the\
    | practical| setup| further| support| this| conclusion|.\n|</|think|>\n|<|back|>\
    |Verification| against| the| image| confirms| the| presence| of| a| single| bed|,| a\
    | small| night|stand|,| and| a| simple| window| with| curtains|,| all| of| which| are\
    | consistent| with| a| budget| accommodation| like| a| youth| hostel|.</|back|>\n|<th\
    |ink|>|Based| on| this| reasoning|,| the| room| is| likely| taken| in| a| place| of\
    | youth| hostel|.</|think|>\n|\\|boxed|{|Yes|}";

/// Semantic-back-7B on another question, shortened: spaces inside `<back>`, so ` </` is one token.
pub const SPACED: &str = "\
    <th|ink|>\n|The| image| shows| four| skate|boards| in| a| row|.| These| two| skate\
    |boards| are| next| to| each| other|,| confirming| the| description|.\n|</|think|>\n|<\
    |back|>| The| second| skateboard| from| the| left| is| indeed| blue| with| red| and\
    | yellow| writing|,| and| the| third| skateboard| from| the| left| is| silver| with| a\
    | colorful| cartoon| design|.| </|back|>\n|<th|ink|>\n|Therefore|,| the| statement| is\
    | correct|.\n|</|think|>\n|\\|boxed|{|Yes|}";

/// Image share of the Semantic-back answer at some steps, read off the published figure (±0.005).
pub const SEMANTIC_CURVE: [(usize, f32); 19] = [
    (5, 0.114),
    (10, 0.149),
    (15, 0.212),
    (20, 0.279),
    (25, 0.211),
    (30, 0.070),
    (40, 0.030),
    (50, 0.067),
    (70, 0.162),
    (90, 0.029),
    (95, 0.018),
    (100, 0.089),
    (105, 0.135),
    (110, 0.086),
    (115, 0.051),
    (120, 0.020),
    (130, 0.009),
    (140, 0.024),
    (150, 0.019),
];

/// The same of the Solution-back answer.
pub const SOLUTION_CURVE: [(usize, f32); 19] = [
    (5, 0.115),
    (10, 0.225),
    (15, 0.284),
    (20, 0.214),
    (25, 0.081),
    (30, 0.125),
    (40, 0.070),
    (50, 0.169),
    (70, 0.020),
    (90, 0.013),
    (95, 0.014),
    (100, 0.034),
    (105, 0.042),
    (110, 0.078),
    (115, 0.069),
    (120, 0.098),
    (130, 0.031),
    (140, 0.008),
    (150, 0.018),
];

/// Image share of the token at `index`, step `index + 1`, between the points of `curve`.
pub fn share(curve: &[(usize, f32)], index: usize) -> f32 {
    let step = index + 1;
    let after = curve.partition_point(|(at, _)| *at < step);
    let (Some((x0, y0)), Some((x1, y1))) = (
        curve.get(after.saturating_sub(1)),
        curve.get(after.min(curve.len() - 1)),
    ) else {
        return 0.0;
    };
    match x1.checked_sub(*x0) {
        None | Some(0) => *y1,
        Some(width) => y0 + (y1 - y0) * (step - x0) as f32 / width as f32,
    }
}

pub fn token(text: &str, image_share: f32) -> Token {
    let shares = Shares {
        image: image_share,
        ..Shares::default()
    };
    Token {
        text: text.to_owned(),
        shares,
        ..Token::default()
    }
}

/// A trace of `tokens`, not complete.
pub fn streamed(tokens: impl IntoIterator<Item = Token>) -> Trace {
    let mut trace = Trace::new(ModelInfo::default());
    trace.apply(&Event::Prompt(Prompt::default()));
    for token in tokens {
        trace.apply(&Event::Token(token));
    }
    trace
}

/// A complete trace of `pieces`, separated by `|`, that never looks at a picture.
pub fn read(pieces: &str) -> Trace {
    let mut trace = streamed(pieces.split('|').map(|text| token(text, 0.0)));
    trace.apply(&Event::Done {
        stop: StopReason::End,
        timing: Timing::default(),
    });
    trace
}
