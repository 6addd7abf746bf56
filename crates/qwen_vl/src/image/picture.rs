//! Decoding a picture file to 8-bit RGB.

use super::PictureError;
use super::jpeg::{self, JpegError};
use image::error::ImageError;
use image::{ColorType, ImageDecoder, ImageFormat, ImageReader};
use std::io::{Cursor, ErrorKind};

/// An 8-bit RGB picture.
///
/// Transparency is composited over white with Pillow's rounding, grey and palettes are expanded, and of 16-bit samples
/// the high byte is kept. EXIF orientation and colour profiles are *not* applied: Pillow, and so the reference
/// implementation, leaves them alone. Someone who shows the picture to a user has to switch that off there too, or the
/// map of where the model looks would lie on a turned image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    rgb: Vec<u8>,
    width_px: usize,
    height_px: usize,
}

impl Picture {
    /// Greatest number of pixels decoded: 50 megapixels are 150 MB of RGB.
    pub const N_MAX_PIXELS: usize = 50_000_000;

    /// Decodes a PNG, JPEG or WebP file, told apart by content. Of an animation the first frame is used.
    ///
    /// # Errors
    /// [`PictureError`] if the bytes are no such picture, are damaged, or have more than [`Self::N_MAX_PIXELS`] pixels
    /// (judged by the header, before any pixel is decoded).
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
        if bytes.is_empty() {
            return Err(PictureError::Empty);
        }
        let guess = image::guess_format(bytes).ok();
        let (format, name) = match guess {
            Some(format @ ImageFormat::Png) => (format, "PNG"),
            Some(format @ ImageFormat::Jpeg) => (format, "JPEG"),
            Some(format @ ImageFormat::WebP) => (format, "WebP"),
            _ => return Err(PictureError::UnknownFormat),
        };
        if format == ImageFormat::Jpeg {
            let decoded = jpeg::decode(bytes, Self::N_MAX_PIXELS).map_err(broken_jpeg)?;
            return Self::from_rgb(decoded.rgb, decoded.width_px, decoded.height_px);
        }
        if let Some(size) = png_size(bytes).filter(|_| format == ImageFormat::Png) {
            check_size(size)?;
        }
        let reader = ImageReader::with_format(Cursor::new(bytes), format);
        let decoder = reader.into_decoder().map_err(|error| broken(name, error))?;
        let [width_px, height_px] = [
            decoder.dimensions().0 as usize,
            decoder.dimensions().1 as usize,
        ];
        check_size([width_px, height_px])?;
        let color_type = decoder.color_type();
        let mut samples = vec![0; width_px * height_px * usize::from(color_type.bytes_per_pixel())];
        decoder
            .read_image(&mut samples)
            .map_err(|error| broken(name, error))?;
        let rgb = rgb_from_samples(samples, color_type).ok_or_else(|| PictureError::Broken {
            format: name,
            reason: format!("unexpected colour type {color_type:?}"),
        })?;
        Self::from_rgb(rgb, width_px, height_px)
    }

    /// Takes decoded pixels: rows from the top, `[height_px, width_px, 3]`.
    ///
    /// # Errors
    /// [`PictureError::WrongLength`] if a side is zero or the buffer does not have `3 · width_px · height_px` bytes.
    pub fn from_rgb(rgb: Vec<u8>, width_px: usize, height_px: usize) -> Result<Self, PictureError> {
        let n_byte = width_px
            .checked_mul(height_px)
            .and_then(|n_pixel| n_pixel.checked_mul(3));
        if rgb.is_empty() || n_byte != Some(rgb.len()) {
            return Err(PictureError::WrongLength {
                width_px,
                height_px,
                got: rgb.len(),
            });
        }
        Ok(Self {
            rgb,
            width_px,
            height_px,
        })
    }

    /// Rows from the top, `[height_px, width_px, 3]`.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Width in pixels.
    pub fn width_px(&self) -> usize {
        self.width_px
    }

    /// Height in pixels.
    pub fn height_px(&self) -> usize {
        self.height_px
    }
}

fn check_size([width_px, height_px]: [usize; 2]) -> Result<(), PictureError> {
    if width_px as u64 * height_px as u64 > Picture::N_MAX_PIXELS as u64 {
        return Err(PictureError::TooLarge {
            width_px,
            height_px,
        });
    }
    Ok(())
}

/// Samples in native byte order to RGB, in place where a pixel does not grow.
fn rgb_from_samples(samples: Vec<u8>, color_type: ColorType) -> Option<Vec<u8>> {
    let high = |pixel: &[u8], channel: usize| {
        (u16::from_ne_bytes([pixel[2 * channel], pixel[2 * channel + 1]]) >> 8) as u8
    };
    let rgb = match color_type {
        ColorType::Rgb8 => samples,
        ColorType::Rgba8 => repacked(samples, 4, |p| [0, 1, 2].map(|c| over_white(p[c], p[3]))),
        ColorType::Rgb16 => repacked(samples, 6, |p| [0, 1, 2].map(|c| high(p, c))),
        ColorType::Rgba16 => repacked(samples, 8, |p| {
            [0, 1, 2].map(|c| over_white(high(p, c), high(p, 3)))
        }),
        ColorType::La16 => repacked(samples, 4, |p| [over_white(high(p, 0), high(p, 1)); 3]),
        ColorType::L8 => samples.iter().flat_map(|grey| [*grey; 3]).collect(),
        ColorType::La8 => samples
            .chunks_exact(2)
            .flat_map(|p| [over_white(p[0], p[1]); 3])
            .collect(),
        ColorType::L16 => samples
            .chunks_exact(2)
            .flat_map(|p| [high(p, 0); 3])
            .collect(),
        _ => return None,
    };
    Some(rgb)
}

/// Rewrites pixels of `n_byte` ≥ 3 bytes to RGB within the same buffer.
fn repacked(mut samples: Vec<u8>, n_byte: usize, rgb: impl Fn(&[u8]) -> [u8; 3]) -> Vec<u8> {
    let n_pixel = samples.len() / n_byte;
    for pixel in 0..n_pixel {
        let color = rgb(&samples[pixel * n_byte..][..n_byte]);
        samples[pixel * 3..][..3].copy_from_slice(&color);
    }
    samples.truncate(n_pixel * 3);
    samples
}

/// `white · (255 − alpha) + sample · alpha`, divided by 255 as Pillow's `paste` does it.
fn over_white(sample: u8, alpha: u8) -> u8 {
    let [sample, alpha] = [u32::from(sample), u32::from(alpha)];
    let sum = 255 * (255 - alpha) + sample * alpha + 128;
    (((sum >> 8) + sum) >> 8) as u8
}

fn broken(format: &'static str, error: ImageError) -> PictureError {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            PictureError::Truncated { format }
        }
        error => PictureError::Broken {
            format,
            reason: error.to_string(),
        },
    }
}

fn broken_jpeg(error: JpegError) -> PictureError {
    match error {
        JpegError::Truncated => PictureError::Truncated { format: "JPEG" },
        JpegError::TooLarge {
            width_px,
            height_px,
        } => PictureError::TooLarge {
            width_px,
            height_px,
        },
        error => PictureError::Broken {
            format: "JPEG",
            reason: error.to_string(),
        },
    }
}

/// Width and height in the header of a PNG file, whose decoder sets a row aside before it tells them.
fn png_size(bytes: &[u8]) -> Option<[usize; 2]> {
    let side = |at_byte: usize| {
        bytes
            .get(at_byte..at_byte + 4)?
            .try_into()
            .ok()
            .map(u32::from_be_bytes)
    };
    Some([side(16)? as usize, side(20)? as usize])
}
