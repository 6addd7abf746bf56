//! A picture as the page shows it and as the model gets it.

use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, JsString, Uint8Array};
use scene::SIDE_PX;
use trace::{ImageFile, PromptImage};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, File, ImageBitmap, ImageData, OffscreenCanvas, OffscreenCanvasRenderingContext2d,
    Response,
};

use crate::maker::arrangement::Arrangement;
use crate::maker::png::png;
use crate::orientation::jpeg_orientation;

/// Longer side of a ground.
const GROUND_PX: f64 = 448.0;
/// Its colour: light is seen on it, and so is its absence.
const GROUND: &str = "#cfc9bb";

/// A decoded picture; cloning shares it.
#[derive(Clone)]
pub struct Picture {
    /// Name it is shown under.
    pub name: String,
    /// What the model gets.
    pub content: Content,
    /// Decoded for the screen, upright.
    pub bitmap: ImageBitmap,
    /// It was made or chosen for the model at hand, not brought by a visitor.
    pub is_fitting: bool,
}

/// What the model gets; cloning shares it.
#[derive(Clone)]
pub enum Content {
    /// PNG, JPEG or WebP, upright.
    File(Rc<[u8]>),
    /// A scene, made into a file when it is asked about.
    Scene(Rc<Arrangement>),
    /// A plain ground in the place of a picture that a recording came without.
    Ground,
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
    /// No canvas, or none with this content.
    #[error("this browser could not draw the scene; choose a picture instead")]
    Undrawable,
}

impl Picture {
    /// The scene as it stands, drawn at once.
    pub fn of_scene(arrangement: Arrangement) -> Result<Self, PictureError> {
        let bitmap = bitmap_of_scene(&arrangement).ok_or(PictureError::Undrawable)?;
        Ok(Self {
            name: format!("scene-{}.png", arrangement.seed),
            content: Content::Scene(Rc::new(arrangement)),
            bitmap,
            is_fitting: true,
        })
    }

    /// The scene that it shows; none of a file.
    pub fn arrangement(&self) -> Option<Rc<Arrangement>> {
        match &self.content {
            Content::File(_) | Content::Ground => None,
            Content::Scene(arrangement) => Some(Rc::clone(arrangement)),
        }
    }

    /// A plain ground of the proportions of a picture that is not at hand.
    pub fn ground(name: String, (width_px, height_px): (u32, u32)) -> Result<Self, PictureError> {
        let scale = GROUND_PX / f64::from(width_px.max(height_px).max(1));
        let side_px = |px: u32| ((f64::from(px) * scale).round() as u32).max(1);
        let bitmap = plain_bitmap(side_px(width_px), side_px(height_px));
        Ok(Self {
            name,
            content: Content::Ground,
            bitmap: bitmap.ok_or(PictureError::Undrawable)?,
            is_fitting: true,
        })
    }

    /// Reads the bytes of a file.
    pub async fn of_file(bytes: &[u8], name: String) -> Result<Self, PictureError> {
        let parts = Array::of1(&Uint8Array::from(bytes));
        let undecodable = |_| PictureError::Undecodable { name: name.clone() };
        let blob = Blob::new_with_u8_array_sequence(&parts).map_err(undecodable)?;
        Self::decode(blob, name).await
    }

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
                content: Content::File(encoded),
                bitmap: bitmap.clone(),
                is_fitting: false,
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
            content: Content::File(encoded),
            bitmap,
            is_fitting: false,
        })
    }

    /// The picture as the engine takes it; none of a ground.
    pub fn to_file(&self) -> Option<ImageFile> {
        let side_px = SIDE_PX as u32;
        let bytes = match &self.content {
            Content::File(bytes) => bytes.to_vec(),
            Content::Scene(arrangement) => {
                png(&scene::render(&arrangement.scene()), side_px, side_px)
            }
            Content::Ground => return None,
        };
        Some(ImageFile {
            name: self.name.clone(),
            bytes,
        })
    }

    /// Whether it only holds the place of one that is not at hand.
    pub fn is_ground(&self) -> bool {
        matches!(self.content, Content::Ground)
    }

    /// Whether it can be the one that a recording was made with: the size is the same.
    pub fn has_size_of(&self, image: &PromptImage) -> bool {
        let size_px = (self.bitmap.width(), self.bitmap.height());
        !self.is_ground() && size_px == (image.width_px, image.height_px)
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

fn plain_bitmap(width_px: u32, height_px: u32) -> Option<ImageBitmap> {
    let canvas = OffscreenCanvas::new(width_px, height_px).ok()?;
    let context = canvas.get_context("2d").ok()??;
    let context: OffscreenCanvasRenderingContext2d = context.dyn_into().ok()?;
    context.set_fill_style_str(GROUND);
    context.fill_rect(0.0, 0.0, width_px.into(), height_px.into());
    canvas.transfer_to_image_bitmap().ok()
}

fn bitmap_of_scene(arrangement: &Arrangement) -> Option<ImageBitmap> {
    let rgb = scene::render(&arrangement.scene());
    let rgba: Vec<u8> = rgb
        .chunks_exact(3)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2], u8::MAX])
        .collect();
    let side_px = SIDE_PX as u32;
    let pixels = ImageData::new_with_u8_clamped_array(Clamped(&rgba), side_px).ok()?;
    let canvas = OffscreenCanvas::new(side_px, side_px).ok()?;
    let context = canvas.get_context("2d").ok()??;
    let context: OffscreenCanvasRenderingContext2d = context.dyn_into().ok()?;
    context.put_image_data(&pixels, 0.0, 0.0).ok()?;
    canvas.transfer_to_image_bitmap().ok()
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
