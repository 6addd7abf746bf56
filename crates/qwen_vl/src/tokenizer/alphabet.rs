//! The byte-level alphabet of GPT-2: every byte as one printable character.

/// The bytes of a vocabulary entry. An entry with a character outside the alphabet stands for itself, as in the library.
pub(super) fn bytes_of_piece(piece: &str) -> Vec<u8> {
    let bytes: Option<Vec<u8>> = piece.chars().map(byte_of_char).collect();
    bytes.unwrap_or_else(|| piece.as_bytes().to_vec())
}

/// Printable Latin-1 stands for itself; the other 68 bytes, in ascending order, are U+0100 to U+0143.
fn byte_of_char(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ (0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF) => Some(code as u8),
        code @ 0x100..=0x120 => Some((code - 0x100) as u8),
        code @ 0x121..=0x142 => Some((code - 0x121 + 0x7F) as u8),
        0x143 => Some(0xAD),
        _ => None,
    }
}
