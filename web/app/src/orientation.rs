//! Whether a JPEG asks to be turned before it is shown.

/// EXIF orientation 1 to 8 of a JPEG file; 1 (upright) when it states none or is no JPEG.
/// Source: EXIF 2.32, tag 0x0112 in IFD 0 of the APP1 segment.
pub fn jpeg_orientation(file: &[u8]) -> u16 {
    exif_of(file).and_then(orientation_of).unwrap_or(1)
}

/// The TIFF part of the first EXIF segment.
fn exif_of(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let &[0xff, marker, high, low, ..] = rest else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..2 + length)?;
        if marker == 0xe1
            && let Some(tiff) = segment.strip_prefix(b"Exif\0\0")
        {
            return Some(tiff);
        }
        // Start of scan: the picture's data follows, no header any more.
        if marker == 0xda {
            return None;
        }
        rest = rest.get(2 + length..)?;
    }
}

fn orientation_of(tiff: &[u8]) -> Option<u16> {
    let u16_at = |at: usize| {
        let bytes: [u8; 2] = tiff.get(at..at + 2)?.try_into().ok()?;
        match tiff.get(..2)? {
            b"II" => Some(u16::from_le_bytes(bytes)),
            b"MM" => Some(u16::from_be_bytes(bytes)),
            _ => None,
        }
    };
    let ifd = match tiff.get(..2)? {
        b"II" => usize::from(u16_at(4)?),
        _ => usize::from(u16_at(6)?),
    };
    let n_entries = usize::from(u16_at(ifd)?);
    let entry = (0..n_entries)
        .map(|index| ifd + 2 + 12 * index)
        .find(|&entry| u16_at(entry) == Some(0x0112))?;
    u16_at(entry + 8).filter(|orientation| (1..=8).contains(orientation))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG of headers only: APP0, then APP1 with one IFD entry, orientation 6.
    fn jpeg(big_endian: bool) -> Vec<u8> {
        let mut file = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xe1, 0, 34];
        file.extend(b"Exif\0\0");
        file.extend::<[u8; 26]>(if big_endian {
            *b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
        } else {
            *b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
        });
        file
    }

    #[test]
    fn both_byte_orders_are_read() {
        assert_eq!(jpeg_orientation(&jpeg(true)), 6);
        assert_eq!(jpeg_orientation(&jpeg(false)), 6);
    }

    #[test]
    fn a_file_cut_anywhere_is_upright_or_read_and_never_panics() {
        for n_bytes in 0..jpeg(true).len() {
            assert!([1, 6].contains(&jpeg_orientation(&jpeg(true)[..n_bytes])));
        }
    }

    #[test]
    fn a_png_is_upright() {
        assert_eq!(jpeg_orientation(b"\x89PNG\r\n\x1a\n"), 1);
    }
}
