//! The picture and the light on it.

use std::slice;

use leptos::html;
use leptos::prelude::*;
use trace::HeatMap;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DragEvent, PointerEvent, ResizeObserver};

use crate::cell::{cell_at, cell_figure};
use crate::gaze::{light_of, move_light};
use crate::keep::import::take_file;
use crate::light::View;
use crate::maker::Maker;
use crate::maker::handles::Handles;
use crate::paint::Painter;
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
                when=move || run.picture.with(Option::is_some)
                fallback=|| view! { <p class="invitation">"Drop, paste or choose a picture."</p> }
            >
                <Canvases run />
            </Show>
            <Handles maker />
        </div>
    }
}

/// Two layers of the stage's size: the picture, dimmed while an answer is shown, and the light.
#[component]
fn Canvases(run: Run) -> impl IntoView {
    let picture_layer = NodeRef::<html::Canvas>::new();
    let light_layer = NodeRef::<html::Canvas>::new();
    let (size, set_size) = signal((0_u32, 0_u32));
    let (cell, set_cell) = signal(None::<usize>);
    watch_size(light_layer, set_size);

    let target = Memo::new(move |_| {
        run.trace
            .with(|trace| light_of(trace, run.current.get(), run.per_token.get()))
    });
    let shown = move_light(target);
    let has_map = move || target.with(|light| !light.cells.is_empty());

    let bitmap = move || {
        run.picture
            .with(|picture| Some(picture.as_ref()?.bitmap.clone()))
    };
    let picture_painter = painter_of(picture_layer);
    Effect::new(move |_| {
        picture_painter.with(|painter| {
            if let (Some(painter), Some(bitmap)) = (painter, bitmap()) {
                painter.clear(size.get());
                painter.picture(&bitmap);
            }
        });
    });
    let light_painter = painter_of(light_layer);
    Effect::new(move |_| {
        light_painter.with(|painter| {
            if let (Some(painter), Some(bitmap)) = (painter, bitmap()) {
                painter.clear(size.get());
                shown.with(|light| {
                    painter.light(
                        &bitmap,
                        &light.cells,
                        light.cols,
                        light.rows,
                        run.view.get(),
                    )
                });
            }
        });
    });

    let on_move = move |event: PointerEvent| {
        let place = light_layer.get().and_then(|canvas| {
            let (bitmap, light) = (run.picture.get_untracked()?.bitmap, target.get_untracked());
            cell_at(
                &event,
                canvas.unchecked_ref(),
                (bitmap.width(), bitmap.height()),
                (light.rows, light.cols),
            )
        });
        set_cell.set(place);
    };
    let label = move || stage_label(run);
    view! {
        <div class="canvases" role="img" aria-label=label class:lit=has_map class=("heat", move || run.view.get() != View::Spotlight)>
            <canvas class="picture" node_ref=picture_layer></canvas>
            <canvas
                class="light"
                data-testid="light"
                node_ref=light_layer
                on:pointermove=on_move
                on:pointerleave=move |_| set_cell.set(None)
            ></canvas>
            <Show when=move || run.view.get() == View::Cells && has_map()>
                <output class="cell">{move || cell_figure(run, cell.get())}</output>
            </Show>
        </div>
    }
}

/// The painter of a canvas, from when it is there.
fn painter_of(canvas: NodeRef<html::Canvas>) -> ReadSignal<Option<Painter>, LocalStorage> {
    let (painter, set_painter) = signal_local(None);
    Effect::new(move |_| set_painter.set(canvas.get().and_then(|canvas| Painter::new(&canvas))));
    painter
}

/// Reports the canvas' size in device pixels, now and whenever it changes.
fn watch_size(canvas: NodeRef<html::Canvas>, set_size: WriteSignal<(u32, u32)>) {
    let observer = StoredValue::new_local(None::<(ResizeObserver, Closure<dyn FnMut(JsValue)>)>);
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else {
            return;
        };
        let watched = canvas.clone();
        let report = Closure::<dyn FnMut(JsValue)>::new(move |_| {
            let scale = window().device_pixel_ratio();
            let device_px = |css_px: i32| (f64::from(css_px) * scale).round() as u32;
            set_size.set((
                device_px(watched.client_width()),
                device_px(watched.client_height()),
            ));
        });
        if let Ok(watching) = ResizeObserver::new(report.as_ref().unchecked_ref()) {
            watching.observe(&canvas);
            observer.set_value(Some((watching, report)));
        }
    });
    on_cleanup(move || {
        if let Some((watching, _)) = observer.try_update_value(Option::take).flatten() {
            watching.disconnect();
        }
    });
}

/// The picture in words, with how much of the attention is on it now and where.
fn stage_label(run: Run) -> String {
    let name = run.picture.with(|picture| {
        picture
            .as_ref()
            .map(|picture| picture.name.clone())
            .unwrap_or_default()
    });
    let summary = run.trace.with(|trace| {
        let token = trace.tokens.get(run.current.get()?)?;
        let map = HeatMap::mean(slice::from_ref(token), &trace.prompt.images)
            .into_iter()
            .next()?;
        let place = map
            .regions()
            .first()
            .map(|region| format!(", most of it {region}"))
            .unwrap_or_default();
        Some(format!(
            "{:.0} % of the attention is on this picture{place}",
            token.shares.image * 100.0
        ))
    });
    match summary {
        Some(summary) => format!("{name}: {summary}"),
        None => name,
    }
}
