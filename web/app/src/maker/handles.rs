//! The objects of the scene as a list: in words, and while arranging as handles over the picture.

use leptos::html;
use leptos::prelude::*;
use scene::{Object, SIDE_PX};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement, KeyboardEvent, PointerEvent};

use crate::maker::Maker;
use crate::maker::arrangement::{Arrangement, words};
use crate::maker::grip::Grip;
use crate::maker::room::half_px;

/// The list; its handles lie where the objects are, so it must lie over the picture.
#[component]
pub fn Handles(maker: Maker) -> impl IntoView {
    let list = NodeRef::<html::Ul>::new();
    Effect::new(move |was_open: Option<bool>| {
        let (is_open, chosen) = (maker.is_open.get(), maker.chosen.get());
        if let (Some(list), arrangement) = (list.get(), maker.arrangement()) {
            list.set_hidden(arrangement.is_none());
            if let Some(arrangement) = arrangement {
                // Made by hand: a handle keeps the focus and the pointer while its object moves.
                let _ = match is_open {
                    true => lay_handles(&list, &arrangement, chosen),
                    false => lay_words(&list, &arrangement),
                };
            }
            // Whoever arranges with the keys goes on at the first object.
            if is_open && was_open == Some(false) {
                focus(query(&list, "button").as_ref());
            }
        }
        is_open
    });
    let grip = StoredValue::new(None::<Grip>);
    let on_down = move |event: PointerEvent| {
        let id = object_of(&event).filter(|_| event.button() == 0);
        let taken = id.zip(list.get_untracked());
        grip.set_value(taken.and_then(|(id, list)| Grip::take(maker, id, &list, &event)));
    };
    let on_move = move |event: PointerEvent| {
        if let Some((mut held, list)) = grip.get_value().zip(list.get_untracked()) {
            held.drag(maker, &list, &event);
            grip.set_value(Some(held));
        }
    };
    let on_release = move |_| {
        if let Some(held) = grip.try_update_value(Option::take).flatten() {
            held.release(maker);
        }
    };
    view! {
        <ul
            node_ref=list
            tabindex="-1"
            aria-label="Objects in the picture"
            data-testid="objects"
            class=move || if maker.is_open.get() { "handles" } else { "unseen" }
            on:pointerdown=on_down
            on:pointermove=on_move
            on:lostpointercapture=on_release
            on:focusin=move |event| maker.chosen.set(object_of(&event))
            on:keydown=move |event| act(maker, list, &event)
        ></ul>
    }
}

/// The objects in reading order; nothing where the document is going away.
fn lay_words(list: &HtmlElement, arrangement: &Arrangement) -> Option<()> {
    list.set_text_content(None);
    for object in &arrangement.scene().objects {
        let item = list.owner_document()?.create_element("li").ok()?;
        item.set_text_content(Some(&words(object)));
        list.append_child(&item).ok()?;
    }
    Some(())
}

/// A handle on each object, in the order in which they came; nothing where the document is going away.
fn lay_handles(list: &HtmlElement, arrangement: &Arrangement, chosen: Option<u32>) -> Option<()> {
    while let Some(item) = query(list, "li:not([data-item])") {
        item.remove();
    }
    let items = list.children();
    for index in (0..items.length()).rev() {
        let item: HtmlElement = items.item(index)?.unchecked_into();
        let id = item.get_attribute("data-item")?.parse().ok()?;
        if arrangement.object(id).is_none() {
            item.remove();
        }
    }
    for piece in &arrangement.pieces {
        let handle = match query(list, &format!("[data-object='{}']", piece.id)) {
            Some(handle) => handle,
            None => new_handle(list, piece.id)?,
        };
        handle.set_class_name(if chosen == Some(piece.id) {
            "chosen"
        } else {
            ""
        });
        place(&handle, &piece.object);
    }
    Some(())
}

fn new_handle(list: &HtmlElement, id: u32) -> Option<HtmlElement> {
    let document = list.owner_document()?;
    let item = document.create_element("li").ok()?;
    let handle = document.create_element("button").ok()?;
    let id = id.to_string();
    item.set_attribute("data-item", &id).ok()?;
    handle.set_attribute("data-object", &id).ok()?;
    handle.set_attribute("type", "button").ok()?;
    item.append_child(&handle).ok()?;
    list.append_child(&item).ok()?;
    handle.dyn_into().ok()
}

/// Names a handle and lays it on its object.
fn place(handle: &HtmlElement, object: &Object) {
    let ([x, y], [half_width, half_height]) = (object.center_px, half_px(object));
    let sides = [
        ("left", x),
        ("top", y),
        ("width", 2.0 * half_width),
        ("height", 2.0 * half_height),
    ];
    for (side, px) in sides {
        let percent = format!("{}%", px * 100.0 / SIDE_PX as f32);
        // A known property takes every length.
        let _ = handle.style().set_property(side, &percent);
    }
    let _ = handle.set_attribute("aria-label", &words(object));
}

/// The object whose handle an event happened on.
fn object_of(event: &Event) -> Option<u32> {
    let handle = event.target()?.dyn_into::<HtmlElement>().ok()?;
    handle.get_attribute("data-object")?.parse().ok()
}

/// The arrow keys move, Delete removes, Escape ends; other keys go on.
fn act(maker: Maker, list: NodeRef<html::Ul>, event: &KeyboardEvent) {
    let Some(id) = object_of(event) else {
        return;
    };
    let by = match event.key().as_str() {
        "ArrowLeft" => Some([-1, 0]),
        "ArrowRight" => Some([1, 0]),
        "ArrowUp" => Some([0, -1]),
        "ArrowDown" => Some([0, 1]),
        "Delete" | "Backspace" => None,
        "Escape" => return maker.is_open.set(false),
        _ => return,
    };
    // The arrow keys walk the answer's words elsewhere.
    event.prevent_default();
    event.stop_propagation();
    match by {
        Some(by) => maker.change(|scene| scene.step(id, by)),
        None => {
            focus_beside(list, id);
            maker.change(|scene| scene.remove(id));
        }
    }
}

/// Moves the focus from an object that goes to another one, or to the list.
fn focus_beside(list: NodeRef<html::Ul>, id: u32) {
    if let Some(list) = list.get_untracked() {
        let other = query(&list, &format!("button:not([data-object='{id}'])"));
        focus(other.as_ref().or(Some(&list)));
    }
}

fn query(list: &HtmlElement, selector: &str) -> Option<HtmlElement> {
    list.query_selector(selector).ok()??.dyn_into().ok()
}

fn focus(element: Option<&HtmlElement>) {
    if let Some(element) = element {
        // Nothing to be done where a browser refuses.
        let _ = element.focus();
    }
}
