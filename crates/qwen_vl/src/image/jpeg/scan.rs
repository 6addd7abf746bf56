//! Entropy decoding of one scan, MCU by MCU.

use super::JpegError;
use super::bits::Bits;
use super::dct::ZIGZAG;
use super::frame::Frame;
use super::huffman::Huffman;
use super::marker::Tables;

/// What a scan carries.
pub(super) struct Scan<'a> {
    planes: Vec<Plane<'a>>,
    /// First and last coefficient in zigzag order.
    pub(super) band: [usize; 2],
    /// Whether the coefficients get one more bit instead of their first.
    pub(super) is_refining: bool,
    /// Bits that are still missing after this scan.
    pub(super) n_low_bit: u32,
    is_progressive: bool,
}

/// A colour plane of the scan with its code tables.
pub(super) struct Plane<'a> {
    index: usize,
    dc: Option<&'a Huffman>,
    pub(super) ac: Option<&'a Huffman>,
}

/// What is carried from block to block.
pub(super) struct State<'a> {
    pub(super) bits: Bits<'a>,
    /// Last DC value of each plane of the scan.
    last_dc: [i32; 4],
    /// Blocks that have no further coefficient in this band.
    pub(super) n_empty_block: u32,
}

pub(super) const NO_TABLE: JpegError = JpegError::Broken("a scan without its Huffman table");

/// Decodes the scan whose header is `segment` and whose data are at the start of `bytes`; tells how many bytes it took.
pub(super) fn decode(
    segment: &[u8],
    bytes: &[u8],
    tables: &Tables,
    frame: &mut Frame,
) -> Result<usize, JpegError> {
    let scan = Scan::parse(segment, tables, frame)?;
    let mut state = State {
        bits: Bits::new(bytes),
        last_dc: [0; 4],
        n_empty_block: 0,
    };
    let [n_column, n_row] = match scan.planes.as_slice() {
        [plane] => [
            frame.components[plane.index].width,
            frame.components[plane.index].height,
        ]
        .map(|n| n.div_ceil(8)),
        _ => frame.n_mcu,
    };
    for at_mcu in 0..n_column * n_row {
        if tables.restart_interval > 0
            && at_mcu > 0
            && at_mcu.is_multiple_of(tables.restart_interval)
        {
            state.bits.restart();
            (state.last_dc, state.n_empty_block) = ([0; 4], 0);
        }
        scan.decode_mcu([at_mcu % n_column, at_mcu / n_column], frame, &mut state)?;
    }
    Ok(state.bits.at_byte())
}

impl<'a> Scan<'a> {
    fn parse(segment: &[u8], tables: &'a Tables, frame: &mut Frame) -> Result<Self, JpegError> {
        const ILL_FORMED: JpegError = JpegError::Broken("an ill-formed scan header");
        let (n_plane, rest) = segment.split_first().ok_or(ILL_FORMED)?;
        let (selectors, rest) = rest
            .split_at_checked(2 * usize::from(*n_plane))
            .ok_or(ILL_FORMED)?;
        let [first, last, bits, ..] = *rest else {
            return Err(ILL_FORMED);
        };
        let mut planes = Vec::new();
        for selector in selectors.chunks_exact(2) {
            let index = frame
                .components
                .iter()
                .position(|component| component.id == selector[0]);
            let index = index.ok_or(JpegError::Broken("a scan of an unknown plane"))?;
            let component = &mut frame.components[index];
            component.quant =
                component
                    .quant
                    .or(tables.quant.get(component.quant_index).copied().flatten());
            if component.quant.is_none() {
                return Err(JpegError::Broken("a plane without its quantisation table"));
            }
            let of = |tables: &'a [Option<Huffman>; 4], i: u8| {
                tables.get(usize::from(i)).and_then(Option::as_ref)
            };
            planes.push(Plane {
                index,
                dc: of(&tables.dc, selector[1] >> 4),
                ac: of(&tables.ac, selector[1] & 15),
            });
        }
        let band = if frame.is_progressive {
            [first, last].map(usize::from)
        } else {
            [0, 63]
        };
        let one_kind = !frame.is_progressive || (band[0] == 0) == (band[1] == 0);
        let one_plane = planes.len() == 1 || band[0] == 0;
        let distinct = (1..planes.len()).all(|i| {
            planes[..i]
                .iter()
                .all(|plane| plane.index != planes[i].index)
        });
        let [n_high_bit, n_low_bit] = [bits >> 4, bits & 15];
        let in_range = band[0] <= band[1] && band[1] < 64 && n_low_bit <= 13 && !planes.is_empty();
        if !(one_kind && one_plane && distinct && in_range) {
            return Err(ILL_FORMED);
        }
        Ok(Self {
            planes,
            band,
            is_refining: n_high_bit > 0,
            n_low_bit: u32::from(n_low_bit),
            is_progressive: frame.is_progressive,
        })
    }

    /// Decodes the blocks of the MCU at `[column, row]`; a scan of one plane has MCUs of one block.
    fn decode_mcu(
        &self,
        at: [usize; 2],
        frame: &mut Frame,
        state: &mut State<'_>,
    ) -> Result<(), JpegError> {
        for (i, plane) in self.planes.iter().enumerate() {
            let component = &mut frame.components[plane.index];
            let [n_column, n_row] = if self.planes.len() == 1 {
                [1, 1]
            } else {
                component.sampling
            };
            for block in 0..n_column * n_row {
                let column = at[0] * n_column + block % n_column;
                let row = at[1] * n_row + block / n_column;
                let at_block = row * component.n_block_column + column;
                if self.is_progressive {
                    self.decode_progressive(
                        plane,
                        i,
                        &mut component.coefficients[at_block],
                        state,
                    )?;
                } else {
                    let mut coefficients = [0; 64];
                    decode_sequential(plane, i, &mut coefficients, state)?;
                    component.place(at_block, &coefficients);
                }
            }
        }
        Ok(())
    }
}

fn decode_sequential(
    plane: &Plane<'_>,
    i: usize,
    block: &mut [i16; 64],
    state: &mut State<'_>,
) -> Result<(), JpegError> {
    block[0] = next_dc(plane, i, state)? as i16;
    let ac = plane.ac.ok_or(NO_TABLE)?;
    let mut k = 1;
    while k < 64 {
        let symbol = ac.symbol(&mut state.bits)?;
        let [n_zero, n_bit] = [usize::from(symbol >> 4), usize::from(symbol & 15)];
        if n_bit > 0 {
            k += n_zero;
            *coefficient(block, k)? = state.bits.take_signed(n_bit as u32)? as i16;
            k += 1;
        } else if n_zero == 15 {
            k += 16;
        } else {
            break;
        }
    }
    Ok(())
}

/// The DC value of the next block: the difference from the last one is what the file has.
pub(super) fn next_dc(
    plane: &Plane<'_>,
    i: usize,
    state: &mut State<'_>,
) -> Result<i32, JpegError> {
    let n_bit = plane.dc.ok_or(NO_TABLE)?.symbol(&mut state.bits)?;
    if n_bit > 15 {
        return Err(JpegError::Broken("a brightness step beyond 15 bits"));
    }
    let step = state.bits.take_signed(u32::from(n_bit))?;
    state.last_dc[i] = state.last_dc[i].wrapping_add(step);
    Ok(state.last_dc[i])
}

pub(super) fn coefficient(block: &mut [i16; 64], k: usize) -> Result<&mut i16, JpegError> {
    let place = ZIGZAG
        .get(k)
        .ok_or(JpegError::Broken("more than 64 coefficients in a block"))?;
    Ok(&mut block[*place])
}
