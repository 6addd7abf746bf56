//! The chart of an answer as an SVG file.

use std::fmt::Write;

use trace::{Marker, MarkerKind, Token, Trace};

use crate::keep::svg::{clipped, file, text};
use crate::mark::marker_words;
use crate::share_bar::Share;

/// Width and height of the file.
pub const CHART_PX: (u32, u32) = (960, 560);
/// Edges of the plot: left, upper, right, lower.
const PLOT_PX: [f64; 4] = [56.0, 132.0, 936.0, 440.0];
/// Marks that are told in words.
const N_TOLD: usize = 3;

/// The three shares over the tokens, the looks back, question, answer and model; white in both themes.
pub fn chart_svg(trace: &Trace) -> String {
    let n_tokens = trace.tokens.len();
    let mut content = heading(trace);
    content.push_str(&axes(n_tokens));
    for marker in &trace.markers {
        content.push_str(&span(marker, n_tokens));
    }
    for share in Share::ALL {
        content.push_str(&line(&trace.tokens, share));
    }
    for marker in &trace.markers {
        content.push_str(&mark(marker, n_tokens));
    }
    content.push_str(&footing(trace));
    file(CHART_PX, &trace.prompt.question, &content)
}

/// Colour, dash and darker colour for text of a share's line.
fn look(share: Share) -> (&'static str, &'static str, &'static str) {
    match share {
        Share::Image => ("#0072b2", "none", "#00629a"),
        Share::Question => ("#c08200", "7 4", "#8a5d00"),
        Share::Generated => ("#009e73", "1.5 3.5", "#00755a"),
    }
}

fn hue(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::Stated => "#d55e00",
        MarkerKind::Measured | MarkerKind::Copied | MarkerKind::Inserted => "#b8608f",
    }
}

/// Horizontal place of the border before a token.
fn x_px(token: f64, n_tokens: usize) -> f64 {
    let [left, _, right, _] = PLOT_PX;
    left + (right - left) * token / n_tokens.max(1) as f64
}

fn y_px(share: f64) -> f64 {
    let [_, upper, _, lower] = PLOT_PX;
    lower - (lower - upper) * share.clamp(0.0, 1.0)
}

fn heading(trace: &Trace) -> String {
    let model = [
        &trace.model.name,
        &trace.model.method,
        &trace.model.quantization,
    ];
    let model: Vec<String> = model
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| clipped(word, 40))
        .collect();
    let mut heading = text(
        24.0,
        38.0,
        20,
        "font-weight=\"600\"",
        &clipped(&trace.prompt.question, 84),
    );
    let summary = format!(
        "{} · {} tokens · Looks back: {}",
        model.join(" · "),
        trace.tokens.len(),
        trace.counts()
    );
    heading.push_str(&text(24.0, 62.0, 13, "fill=\"#5b5850\"", &summary));
    let mut x = PLOT_PX[0];
    for share in Share::ALL {
        let (colour, dash, dark) = look(share);
        let _ = writeln!(
            heading,
            "<path d=\"M{x:.1} 90h28\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dash}\"/>"
        );
        heading.push_str(&text(
            x + 36.0,
            94.0,
            13,
            &format!("fill=\"{dark}\""),
            share.word(),
        ));
        x += 130.0;
    }
    for (kind, word) in [
        (MarkerKind::Stated, "Stated look back"),
        (MarkerKind::Measured, "Measured look back"),
    ] {
        heading.push_str(&shape(kind, x + 8.0, 90.0));
        heading.push_str(&text(x + 22.0, 94.0, 13, "", word));
        x += 160.0;
    }
    heading
}

fn axes(n_tokens: usize) -> String {
    let mut axes = String::new();
    let [left, _, right, lower] = PLOT_PX;
    for percent in [0, 25, 50, 75, 100] {
        let y = y_px(f64::from(percent) / 100.0);
        let _ = writeln!(
            axes,
            "<path d=\"M{left:.1} {y:.1}H{right:.1}\" stroke=\"#d9d5ca\"/>"
        );
        let style = "text-anchor=\"end\" fill=\"#5b5850\"";
        axes.push_str(&text(
            left - 8.0,
            y + 4.0,
            12,
            style,
            &format!("{percent} %"),
        ));
    }
    let above = y_px(1.0) - 8.0;
    axes.push_str(&text(
        left,
        above,
        12,
        "fill=\"#5b5850\"",
        "share of attention",
    ));
    let step = tick_step(n_tokens);
    for token in (0..=n_tokens).step_by(step).skip(1) {
        let x = x_px(token as f64 - 0.5, n_tokens);
        let style = "text-anchor=\"middle\" fill=\"#5b5850\"";
        axes.push_str(&text(x, lower + 18.0, 12, style, &token.to_string()));
    }
    axes.push_str(&text(
        right,
        lower + 36.0,
        12,
        "text-anchor=\"end\" fill=\"#5b5850\"",
        "generated token",
    ));
    axes
}

/// 1, 2 or 5 times a power of ten, for at most ten ticks.
fn tick_step(n_tokens: usize) -> usize {
    let mut step = 1;
    for factor in [2, 5, 10].iter().cycle() {
        if n_tokens <= 10 * step {
            break;
        }
        step = 10_usize.pow(step.ilog10()) * factor;
    }
    step
}

fn line(tokens: &[Token], share: Share) -> String {
    let (colour, dash, _) = look(share);
    let mut path = String::new();
    for (index, token) in tokens.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        let x = x_px(index as f64 + 0.5, tokens.len());
        let y = y_px(f64::from(share.of(&token.shares)));
        // Writing to a String cannot fail.
        let _ = write!(path, "{command}{x:.1} {y:.1}");
    }
    format!(
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\" stroke-linejoin=\"round\"/>\n"
    )
}

/// A stated look back shades its tokens, another mark underlines them.
fn span(marker: &Marker, n_tokens: usize) -> String {
    let (x, end) = (
        x_px(marker.start as f64, n_tokens),
        x_px(marker.end as f64, n_tokens),
    );
    let [_, upper, _, lower] = PLOT_PX;
    let (y, height, opacity) = match marker.kind {
        MarkerKind::Stated => (upper, lower - upper, 0.1),
        MarkerKind::Measured | MarkerKind::Copied | MarkerKind::Inserted => (lower - 5.0, 5.0, 1.0),
    };
    format!(
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{}\" fill-opacity=\"{opacity:.1}\"/>\n",
        end - x,
        hue(marker.kind)
    )
}

fn mark(marker: &Marker, n_tokens: usize) -> String {
    let [_, upper, _, lower] = PLOT_PX;
    let y = match marker.kind {
        MarkerKind::Stated => upper - 10.0,
        MarkerKind::Measured | MarkerKind::Copied | MarkerKind::Inserted => lower - 14.0,
    };
    shape(marker.kind, x_px(marker.start as f64, n_tokens), y)
}

/// The shape of a mark around a point: diamond, ring, square or double bar.
fn shape(kind: MarkerKind, x: f64, y: f64) -> String {
    let hue = hue(kind);
    match kind {
        MarkerKind::Stated => format!(
            "<path d=\"M{x:.1} {:.1}l6 6-6 6-6-6z\" fill=\"{hue}\"/>\n",
            y - 6.0
        ),
        MarkerKind::Measured => {
            format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"#ffffff\" stroke=\"{hue}\" stroke-width=\"2.5\"/>\n"
            )
        }
        MarkerKind::Copied => format!(
            "<path d=\"M{:.1} {:.1}h10v10h-10z\" fill=\"#ffffff\" stroke=\"{hue}\" stroke-width=\"2\"/>\n",
            x - 5.0,
            y - 5.0
        ),
        MarkerKind::Inserted => format!(
            "<path d=\"M{:.1} {:.1}v12m4-12v12\" stroke=\"{hue}\" stroke-width=\"2\"/>\n",
            x - 2.0,
            y - 6.0
        ),
    }
}

/// Answer, the first marks in words, the formula.
fn footing(trace: &Trace) -> String {
    let answer = match trace.answer.trim() {
        "" => "It left its answer empty.".to_owned(),
        answer => format!("Answer: {}", clipped(answer, 100)),
    };
    let mut footing = text(24.0, 498.0, 14, "font-weight=\"600\"", &answer);
    let told = trace
        .markers
        .iter()
        .take(N_TOLD)
        .map(|marker| marker_words(*marker));
    let told: Vec<String> = told.collect();
    footing.push_str(&text(24.0, 520.0, 12, "", &told.join(" ")));
    let formula = "Share of a part = mean over layers of (its attention, mean over heads) ÷ (attention on everything from the first image token on). Lookback";
    footing.push_str(&text(24.0, 542.0, 11, "fill=\"#5b5850\"", formula));
    footing
}

#[cfg(test)]
mod tests {
    use trace::{Event, ModelInfo, Prompt, Shares, StopReason, Timing};

    use super::*;

    fn answered(question: &str) -> Trace {
        let mut trace = Trace::new(ModelInfo::default());
        trace.apply(&Event::Prompt(Prompt {
            question: question.to_owned(),
            ..Prompt::default()
        }));
        for (text, image) in [
            ("<back>", 1.0),
            ("red", 0.25),
            ("</back>", 0.0),
            ("\\boxed{<b>&}", 0.5),
        ] {
            let shares = Shares {
                image,
                ..Shares::default()
            };
            trace.apply(&Event::Token(Token {
                text: text.to_owned(),
                shares,
                ..Token::default()
            }));
        }
        trace.apply(&Event::Done {
            stop: StopReason::End,
            timing: Timing::default(),
        });
        trace
    }

    #[test]
    fn a_line_reaches_the_edges_at_no_and_at_full_attention() {
        let svg = chart_svg(&answered("?"));
        assert!(
            svg.contains("M166.0 132.0L386.0 363.0L606.0 440.0L826.0 286.0"),
            "{svg}"
        );
    }

    #[test]
    fn what_question_and_answer_hold_is_text() {
        let svg = chart_svg(&answered("<script>1</script>"));
        assert!(!svg.contains("<script") && !svg.contains("<b>"), "{svg}");
        assert!(
            svg.contains("&lt;script&gt;") && svg.contains("Answer: &lt;b&gt;&amp;"),
            "{svg}"
        );
    }

    #[test]
    fn there_are_at_most_ten_ticks() {
        assert_eq!(
            [0, 10, 11, 50, 158, 2_000, 32_768].map(tick_step),
            [1, 1, 2, 5, 20, 200, 5_000]
        );
    }
}
