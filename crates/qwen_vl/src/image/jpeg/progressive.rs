//! Blocks of a progressive file: every scan adds a band of coefficients, or one bit to each of them.

use super::JpegError;
use super::huffman::Huffman;
use super::scan::{NO_TABLE, Plane, Scan, State, coefficient, next_dc};

impl Scan<'_> {
    /// Takes in one block of the scan's plane number `i`.
    pub(super) fn decode_progressive(
        &self,
        plane: &Plane<'_>,
        i: usize,
        block: &mut [i16; 64],
        state: &mut State<'_>,
    ) -> Result<(), JpegError> {
        match (self.band[0], self.is_refining) {
            (0, false) => {
                let dc = next_dc(plane, i, state)?;
                block[0] = (dc << self.n_low_bit) as i16;
                Ok(())
            }
            (0, true) => {
                block[0] |= (state.bits.take(1)? << self.n_low_bit) as i16;
                Ok(())
            }
            (_, false) => self.first_ac(plane.ac.ok_or(NO_TABLE)?, block, state),
            (_, true) => self.refine_ac(plane.ac.ok_or(NO_TABLE)?, block, state),
        }
    }

    fn first_ac(
        &self,
        ac: &Huffman,
        block: &mut [i16; 64],
        state: &mut State<'_>,
    ) -> Result<(), JpegError> {
        if state.n_empty_block > 0 {
            state.n_empty_block -= 1;
            return Ok(());
        }
        let mut k = self.band[0];
        while k <= self.band[1] {
            let symbol = ac.symbol(&mut state.bits)?;
            let [n_zero, n_bit] = [symbol >> 4, symbol & 15].map(u32::from);
            if n_bit > 0 {
                k += n_zero as usize;
                let value = state.bits.take_signed(n_bit)? << self.n_low_bit;
                *coefficient(block, k)? = value as i16;
                k += 1;
            } else if n_zero == 15 {
                k += 16;
            } else {
                state.n_empty_block = (1 << n_zero) - 1 + state.bits.take(n_zero)? as u32;
                break;
            }
        }
        Ok(())
    }

    /// One more bit for the coefficients that are not 0, and the first bit of those that become ±1.
    fn refine_ac(
        &self,
        ac: &Huffman,
        block: &mut [i16; 64],
        state: &mut State<'_>,
    ) -> Result<(), JpegError> {
        let step = 1i16 << self.n_low_bit;
        let mut k = self.band[0];
        while k <= self.band[1] && state.n_empty_block == 0 {
            let symbol = ac.symbol(&mut state.bits)?;
            let [n_zero, n_bit] = [symbol >> 4, symbol & 15].map(u32::from);
            let mut fresh = 0;
            if n_bit > 0 {
                fresh = if state.bits.take(1)? == 1 {
                    step
                } else {
                    -step
                };
            } else if n_zero < 15 {
                state.n_empty_block = (1 << n_zero) + state.bits.take(n_zero)? as u32;
                break;
            }
            k = self.refine_until(k, Some(n_zero), block, state)?;
            if fresh != 0 {
                *coefficient(block, k)? = fresh;
            }
            k += 1;
        }
        if state.n_empty_block > 0 {
            self.refine_until(k, None, block, state)?;
            state.n_empty_block -= 1;
        }
        Ok(())
    }

    /// Refines from coefficient `k` on and stops at the zero after `n_zero` zeros, or at the end of the band.
    fn refine_until(
        &self,
        mut k: usize,
        n_zero: Option<u32>,
        block: &mut [i16; 64],
        state: &mut State<'_>,
    ) -> Result<usize, JpegError> {
        let step = 1i16 << self.n_low_bit;
        let mut n_left = n_zero;
        while k <= self.band[1] {
            let value = coefficient(block, k)?;
            if *value == 0 {
                match n_left {
                    Some(0) => break,
                    Some(n) => n_left = Some(n - 1),
                    None => {}
                }
            } else if state.bits.take(1)? == 1 && *value & step == 0 {
                *value = value.wrapping_add(if *value > 0 { step } else { -step });
            }
            k += 1;
        }
        Ok(k)
    }
}
