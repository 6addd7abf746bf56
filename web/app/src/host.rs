//! The element in its document: where its addresses point, what it tells the document.

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;
use web_sys::{CustomEvent, CustomEventInit, HtmlElement, Url};

/// The `<look-back>` element.
#[derive(Clone)]
pub struct Host {
    /// The element itself.
    pub element: HtmlElement,
}

impl Host {
    /// Absolute address of a model's folder, ending in `/`; `None` for an empty or malformed one.
    pub fn model_url(&self, model: &str) -> Option<String> {
        if model.is_empty() {
            return None;
        }
        let base = self.element.base_uri().ok()??;
        let folder = format!("{}/", model.trim_end_matches('/'));
        Url::new_with_base(&folder, &base)
            .ok()
            .map(|url| url.href())
    }

    /// Whether the document is in the background, where no frames are drawn.
    pub fn is_hidden(&self) -> bool {
        self.element
            .owner_document()
            .is_some_and(|document| document.hidden())
    }

    /// Dispatches an event of the contract.
    pub fn tell(&self, name: &str, detail: &JsValue) {
        let init = CustomEventInit::new();
        init.set_detail(detail);
        if let Ok(event) = CustomEvent::new_with_event_init_dict(name, &init) {
            // The result only says whether a listener prevented a default that does not exist.
            let _ = self.element.dispatch_event(&event);
        }
    }
}

/// `value` as the plain object its JSON would give.
pub fn object_of(value: &impl Serialize) -> JsValue {
    value
        .serialize(&Serializer::json_compatible())
        .unwrap_or(JsValue::NULL)
}
