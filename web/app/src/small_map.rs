//! A small picture with the mean light of a stretch of tokens, and its figures.

use leptos::prelude::*;
use trace::Trace;

use crate::gaze::{Light, light_of};
use crate::layers::Layers;
use crate::light::View;
use crate::picture::Picture;
use crate::span::Span;

/// What a small map shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapFigures {
    /// The light, on a scale that it shares with the maps beside it.
    pub light: Light,
    /// Which tokens.
    pub tokens: String,
    /// "Picture 31 %", or that there is no token.
    pub share: String,
    /// "mostly upper left, 31 %".
    pub place: String,
}

impl MapFigures {
    /// Figures of the mean of `span` on one of the pictures, whose full light is `peak`.
    pub fn of(trace: &Trace, span: Span, image: usize, tokens: String, peak: f32) -> Self {
        let share = span.shares(trace).map_or_else(
            || "no tokens".to_owned(),
            |shares| format!("Picture {:.1} %", shares.image * 100.0),
        );
        let light = span.map(trace, image).map(|map| light_of(&map, peak));
        Self {
            light: light.unwrap_or_default(),
            tokens,
            share,
            place: span.place_words(trace, Some(image)),
        }
    }
}

/// The picture, its light, and the figures below.
#[component]
pub fn SmallMap(
    picture: Signal<Option<Picture>, LocalStorage>,
    figures: Memo<MapFigures>,
    view: RwSignal<View>,
    /// What it is called, also by tests.
    name: &'static str,
) -> impl IntoView {
    let light = Memo::new(move |_| figures.with(|figures| figures.light.clone()));
    let words =
        move |read: fn(&MapFigures) -> &String| figures.with(|figures| read(figures).clone());
    view! {
        <figure class="small-map" data-testid=format!("map-{name}")>
            <div class="small-stage">
                <Layers picture light view name="small-light" />
            </div>
            <figcaption>
                <strong>{name}</strong>
                <span>{move || words(|figures| &figures.tokens)}</span>
                <span class="share image">{move || words(|figures| &figures.share)}</span>
                <span>{move || words(|figures| &figures.place)}</span>
            </figcaption>
        </figure>
    }
}
