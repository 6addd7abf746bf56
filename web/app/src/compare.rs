//! Two answers side by side: the one on the page and the one before it.

use leptos::html;
use leptos::prelude::*;
use trace::{MarkerKind, Trace};

use crate::compare_chart::CompareChart;
use crate::compare_side::CompareSide;
use crate::earlier::Earlier;
use crate::picture::Picture;
use crate::run::Run;
use crate::share_bar::Share;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The answer before.
    Before,
    /// The answer on the page.
    Now,
}

impl Side {
    /// From left to right.
    pub const BOTH: [Self; 2] = [Self::Before, Self::Now];

    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Now => "now",
        }
    }

    /// Its name for the reader.
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "Before",
            Self::Now => "Now",
        }
    }

    /// Reads its trace, untracked; `None` where there is none.
    pub fn with<T>(self, run: Run, read: impl FnOnce(&Trace) -> T) -> Option<T> {
        match self {
            Self::Now => Some(run.trace.with_untracked(read)),
            Self::Before => run
                .earlier
                .with_untracked(|earlier| earlier.as_ref().map(|earlier| read(&earlier.trace))),
        }
    }

    /// Its picture.
    pub fn picture(self, run: Run) -> Option<Picture> {
        match self {
            Self::Now => run.picture.get(),
            Self::Before => run.earlier.with(|earlier| {
                let Earlier {
                    pictures, image, ..
                } = earlier.as_ref()?;
                pictures.get(*image).cloned()
            }),
        }
    }

    /// Which of the prompt's pictures that is.
    pub fn image(self, run: Run) -> usize {
        let of_earlier = |earlier: &Option<Earlier>| earlier.as_ref().map(|earlier| earlier.image);
        match self {
            Self::Now => run.looking.image.get(),
            Self::Before => run.earlier.with(of_earlier).unwrap_or_default(),
        }
    }

    /// The seed it was asked with.
    pub fn seed(self, run: Run) -> Option<u64> {
        match self {
            Self::Now => run.asked_seed.get_value(),
            Self::Before => run
                .earlier
                .with_untracked(|earlier| earlier.as_ref().and_then(|Earlier { seed, .. }| *seed)),
        }
    }
}

/// Takes the place of everything else while two answers are compared.
#[component]
pub fn Compare(run: Run) -> impl IntoView {
    // What is compared does not change under the comparison.
    Effect::new(move |_| {
        if run.is_running() || run.earlier.with(Option::is_none) {
            run.is_comparing.set(false);
        }
    });
    view! {
        <Show when=move || run.is_comparing.get()>
            <Comparison run />
        </Show>
    }
}

#[component]
fn Comparison(run: Run) -> impl IntoView {
    let chosen =
        Side::BOTH.map(|side| RwSignal::new(side.with(run, first_look).unwrap_or_default()));
    let [before, now] = chosen;
    let question = Side::Now.with(run, |trace| trace.prompt.question.clone());
    let close = NodeRef::<html::Button>::new();
    // Whoever came by the keys goes on from here.
    Effect::new(move |_| {
        if let Some(close) = close.get() {
            // Nothing to be done where a browser refuses.
            let _ = close.focus();
        }
    });
    view! {
        <section class="compare" aria-label="Two answers side by side" data-testid="comparison">
            <header>
                <p class="asked" dir="auto">{question}</p>
                <button type="button" node_ref=close data-testid="close-compare" on:click=move |_| run.is_comparing.set(false)>
                    "Back"
                </button>
            </header>
            <div class="sides">
                <CompareSide run side=Side::Before chosen=before />
                <CompareSide run side=Side::Now chosen=now />
            </div>
            <p class="compare-key">
                <span class="before">"Before"</span>
                <span class="now">"Now"</span>
            </p>
            <div class="compare-charts">
                {Share::ALL.map(|share| view! { <CompareChart run share chosen /> })}
            </div>
        </section>
    }
}

/// The brightest token of the first look back; without one, of the whole answer.
fn first_look(trace: &Trace) -> usize {
    let stated = trace
        .markers
        .iter()
        .find(|marker| marker.kind == MarkerKind::Stated);
    let marker = stated.or(trace.markers.first());
    let tokens = marker.map_or(0..trace.tokens.len(), |marker| marker.start..marker.end);
    let share = |token: &usize| {
        trace
            .tokens
            .get(*token)
            .map_or(0.0, |token| token.shares.image)
    };
    tokens
        .max_by(|a, b| share(a).total_cmp(&share(b)))
        .unwrap_or_default()
}
