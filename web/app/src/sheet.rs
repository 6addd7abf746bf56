//! The element's style sheet.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{CssStyleSheet, ShadowRoot};

/// The page's tokens, then the element's own rules.
const STYLE: &str = concat!(
    include_str!("../../tokens.css"),
    include_str!("style.css"),
    include_str!("status.css"),
    include_str!("see.css"),
    include_str!("compare.css"),
    include_str!("keep.css")
);

/// Gives the shadow root its style; a constructed sheet needs no `unsafe-inline` in a security policy.
pub fn adopt(root: &ShadowRoot) -> Result<(), JsValue> {
    let sheet = CssStyleSheet::new()?;
    sheet.replace_sync(STYLE)?;
    let sheets = Array::of1(&sheet);
    js_sys::Reflect::set(root, &"adoptedStyleSheets".into(), &sheets)?;
    Ok(())
}
