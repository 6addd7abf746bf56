//! Marker segments: where they are, and the tables they define.

use super::JpegError;
use super::dct::ZIGZAG;
use super::huffman::Huffman;

/// Tables in force at some point of a file.
#[derive(Default)]
pub(super) struct Tables {
    /// Quantisation steps in raster order.
    pub(super) quant: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Huffman>; 4],
    pub(super) ac: [Option<Huffman>; 4],
    /// MCUs between restart markers; 0 is none.
    pub(super) restart_interval: usize,
    pub(super) is_jfif: bool,
    /// Colour transform of an Adobe segment.
    pub(super) adobe_transform: Option<u8>,
}

/// The code of the next marker; leaves `at_byte` behind it.
pub(super) fn next(bytes: &[u8], at_byte: &mut usize) -> Result<u8, JpegError> {
    loop {
        let pair = bytes
            .get(*at_byte..*at_byte + 2)
            .ok_or(JpegError::Truncated)?;
        match [pair[0], pair[1]] {
            [0xFF, 0xFF] => *at_byte += 1,
            [0xFF, code] if code != 0 => {
                *at_byte += 2;
                return Ok(code);
            }
            _ => *at_byte += 1,
        }
    }
}

/// The content of the segment at `at_byte`; leaves `at_byte` behind it.
pub(super) fn segment<'a>(bytes: &'a [u8], at_byte: &mut usize) -> Result<&'a [u8], JpegError> {
    let rest = &bytes[*at_byte..];
    let [high, low, ..] = *rest else {
        return Err(JpegError::Truncated);
    };
    let n_byte = usize::from(u16::from_be_bytes([high, low]));
    if n_byte < 2 {
        return Err(JpegError::Broken("a segment of no length"));
    }
    let content = rest.get(2..n_byte).ok_or(JpegError::Truncated)?;
    *at_byte += n_byte;
    Ok(content)
}

impl Tables {
    /// Takes in a segment; those that do not concern decoding are passed over.
    pub(super) fn read(&mut self, marker: u8, segment: &[u8]) -> Result<(), JpegError> {
        match marker {
            0xC4 => self.read_huffman(segment),
            0xDB => self.read_quant(segment),
            0xDD => {
                let [high, low, ..] = *segment else {
                    return Err(JpegError::Broken("a short segment"));
                };
                self.restart_interval = usize::from(u16::from_be_bytes([high, low]));
                Ok(())
            }
            0xE0 => {
                self.is_jfif |= segment.starts_with(b"JFIF\0");
                Ok(())
            }
            0xEE if segment.starts_with(b"Adobe") => {
                self.adobe_transform = segment.get(11).copied();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn read_huffman(&mut self, mut segment: &[u8]) -> Result<(), JpegError> {
        const SHORT: JpegError = JpegError::Broken("a short Huffman table");
        while let Some((kind, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
            let n_symbol = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(n_symbol).ok_or(SHORT)?;
            let tables = if kind >> 4 == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            let table = tables
                .get_mut(usize::from(kind & 15))
                .ok_or(JpegError::Broken("a fifth Huffman table"))?;
            *table = Some(Huffman::new(counts, symbols)?);
            segment = rest;
        }
        Ok(())
    }

    fn read_quant(&mut self, mut segment: &[u8]) -> Result<(), JpegError> {
        const SHORT: JpegError = JpegError::Broken("a short quantisation table");
        while let Some((kind, rest)) = segment.split_first() {
            let n_value_byte = if kind >> 4 == 0 { 1 } else { 2 };
            let (values, rest) = rest.split_at_checked(64 * n_value_byte).ok_or(SHORT)?;
            let table = self.quant.get_mut(usize::from(kind & 15));
            let table = table
                .ok_or(JpegError::Broken("a fifth quantisation table"))?
                .insert([0; 64]);
            for (value, place) in values.chunks_exact(n_value_byte).zip(ZIGZAG) {
                table[place] = value
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | u16::from(*byte));
            }
            segment = rest;
        }
        Ok(())
    }
}
