//! A picture and the light on it, in two layers: the lower is dimmed, the upper shines.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::ResizeObserver;

use crate::gaze::Light;
use crate::light::View;
use crate::paint::Painter;
use crate::picture::Picture;

/// Both canvases; they fill the box they are in.
#[component]
pub fn Layers(
    /// The picture; on none, the light of a grid falls on paper.
    picture: Signal<Option<Picture>, LocalStorage>,
    /// The light on it.
    #[prop(into)]
    light: Signal<Light>,
    /// How the light is shown.
    view: RwSignal<View>,
    /// What tests call the upper canvas.
    name: &'static str,
) -> impl IntoView {
    let picture_layer = NodeRef::<html::Canvas>::new();
    let light_layer = NodeRef::<html::Canvas>::new();
    let (size, set_size) = signal((0_u32, 0_u32));
    watch_size(light_layer, set_size);
    let bitmap = move || picture.with(|picture| Some(picture.as_ref()?.bitmap.clone()));
    let picture_painter = painter_of(picture_layer);
    Effect::new(move |_| {
        picture_painter.with(|painter| {
            if let Some(painter) = painter {
                painter.clear(size.get());
                if let Some(bitmap) = bitmap() {
                    painter.picture(&bitmap);
                }
            }
        });
    });
    let light_painter = painter_of(light_layer);
    Effect::new(move |_| {
        light_painter.with(|painter| {
            if let Some(painter) = painter {
                painter.clear(size.get());
                let bitmap = bitmap();
                light.with(|light| painter.light(bitmap.as_ref(), light, view.get()));
            }
        });
    });
    let is_lit = move || light.with(|light| !light.cells.is_empty());
    let is_heat = move || view.get() != View::Spotlight || picture.with(Option::is_none);
    view! {
        <div class="canvases" class:lit=is_lit class:heat=is_heat>
            <canvas class="picture" node_ref=picture_layer></canvas>
            <canvas class="light" data-testid=name node_ref=light_layer></canvas>
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
