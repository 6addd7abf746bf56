//! An object under the pointer, from the touch until it is let go.

use leptos::prelude::untrack;
use scene::SIDE_PX;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, PointerEvent};

use crate::maker::Maker;

/// A held object.
#[derive(Clone, Copy)]
pub struct Grip {
    id: u32,
    /// Where it came from.
    from_px: [f32; 2],
    /// From the pointer to its middle.
    offset_px: [f32; 2],
    is_moved: bool,
}

impl Grip {
    /// Takes hold of an object by its handle; `picture` is what its places are measured on.
    pub fn take(
        maker: Maker,
        id: u32,
        picture: &HtmlElement,
        event: &PointerEvent,
    ) -> Option<Self> {
        let from_px = untrack(|| maker.arrangement())?.object(id)?.center_px;
        let [x, y] = point_px(picture, event);
        let handle = event.target()?.dyn_into::<HtmlElement>().ok()?;
        // Both are refused only for a pointer or a handle that has gone since.
        let _ = handle.set_pointer_capture(event.pointer_id());
        let _ = handle.focus();
        Some(Self {
            id,
            from_px,
            offset_px: [from_px[0] - x, from_px[1] - y],
            is_moved: false,
        })
    }

    /// Moves the object with the pointer.
    pub fn drag(&mut self, maker: Maker, picture: &HtmlElement, event: &PointerEvent) {
        let [x, y] = point_px(picture, event);
        self.is_moved = true;
        maker.drag(self.id, [x + self.offset_px[0], y + self.offset_px[1]]);
    }

    /// Lets go; an object that was only touched stays where it is.
    pub fn release(self, maker: Maker) {
        if self.is_moved {
            maker.change(|scene| scene.settle(self.id, self.from_px));
        }
    }
}

/// The pointer's place on the picture.
fn point_px(picture: &HtmlElement, event: &PointerEvent) -> [f32; 2] {
    let on_page = picture.get_bounding_client_rect();
    let px = |client: i32, start: f64, length: f64| {
        ((f64::from(client) - start) / length.max(1.0) * SIDE_PX as f64) as f32
    };
    [
        px(event.client_x(), on_page.left(), on_page.width()),
        px(event.client_y(), on_page.top(), on_page.height()),
    ]
}
