//! The three shares of the token or the stretch that is shown: a bar, its figures, and the token in words.

use leptos::prelude::*;
use trace::{Shares, Trace};

use crate::run::Run;
use crate::span::Span;

/// A share of attention as the page names and draws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// On image tokens.
    Image,
    /// On the question.
    Question,
    /// On what was generated before.
    Generated,
}

impl Share {
    /// In the order of the bar.
    pub const ALL: [Self; 3] = [Self::Image, Self::Question, Self::Generated];

    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Question => "question",
            Self::Generated => "generated",
        }
    }

    /// Its name for the reader.
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "Picture",
            Self::Question => "Question",
            Self::Generated => "Own words",
        }
    }

    /// Its part of `shares`, between 0 and 1.
    pub fn of(self, shares: &Shares) -> f32 {
        let share = match self {
            Self::Image => shares.image,
            Self::Question => shares.question,
            Self::Generated => shares.generated,
        };
        share.clamp(0.0, 1.0)
    }
}

/// The bar with its figures; its place is kept while there is no token.
#[component]
pub fn ShareBar(run: Run) -> impl IntoView {
    let shares = Memo::new(move |_| with_span(run, |trace, span| span.shares(trace)));
    let percent = move |share: Share| shares.get().map_or(0.0, |shares| share.of(&shares) * 100.0);
    let parts = Share::ALL.map(|share| {
        view! { <span class=share.class() style:flex-basis=move || format!("{:.2}%", percent(share))></span> }
    });
    let figures = Share::ALL.map(|share| {
        let figure = move || match shares.get() {
            Some(_) => format!("{:.0} %", percent(share)),
            None => "–".to_owned(),
        };
        view! {
            <div class=share.class()>
                <dt>{share.word()}</dt>
                <dd data-testid=format!("share-{}", share.class())>{figure}</dd>
            </div>
        }
    });
    view! {
        <section class="shares" aria-label="Where the words shown look">
            <p class="token-figure" data-testid="token-figure">{move || figure(run).unwrap_or_else(|| "\u{a0}".to_owned())}</p>
            <div class="bar" aria-hidden="true">{parts}</div>
            <dl>{figures}</dl>
        </section>
    }
}

fn with_span<T>(run: Run, read: impl FnOnce(&Trace, Span) -> Option<T>) -> Option<T> {
    let span = run.looking.shown.get()?;
    run.trace.with(|trace| read(trace, span))
}

fn figure(run: Run) -> Option<String> {
    let image = run.looking.image.get();
    with_span(run, |trace, span| Some(figure_of(trace, span, image)))
}

/// "Token 97: “ bed” · mostly upper left, 31 %", with line ends made visible; "Mean of tokens 96 to 126".
fn figure_of(trace: &Trace, span: Span, image: usize) -> String {
    let place = span.place_words(trace, Some(image));
    let what = match span.tokens(trace) {
        [token] => format!(
            "Token {}: “{}”",
            span.end,
            token.text.replace(['\n', '\r'], "⏎")
        ),
        _ => format!("Mean of {}", span.words()),
    };
    match place.is_empty() {
        true => what,
        false => format!("{what} · {place}"),
    }
}
