//! Canonical Huffman codes of up to 16 bits.

use super::JpegError;
use super::bits::Bits;

/// Bits looked up at once; longer codes are searched by length.
const N_FAST_BIT: u32 = 9;

/// One code table.
pub(super) struct Huffman {
    /// For each prefix of `N_FAST_BIT` bits: length and symbol, length 0 where the code is longer.
    fast: Vec<[u8; 2]>,
    /// For each length, one past its last code, aligned to 16 bits; 0 where there is none.
    ends: [u32; 17],
    /// For each length, index of its first symbol minus its first code.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// From the number of codes of each length 1…16 and the symbols in order.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, JpegError> {
        let mut table = Self {
            fast: vec![[0; 2]; 1 << N_FAST_BIT],
            ends: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let [mut code, mut at_symbol] = [0u32, 0u32];
        for (n_bit, count) in (1u32..).zip(counts.iter().map(|count| u32::from(*count))) {
            if code + count > 1 << n_bit {
                return Err(JpegError::Broken("a Huffman table with too many codes"));
            }
            table.offsets[n_bit as usize] = at_symbol as i32 - code as i32;
            for i in 0..if n_bit <= N_FAST_BIT { count } else { 0 } {
                let entry = [n_bit as u8, symbols[(at_symbol + i) as usize]];
                let first = ((code + i) << (N_FAST_BIT - n_bit)) as usize;
                table.fast[first..first + (1 << (N_FAST_BIT - n_bit))].fill(entry);
            }
            [code, at_symbol] = [code + count, at_symbol + count];
            table.ends[n_bit as usize] = if count > 0 { code << (16 - n_bit) } else { 0 };
            code <<= 1;
        }
        Ok(table)
    }

    /// Reads one symbol.
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, JpegError> {
        let ahead = bits.peek(16);
        let [n_bit, symbol] = self.fast[(ahead >> (16 - N_FAST_BIT)) as usize];
        if n_bit > 0 {
            bits.skip(u32::from(n_bit))?;
            return Ok(symbol);
        }
        let n_bit = (1..17).find(|n_bit| ahead < self.ends[*n_bit as usize]);
        let n_bit: u32 = n_bit.ok_or(JpegError::Broken("an unknown Huffman code"))?;
        bits.skip(n_bit)?;
        let at_symbol = (ahead >> (16 - n_bit)) as i32 + self.offsets[n_bit as usize];
        self.symbols
            .get(at_symbol as usize)
            .copied()
            .ok_or(JpegError::Broken("an unknown Huffman code"))
    }
}
