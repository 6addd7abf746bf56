//! A question about several pictures: each with its own light, one of them on the stage.

use leptos::prelude::*;

use crate::gaze::light_of;
use crate::layers::Layers;
use crate::picture::Picture;
use crate::run::Run;
use crate::span::Span;

impl Run {
    /// What the question is about, in the order of the prompt.
    pub fn pictures(&self) -> Vec<Picture> {
        let gallery = self.gallery.get_untracked();
        match gallery.is_empty() {
            true => self.picture.get_untracked().into_iter().collect(),
            false => gallery,
        }
    }

    /// Takes the pictures of a question, of which `image` goes on the stage.
    pub fn set_pictures(&self, mut pictures: Vec<Picture>, image: usize) {
        self.looking.image.set(image);
        self.picture.set(pictures.get(image).cloned());
        if pictures.len() < 2 {
            pictures.clear();
        }
        self.gallery.set(pictures);
    }

    /// Puts another picture of the question on the stage; nothing happens where there is none of that number.
    pub fn choose_image(&self, image: usize) {
        let picture = self
            .gallery
            .with_untracked(|gallery| gallery.get(image).cloned());
        if let Some(picture) = picture {
            self.looking.image.set(image);
            self.picture.set(Some(picture));
        }
    }
}

/// The pictures of a question about several, each with its part of the light; the pressed one is on the stage.
#[component]
pub fn Gallery(run: Run) -> impl IntoView {
    let shares = Memo::new(move |_| {
        let shown = run.looking.shown.get();
        let shares = |span: Span| run.trace.with(|trace| span.light_shares(trace));
        shown.map(shares).unwrap_or_default()
    });
    let thumbnail = move |(image, name): (usize, String)| {
        let light = Memo::new(move |_| {
            let peak = run.full_light.get();
            let span = run.looking.shown.get();
            let map = run.trace.with(|trace| span?.map(trace, image));
            map.map(|map| light_of(&map, peak)).unwrap_or_default()
        });
        let picture =
            Signal::derive_local(move || run.gallery.with(|gallery| gallery.get(image).cloned()));
        let share = move || {
            let share = shares.with(|shares| shares.get(image).copied());
            share.map(|share| format!("{:.0} %", share * 100.0))
        };
        let words = {
            let name = name.clone();
            move || {
                let light = share().map(|share| format!(", {share} of the light"));
                format!("Picture {}: {name}{}", image + 1, light.unwrap_or_default())
            }
        };
        view! {
            <button
                type="button"
                aria-pressed=move || (run.looking.image.get() == image).to_string()
                aria-label=words
                title=name
                on:click=move |_| run.choose_image(image)
            >
                <span class="thumbnail"><Layers picture light view=run.view name="thumbnail" /></span>
                <span>{image + 1} " · " {move || share().unwrap_or_else(|| "–".to_owned())}</span>
            </button>
        }
    };
    let names = move || {
        let names = |gallery: &Vec<Picture>| {
            let names = gallery.iter().map(|picture| picture.name.clone());
            names.enumerate().collect::<Vec<_>>()
        };
        run.gallery.with(names)
    };
    view! {
        <div class="gallery" role="group" aria-label="Pictures of the question" hidden=move || run.gallery.with(Vec::is_empty) data-testid="gallery">
            <For each=names key=Clone::clone children=thumbnail />
        </div>
    }
}
