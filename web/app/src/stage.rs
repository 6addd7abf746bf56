//! The picture and the light on it.

use leptos::html;
use leptos::prelude::*;
use trace::HeatMap;
use web_sys::{DragEvent, PointerEvent};

use crate::cell::{cell_at, cell_figure};
use crate::gaze::{light_of, move_light};
use crate::keep::import::take_file;
use crate::layers::Layers;
use crate::light::View;
use crate::maker::Maker;
use crate::maker::handles::Handles;
use crate::outlines::Outlines;
use crate::picture_choice::file_of;
use crate::run::Run;

/// The stage: a box whose place never changes, the picture in it, the light of the current token; the
/// objects of a scene.
#[component]
pub fn Stage(maker: Maker) -> impl IntoView {
    let run = maker.run;
    let (is_over, set_over) = signal(false);
    let on_drop = move |event: DragEvent| {
        event.prevent_default();
        set_over.set(false);
        if let Some(file) = event.data_transfer().and_then(|data| file_of(&data)) {
            take_file(run, file);
        }
    };
    view! {
        <div
            class="stage"
            class:over=is_over
            on:dragover=move |event| {
                event.prevent_default();
                set_over.set(true);
            }
            on:dragleave=move |_| set_over.set(false)
            on:drop=on_drop
        >
            <Show
                when=move || run.picture.with(Option::is_some) || run.trace.with(|trace| !trace.tokens.is_empty())
                fallback=|| view! { <p class="invitation">"Drop, paste or choose a picture."</p> }
            >
                <LitPicture run />
            </Show>
            <Handles maker />
        </div>
    }
}

/// The picture, dimmed while an answer is shown, and the light on it.
#[component]
fn LitPicture(run: Run) -> impl IntoView {
    let box_ref = NodeRef::<html::Div>::new();
    let (cell, set_cell) = signal(None::<usize>);
    let target = Memo::new(move |_| {
        let peak = run.full_light.get();
        let light = |map: &Option<HeatMap>| Some(light_of(map.as_ref()?, peak));
        run.looking.map.with(light).unwrap_or_default()
    });
    let shown = move_light(target);
    let has_map = move || target.with(|light| !light.cells.is_empty());
    let on_move = move |event: PointerEvent| {
        let place = box_ref.get().and_then(|stage| {
            let light = target.get_untracked();
            let size_px = run.picture.with_untracked(|picture| {
                let bitmap = &picture.as_ref()?.bitmap;
                Some((bitmap.width(), bitmap.height()))
            });
            let size_px = size_px.unwrap_or((light.cols, light.rows));
            cell_at(&event, &stage, size_px, (light.rows, light.cols))
        });
        set_cell.set(place);
    };
    view! {
        <div
            class="lit-picture"
            role="img"
            aria-label=move || stage_label(run)
            style=("--strength", move || run.looking.strength.get().to_string())
            node_ref=box_ref
            on:pointermove=on_move
            on:pointerleave=move |_| set_cell.set(None)
        >
            <Layers picture=run.picture.into() light=shown view=run.view name="light" />
            <Show when=has_map>
                <Outlines run />
            </Show>
            <Show when=move || run.view.get() == View::Cells && has_map()>
                <output class="cell">{move || cell_figure(run, cell.get())}</output>
            </Show>
        </div>
    }
}

/// The picture in words, with how much of the attention is on it now and where.
fn stage_label(run: Run) -> String {
    let name = run
        .picture
        .with(|picture| Some(picture.as_ref()?.name.clone()));
    let name = name.unwrap_or_else(|| "The picture".to_owned());
    let summary = run.looking.map.with(|map| {
        let span = run.looking.shown.get()?;
        let shares = run.trace.with(|trace| span.shares(trace))?;
        let percent = shares.image * 100.0;
        let regions = map.as_ref()?.regions();
        let places: Vec<String> = regions.iter().take(2).map(ToString::to_string).collect();
        let (on, most) = match run.gallery.with(Vec::is_empty) {
            true => ("this picture", "most of it"),
            false => ("the pictures", "on this one most of it"),
        };
        let most = match places.is_empty() {
            true => String::new(),
            false => format!(", {most} {}", places.join(", then ")),
        };
        Some(format!("{percent:.0} % of the attention is on {on}{most}"))
    });
    match summary {
        Some(summary) => format!("{name}: {summary}"),
        None => name,
    }
}
