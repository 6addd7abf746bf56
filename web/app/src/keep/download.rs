//! Files for the reader's own disk.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, HtmlAnchorElement, HtmlImageElement, OffscreenCanvas,
    OffscreenCanvasRenderingContext2d, Url,
};

/// Pixels of a PNG per unit of its SVG.
const PNG_SCALE: u32 = 2;

/// What a kept file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A trace file.
    Json,
    /// A drawing.
    Svg,
    /// The same in pixels.
    Png,
}

impl Kind {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
        }
    }
}

/// Offers a text as a file of this name; `None` where the browser refuses.
pub fn download(name: &str, text: &str, kind: Kind) -> Option<()> {
    offer(name, &blob_of(text, kind)?)
}

/// Offers an SVG, drawn at twice its size, as a PNG.
pub async fn download_png(name: &str, svg: &str, size_px: (u32, u32)) -> Option<()> {
    let url = Url::create_object_url_with_blob(&blob_of(svg, Kind::Svg)?).ok()?;
    let drawn = draw(&url, size_px).await;
    // Fails for no address that was made.
    let _ = Url::revoke_object_url(&url);
    offer(name, &drawn?)
}

fn blob_of(text: &str, kind: Kind) -> Option<Blob> {
    let options = BlobPropertyBag::new();
    options.set_type(kind.media_type());
    Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options).ok()
}

async fn draw(url: &str, (width_px, height_px): (u32, u32)) -> Option<Blob> {
    let image = HtmlImageElement::new().ok()?;
    image.set_src(url);
    JsFuture::from(image.decode()).await.ok()?;
    let (width_px, height_px) = (width_px * PNG_SCALE, height_px * PNG_SCALE);
    let canvas = OffscreenCanvas::new(width_px, height_px).ok()?;
    let context = canvas.get_context("2d").ok()??;
    let context: OffscreenCanvasRenderingContext2d = context.dyn_into().ok()?;
    context
        .draw_image_with_html_image_element_and_dw_and_dh(
            &image,
            0.0,
            0.0,
            width_px.into(),
            height_px.into(),
        )
        .ok()?;
    let blob: JsValue = JsFuture::from(canvas.convert_to_blob().ok()?).await.ok()?;
    blob.dyn_into().ok()
}

fn offer(name: &str, blob: &Blob) -> Option<()> {
    let url = Url::create_object_url_with_blob(blob).ok()?;
    let document = web_sys::window()?.document()?;
    let anchor: HtmlAnchorElement = document.create_element("a").ok()?.dyn_into().ok()?;
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // The browser has begun to save it by then.
    leptos::prelude::set_timeout(
        move || {
            let _ = Url::revoke_object_url(&url);
        },
        std::time::Duration::from_secs(60),
    );
    Some(())
}
