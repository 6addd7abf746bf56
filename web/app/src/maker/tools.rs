//! The tools for arranging: what to add, what to remove.

use leptos::prelude::*;
use scene::{Color, Kind, Shape, Size};
use web_sys::KeyboardEvent;

use crate::maker::Maker;
use crate::maker::arrangement::{Refusal, words};

/// Three pickers, two buttons, and what the last change did; Escape puts them away.
#[component]
pub fn Tools(maker: Maker) -> impl IntoView {
    let (kind, color, size) = (RwSignal::new(0), RwSignal::new(0), RwSignal::new(1));
    let add = move |_| {
        let (kind, color, size) = (
            kinds().nth(kind.get()),
            pick(&Color::ALL, color),
            pick(&Size::ALL, size),
        );
        if let (Some(kind), Some(color), Some(size)) = (kind, color, size) {
            maker.change(|scene| scene.add(kind, color, size));
        }
    };
    let chosen = move || {
        let arrangement = maker.arrangement()?;
        let id = maker.chosen.get()?;
        Some((id, words(arrangement.object(id)?)))
    };
    let remove = move |_| {
        let chosen = untrack(chosen);
        maker.change(|scene| match chosen {
            Some((id, _)) => scene.remove(id),
            None => Err(Refusal::Unchosen),
        });
    };
    let remove_label = move || match chosen() {
        Some((_, words)) => format!("Remove the {words}"),
        None => "Remove: choose an object first".to_owned(),
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            maker.is_open.set(false);
        }
    };
    view! {
        <div
            class="tools"
            role="group"
            aria-label="Arrange the scene"
            data-testid="tools"
            hidden=move || !maker.is_open.get()
            on:keydown=on_key
        >
            <p>"Drag an object, or go to it with Tab and move it with the arrow keys; Delete removes it."</p>
            <Picker label="Object" names=kinds().map(|kind| kind.to_string()).collect() picked=kind />
            <Picker label="Colour" names=Color::ALL.map(|color| color.name().to_owned()).into() picked=color />
            <Picker label="Size" names=Size::ALL.map(|size| size.name().to_owned()).into() picked=size />
            <div class="actions">
                <button type="button" data-testid="add" on:click=add>"Add"</button>
                <button type="button" data-testid="remove" aria-label=remove_label on:click=remove>
                    "Remove"
                </button>
            </div>
            <p class="told" aria-hidden="true">{move || maker.told.get()}</p>
        </div>
    }
}

/// A choice of one name; `picked` is its index.
#[component]
fn Picker(label: &'static str, names: Vec<String>, picked: RwSignal<usize>) -> impl IntoView {
    let option = |(index, name): (usize, String)| view! { <option value=index>{name}</option> };
    let options = names.into_iter().enumerate().map(option).collect_view();
    let on_change = move |event| picked.set(event_target_value(&event).parse().unwrap_or_default());
    view! {
        <label>
            {label}
            <select prop:value=move || picked.get().to_string() on:change=on_change>{options}</select>
        </label>
    }
}

/// Every shape, then every digit.
fn kinds() -> impl Iterator<Item = Kind> {
    let shapes = Shape::ALL.into_iter().map(Kind::Shape);
    shapes.chain((0..10).map(Kind::Digit))
}

fn pick<T: Copy>(all: &[T], picked: RwSignal<usize>) -> Option<T> {
    all.get(picked.get_untracked()).copied()
}
