//! The raw numbers of the current token, and where each comes from.

use leptos::prelude::*;
use trace::{PromptImage, Token, Trace};
use web_sys::Element;

use crate::run::Run;

/// Cells that are listed.
const N_CELLS: usize = 5;

/// One row: what, how much, from where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Row {
    what: String,
    figure: String,
    source: &'static str,
}

/// A table of the current token, unfolded on demand.
#[component]
pub fn Numbers(run: Run) -> impl IntoView {
    let (is_open, set_open) = signal(false);
    let rows = Memo::new(move |_| {
        let current = run.current.get().filter(|_| is_open.get());
        run.trace
            .with(|trace| Some(rows_of(trace, current?, run.looking.image.get())))
            .unwrap_or_default()
    });
    let on_toggle =
        move |event| set_open.set(event_target::<Element>(&event).has_attribute("open"));
    let row = |Row {
                   what,
                   figure,
                   source,
               }: Row| {
        view! { <tr><th scope="row">{what}</th><td dir="auto">{figure}</td><td>{source}</td></tr> }
    };
    view! {
        <details class="numbers" data-testid="numbers" on:toggle=on_toggle>
            <summary>"Numbers"</summary>
            <table>
                <caption class="unseen">"The current token"</caption>
                <tbody>{move || rows.get().into_iter().map(row).collect_view()}</tbody>
            </table>
        </details>
    }
}

fn rows_of(trace: &Trace, index: usize, image: usize) -> Vec<Row> {
    let Some(token) = trace.tokens.get(index) else {
        return Vec::new();
    };
    let row = |what: &str, figure: String, source: &'static str| Row {
        what: what.to_owned(),
        figure,
        source,
    };
    let share = |share: f32| format!("{:.2} %", share * 100.0);
    let mut rows = vec![
        row(
            "Token",
            format!("{} of {}", index + 1, trace.tokens.len()),
            "counted from the first generated token",
        ),
        row("Id", token.id.to_string(), "row of the model’s vocabulary"),
        row(
            "Text",
            visible(&token.text),
            "the bytes it completed, decoded",
        ),
        row(
            "Log probability",
            format!(
                "{:.3} ({:.1} %)",
                token.logprob,
                token.logprob.exp() * 100.0
            ),
            "of this token when it was drawn",
        ),
        row(
            "Time",
            format!("{:.1} ms", token.millis),
            "since the token before, the first since the prompt",
        ),
        row("Picture", share(token.shares.image), SHARE_SOURCE),
        row(
            "Question",
            share(token.shares.question),
            "the same, question tokens",
        ),
        row(
            "Own words",
            share(token.shares.generated),
            "the same, generated tokens",
        ),
    ];
    rows.extend(largest_cells(trace, token, image));
    rows
}

const SHARE_SOURCE: &str = "every layer: heads averaged, image tokens ÷ all from the first image token on; layers averaged";

/// The cells with the highest probability of the picture on the stage.
fn largest_cells(trace: &Trace, token: &Token, image: usize) -> Vec<Row> {
    let images = &trace.prompt.images;
    let Some(grid) = images.get(image) else {
        return Vec::new();
    };
    let n_before: usize = images.iter().take(image).map(PromptImage::n_cells).sum();
    let picture = match images.len() {
        1 => "Row".to_owned(),
        _ => format!("Picture {}, row", image + 1),
    };
    let n_cols = grid.cols.max(1) as usize;
    let mut cells: Vec<(usize, u8)> = token
        .map
        .iter()
        .copied()
        .skip(n_before)
        .take(grid.n_cells())
        .enumerate()
        .collect();
    cells.sort_by_key(|&(cell, byte)| (u8::MAX - byte, cell));
    let row = |(cell, byte): (usize, u8)| Row {
        what: format!(
            "{picture} {}, column {}",
            cell / n_cols + 1,
            cell % n_cols + 1
        ),
        figure: format!("{:.3} %", f32::from(byte) / 255.0 * token.map_max * 100.0),
        source: "one image token: mean over every head, then every layer",
    };
    cells.into_iter().take(N_CELLS).map(row).collect()
}

/// A token's text in quotes, with what cannot be seen made visible.
fn visible(text: &str) -> String {
    format!("“{}”", text.replace(['\n', '\r'], "⏎").replace('\t', "⇥"))
}

#[cfg(test)]
mod tests {
    use trace::{Event, ModelInfo, Prompt, Shares};

    use super::*;

    #[test]
    fn a_token_lists_its_largest_cells_by_row_and_column() {
        let mut trace = Trace::new(ModelInfo::default());
        trace.apply(&Event::Prompt(Prompt {
            images: vec![PromptImage {
                rows: 2,
                cols: 3,
                ..PromptImage::default()
            }],
            ..Prompt::default()
        }));
        trace.apply(&Event::Token(Token {
            id: 1419,
            text: "back\n".to_owned(),
            logprob: -0.5,
            shares: Shares {
                image: 0.25,
                ..Shares::default()
            },
            map: vec![0, 51, 0, 0, 0, 255],
            map_max: 0.1,
            ..Token::default()
        }));
        let rows = rows_of(&trace, 0, 0);
        let figure = |what: &str| {
            let row = rows.iter().find(|row| row.what == what);
            row.map(|row| row.figure.as_str())
        };
        assert_eq!(figure("Row 2, column 3"), Some("10.000 %"));
        assert_eq!(figure("Row 1, column 2"), Some("2.000 %"));
        assert_eq!(figure("Text"), Some("“back⏎”"));
        assert_eq!(figure("Log probability"), Some("-0.500 (60.7 %)"));
        assert_eq!(figure("Picture"), Some("25.00 %"));
        assert_eq!(rows[8].what, "Row 2, column 3");
        assert_eq!(rows_of(&trace, 1, 0), []);
    }
}
