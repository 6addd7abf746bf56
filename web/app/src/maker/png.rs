//! Pixels as a PNG file, exactly: canvases of browsers that guard against fingerprinting change pixels.

/// Largest block that deflate stores as it is.
const MAX_STORED_BYTES: usize = 0xffff;

/// A PNG of `width_px` × `height_px` pixels, row by row red, green, blue; the pixels are not compressed.
pub fn png(rgb: &[u8], width_px: u32, height_px: u32) -> Vec<u8> {
    let mut rows = Vec::with_capacity(rgb.len() + height_px as usize);
    for row in rgb.chunks_exact(3 * width_px.max(1) as usize) {
        // No filter.
        rows.push(0);
        rows.extend_from_slice(row);
    }
    let mut header = [width_px.to_be_bytes(), height_px.to_be_bytes()].concat();
    // Eight bits, red green blue, deflate, filter by row, not interlaced.
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    push_chunk(&mut file, b"IHDR", &header);
    push_chunk(&mut file, b"IDAT", &stored(&rows));
    push_chunk(&mut file, b"IEND", &[]);
    file
}

/// Length, kind, data, checksum of kind and data.
fn push_chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    let sum = crc32(&file[start..]);
    file.extend(sum.to_be_bytes());
}

/// A zlib stream of stored blocks.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(MAX_STORED_BYTES).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend(adler32(data).to_be_bytes());
    stream
}

fn crc32(data: &[u8]) -> u32 {
    let sum = data.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 * (sum & 1))
        })
    });
    !sum
}

fn adler32(data: &[u8]) -> u32 {
    let (low, high) = data.iter().fold((1_u32, 0_u32), |(low, high), &byte| {
        let low = (low + u32::from(byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_those_of_their_specifications() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    /// More than one stored block, no two rows and no two columns alike.
    #[test]
    fn another_decoder_reads_the_same_pixels() {
        let (width_px, height_px) = (224, 150);
        let byte = |at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8;
        let rgb: Vec<u8> = (0..width_px * height_px * 3).map(byte).collect();
        let decoded = image::load_from_memory(&png(&rgb, width_px, height_px));
        let decoded = decoded.map(|image| image.into_rgb8());
        let decoded = decoded.map(|image| (image.dimensions(), image.into_raw()));
        assert_eq!(decoded.ok(), Some(((width_px, height_px), rgb)));
    }
}
