//! How the reader looks at an answer: what is pointed at, chosen, magnified, and how bright it is.

use leptos::prelude::*;
use trace::{HeatMap, Trace};

use crate::span::Span;

/// The reader's side of one element; a handle to signals.
#[derive(Clone, Copy)]
pub struct Looking {
    /// The segment or mark under the pointer or the focus.
    pub span: RwSignal<Option<Span>>,
    /// The stretch whose light is shown: that one; of an answer at rest what it was about; else the current token.
    pub shown: Memo<Option<Span>>,
    /// Which of the prompt's pictures is on the stage, counted from 0.
    pub image: RwSignal<usize>,
    /// Its mean map of that picture, worked out once for all that show it.
    pub map: Memo<Option<HeatMap>>,
    /// Index of the mark whose before, within and after are shown.
    pub mark: RwSignal<Option<usize>>,
    /// Tokens that the time line magnifies.
    pub zoom: RwSignal<Option<Span>>,
    /// How far the picture gives way to the light, 0 to 1.
    pub strength: RwSignal<f64>,
    /// Whether the regions with the most light are outlined.
    pub is_outlined: RwSignal<bool>,
    /// What a screen reader is to hear next.
    pub told: RwSignal<String>,
}

impl Looking {
    /// Looking at the answer in `trace` `at_rest`, else at its `current` token; `mark` is the one that is open.
    pub fn new(
        trace: RwSignal<Trace>,
        current: Memo<Option<usize>>,
        at_rest: Memo<Option<Span>>,
        mark: RwSignal<Option<usize>>,
    ) -> Self {
        let span = RwSignal::<Option<Span>>::new(None);
        let image = RwSignal::new(0);
        let shown = Memo::new(move |_| {
            let rest = || at_rest.get().or(current.get().map(Span::of_token));
            span.get().or_else(rest)
        });
        Self {
            span,
            shown,
            image,
            map: Memo::new(move |_| trace.with(|trace| shown.get()?.map(trace, image.get()))),
            mark,
            zoom: RwSignal::default(),
            strength: RwSignal::new(1.0),
            is_outlined: RwSignal::new(true),
            told: RwSignal::default(),
        }
    }

    /// Lets go of one answer, before another is shown.
    pub fn forget(&self) {
        self.span.set(None);
        self.mark.set(None);
        self.zoom.set(None);
        self.told.set(String::new());
    }
}
