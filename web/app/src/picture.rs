//! A picture as the page shows it and as the model gets it.

use std::rc::Rc;

use js_sys::{ArrayBuffer, JsString, Uint8Array};
use trace::ImageFile;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, File, ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d, Response,
};

use crate::orientation::jpeg_orientation;

/// A decoded picture; cloning shares it.
#[derive(Clone)]
pub struct Picture {
    /// Name it is shown under.
    pub name: String,
    /// PNG, JPEG or WebP, upright, as the model gets it.
    pub encoded: Rc<[u8]>,
    /// Decoded for the screen, upright.
    pub bitmap: ImageBitmap,
}

/// Why a picture cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Neither a blob, nor a bitmap, nor an address.
    #[error(
        "a picture is a Blob, a File, an ImageBitmap or an address, not this; pass one of those"
    )]
    Kind,
    /// The browser's decoder refused.
    #[error("{name} is no picture this browser can read; take a PNG, JPEG or WebP file")]
    Undecodable {
        /// Name of the file.
        name: String,
    },
    /// The server's answer to an address.
    #[error("the picture {url} was not found (HTTP status {status}); check its address")]
    Missing {
        /// Address asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// No answer at all.
    #[error(
        "the picture {url} did not arrive; check the network, or whether its server allows other sites to read it"
    )]
    Unreachable {
        /// Address asked for.
        url: String,
    },
    /// The browser's canvas refused.
    #[error("this browser could not convert {name} to PNG; take a PNG, JPEG or WebP file")]
    Unconvertible {
        /// Name of the file.
        name: String,
    },
}

impl Picture {
    /// Reads a Blob, a File, an ImageBitmap or the picture at an address.
    pub async fn read(source: &JsValue) -> Result<Self, PictureError> {
        if let Some(url) = source.dyn_ref::<JsString>().map(String::from) {
            let name = url.rsplit('/').next().unwrap_or(&url).to_owned();
            return Self::decode(fetch(url).await?, name).await;
        }
        if let Some(bitmap) = source.dyn_ref::<ImageBitmap>() {
            let name = "picture.png".to_owned();
            let encoded = encode(bitmap)
                .await
                .ok_or(PictureError::Unconvertible { name: name.clone() })?;
            return Ok(Self {
                name,
                encoded,
                bitmap: bitmap.clone(),
            });
        }
        let blob = source.dyn_ref::<Blob>().ok_or(PictureError::Kind)?;
        let name = blob
            .dyn_ref::<File>()
            .map_or_else(|| "picture".to_owned(), File::name);
        Self::decode(blob.clone(), name).await
    }

    async fn decode(blob: Blob, name: String) -> Result<Self, PictureError> {
        let undecodable = || PictureError::Undecodable { name: name.clone() };
        let bitmap = bitmap_of(&blob).await.ok_or_else(undecodable)?;
        let file = bytes_of(&blob).await.ok_or_else(undecodable)?;
        // The engine reads these three formats and, like its training data, ignores EXIF.
        let encoded = if is_readable(&file) && jpeg_orientation(&file) == 1 {
            file
        } else {
            encode(&bitmap)
                .await
                .ok_or(PictureError::Unconvertible { name: name.clone() })?
        };
        Ok(Self {
            name,
            encoded,
            bitmap,
        })
    }

    /// The picture as the engine takes it.
    pub fn to_file(&self) -> ImageFile {
        ImageFile {
            name: self.name.clone(),
            bytes: self.encoded.to_vec(),
        }
    }
}

fn is_readable(file: &[u8]) -> bool {
    let is_webp = file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP");
    is_webp || file.starts_with(b"\x89PNG") || file.starts_with(b"\xff\xd8\xff")
}

async fn fetch(url: String) -> Result<Blob, PictureError> {
    let unreachable = || PictureError::Unreachable { url: url.clone() };
    let window = web_sys::window().ok_or_else(unreachable)?;
    let response = JsFuture::from(window.fetch_with_str(&url))
        .await
        .map_err(|_| unreachable())?;
    let response: Response = response.dyn_into().map_err(|_| unreachable())?;
    if !response.ok() {
        return Err(PictureError::Missing {
            status: response.status(),
            url,
        });
    }
    let body = response.blob().map_err(|_| unreachable())?;
    let blob = JsFuture::from(body).await.map_err(|_| unreachable())?;
    blob.dyn_into().map_err(|_| unreachable())
}

async fn bitmap_of(blob: &Blob) -> Option<ImageBitmap> {
    let promise = web_sys::window()?
        .create_image_bitmap_with_blob(blob)
        .ok()?;
    JsFuture::from(promise).await.ok()?.dyn_into().ok()
}

async fn bytes_of(blob: &Blob) -> Option<Rc<[u8]>> {
    let buffer: ArrayBuffer = JsFuture::from(blob.array_buffer())
        .await
        .ok()?
        .dyn_into()
        .ok()?;
    Some(Uint8Array::new(&buffer).to_vec().into())
}

/// PNG of a bitmap.
async fn encode(bitmap: &ImageBitmap) -> Option<Rc<[u8]>> {
    let canvas = OffscreenCanvas::new(bitmap.width(), bitmap.height()).ok()?;
    let context = canvas.get_context("2d").ok()??;
    let context: OffscreenCanvasRenderingContext2d = context.dyn_into().ok()?;
    context
        .draw_image_with_image_bitmap(bitmap, 0.0, 0.0)
        .ok()?;
    let blob = JsFuture::from(canvas.convert_to_blob().ok()?).await.ok()?;
    bytes_of(&blob.dyn_into().ok()?).await
}
