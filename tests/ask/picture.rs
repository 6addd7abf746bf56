//! Picture files made for a test: real ones, and headers that promise what is not there.

use std::fs;
use std::io::Cursor;

use ::image::{DynamicImage, ImageFormat};
use anyhow::{Context, Result, ensure};

use crate::program::image;

/// A grey picture.
pub fn encoded(width_px: u32, height_px: u32, format: ImageFormat) -> Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width_px, height_px).write_to(&mut file, format)?;
    Ok(file.into_inner())
}

/// A PNG file whose header states other sides; its checksum is right.
pub fn png_stating(width_px: u32, height_px: u32) -> Result<Vec<u8>> {
    let mut file = encoded(2, 2, ImageFormat::Png)?;
    ensure!(&file[12..16] == b"IHDR");
    file[16..20].copy_from_slice(&width_px.to_be_bytes());
    file[20..24].copy_from_slice(&height_px.to_be_bytes());
    let checksum = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&checksum.to_be_bytes());
    Ok(file)
}

/// A JPEG file whose frame header states other sides.
pub fn jpeg_stating(width_px: u16, height_px: u16) -> Result<Vec<u8>> {
    let mut file = fs::read(image("waves_84x56.jpg"))?;
    let frame = file.windows(2).position(|marker| marker == [0xFF, 0xC0]);
    // Marker, length, precision; then height and width.
    let at = frame.context("no frame header")? + 5;
    file[at..at + 2].copy_from_slice(&height_px.to_be_bytes());
    file[at + 2..at + 4].copy_from_slice(&width_px.to_be_bytes());
    Ok(file)
}

/// A lossless WebP file whose header states other sides.
pub fn webp_stating(width_px: u32, height_px: u32) -> Result<Vec<u8>> {
    let mut file = encoded(2, 2, ImageFormat::WebP)?;
    ensure!(&file[12..16] == b"VP8L" && file[20] == 0x2F);
    // Twice 14 bits, each side less 1; four other bits stay.
    let sides = (width_px - 1) | (height_px - 1) << 14;
    let rest = u32::from(file[24] >> 4) << 28;
    file[21..25].copy_from_slice(&(sides | rest).to_le_bytes());
    Ok(file)
}

/// PNG, appendix D.
fn crc32(bytes: &[u8]) -> u32 {
    let shifted = |crc: u32| {
        if crc & 1 == 1 {
            (crc >> 1) ^ 0xEDB8_8320
        } else {
            crc >> 1
        }
    };
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| shifted(crc))
    })
}
