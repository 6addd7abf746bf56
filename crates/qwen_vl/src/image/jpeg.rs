//! JPEG decoding with the arithmetic of libjpeg, so that pixels equal Pillow's bit for bit.
//!
//! Other decoders differ by up to five levels, mostly in how they enlarge the colour planes. Baseline, extended and
//! progressive Huffman files with 8-bit samples are read; arithmetic coding, lossless and 12-bit files are refused.

mod bits;
mod color;
mod dct;
mod frame;
mod huffman;
mod marker;
mod progressive;
mod scan;
mod upsample;

use frame::Frame;
use marker::Tables;

/// Why a JPEG file cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum JpegError {
    /// The data end too early.
    #[error("the data end early")]
    Truncated,
    /// More pixels than allowed.
    #[error("too many pixels")]
    TooLarge { width_px: usize, height_px: usize },
    /// A kind of JPEG that is not read.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// The data contradict themselves.
    #[error("{0}")]
    Broken(&'static str),
}

/// Decoded pixels, `[height_px, width_px, 3]`.
pub(super) struct Decoded {
    pub(super) rgb: Vec<u8>,
    pub(super) width_px: usize,
    pub(super) height_px: usize,
}

/// Scans a file may have; encoders write about ten.
const N_MAX_SCAN: usize = 100;

/// Decodes a file of at most `n_max_pixels` pixels.
pub(super) fn decode(bytes: &[u8], n_max_pixels: usize) -> Result<Decoded, JpegError> {
    let mut tables = Tables::default();
    let mut frame: Option<Frame> = None;
    let mut n_scan = 0;
    let mut at_byte = 0;
    loop {
        let marker = marker::next(bytes, &mut at_byte)?;
        match marker {
            // Markers without a segment: start, restart, temporary.
            0xD8 | 0xD0..=0xD7 | 0x01 => {}
            0xD9 => break,
            0xC0..=0xC2 if frame.is_some() => return Err(JpegError::Broken("two frames")),
            0xC0..=0xC2 => {
                let segment = marker::segment(bytes, &mut at_byte)?;
                frame = Some(Frame::parse(segment, marker == 0xC2, n_max_pixels)?);
            }
            0xC3 | 0xC5..=0xC7 | 0xCD..=0xCF => {
                return Err(JpegError::Unsupported("a lossless or hierarchical JPEG"));
            }
            0xC9..=0xCB => return Err(JpegError::Unsupported("an arithmetic-coded JPEG")),
            0xDA => {
                let segment = marker::segment(bytes, &mut at_byte)?;
                let frame = frame
                    .as_mut()
                    .ok_or(JpegError::Broken("a scan without a frame"))?;
                n_scan += 1;
                if n_scan > N_MAX_SCAN {
                    return Err(JpegError::Broken("too many scans"));
                }
                at_byte += scan::decode(segment, &bytes[at_byte..], &tables, frame)?;
            }
            _ => tables.read(marker, marker::segment(bytes, &mut at_byte)?)?,
        }
    }
    let mut frame = frame
        .filter(|_| n_scan > 0)
        .ok_or(JpegError::Broken("no pixels"))?;
    frame.finish();
    let space = color::Space::of(&frame, &tables);
    let rgb = upsample::rgb(&frame, space)?;
    Ok(Decoded {
        rgb,
        width_px: frame.width_px,
        height_px: frame.height_px,
    })
}

#[cfg(test)]
mod tests;
