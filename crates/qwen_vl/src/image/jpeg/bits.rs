//! Bits of entropy-coded data.

use super::JpegError;

/// Reads bits from the most significant on; stops at a marker, behind which all bits are 0 (as in libjpeg).
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at_byte: usize,
    /// The `n_bit` lowest bits are still to be read.
    buffer: u64,
    n_bit: u32,
    /// How many of them lie beyond the end of the file.
    n_missing_bit: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at_byte: 0,
            buffer: 0,
            n_bit: 0,
            n_missing_bit: 0,
        }
    }

    /// Bytes read, up to the marker that ends the data or somewhat before it.
    pub(super) fn at_byte(&self) -> usize {
        self.at_byte
    }

    /// The next `n_bit` ≤ 16 bits, without moving on.
    pub(super) fn peek(&mut self, n_bit: u32) -> u32 {
        if self.n_bit < n_bit {
            self.fill();
        }
        (self.buffer >> (self.n_bit - n_bit)) as u32 & ((1 << n_bit) - 1)
    }

    /// Moves on by bits that were peeked at.
    pub(super) fn skip(&mut self, n_bit: u32) -> Result<(), JpegError> {
        self.n_bit -= n_bit;
        if self.n_bit < self.n_missing_bit {
            Err(JpegError::Truncated)
        } else {
            Ok(())
        }
    }

    /// Reads `n_bit` ≤ 16 bits.
    pub(super) fn take(&mut self, n_bit: u32) -> Result<i32, JpegError> {
        let bits = self.peek(n_bit);
        self.skip(n_bit)?;
        Ok(bits as i32)
    }

    /// Reads a number of `n_bit` bits whose first bit tells the sign: 0 stands for 1 − 2^n_bit and so on.
    pub(super) fn take_signed(&mut self, n_bit: u32) -> Result<i32, JpegError> {
        if n_bit == 0 {
            return Ok(0);
        }
        let value = self.take(n_bit)?;
        Ok(if value >> (n_bit - 1) == 0 {
            value + 1 - (1 << n_bit)
        } else {
            value
        })
    }

    /// Drops the rest of the interval and passes the restart marker, if it is one that comes next.
    pub(super) fn restart(&mut self) {
        let rest = &self.bytes[self.at_byte..];
        let is_marker = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF);
        let at_byte = rest
            .windows(2)
            .position(is_marker)
            .map_or(self.bytes.len(), |i| self.at_byte + i);
        let is_restart = matches!(self.bytes.get(at_byte + 1), Some(0xD0..=0xD7));
        *self = Self {
            at_byte: if is_restart { at_byte + 2 } else { at_byte },
            ..Self::new(self.bytes)
        };
    }

    fn fill(&mut self) {
        while self.n_bit <= 48 {
            let rest = &self.bytes[self.at_byte..];
            let byte = match *rest {
                [] | [0xFF] => {
                    self.n_missing_bit += 8;
                    0
                }
                [0xFF, 0, ..] => {
                    self.at_byte += 2;
                    0xFF
                }
                [0xFF, 0xFF, ..] => {
                    self.at_byte += 1;
                    continue;
                }
                [0xFF, ..] => 0,
                [byte, ..] => {
                    self.at_byte += 1;
                    byte
                }
            };
            self.buffer = self.buffer << 8 | u64::from(byte);
            self.n_bit += 8;
        }
    }
}
