//! The frame of a JPEG file: its colour planes and their sampling.

use super::JpegError;
use super::dct;

/// Size and planes of the picture.
pub(super) struct Frame {
    pub(super) width_px: usize,
    pub(super) height_px: usize,
    pub(super) is_progressive: bool,
    /// MCU columns and rows.
    pub(super) n_mcu: [usize; 2],
    pub(super) components: Vec<Component>,
}

/// One colour plane.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks of an MCU, horizontally and vertically: the sampling factors.
    pub(super) sampling: [usize; 2],
    /// How much finer the finest plane is, horizontally and vertically.
    pub(super) ratio: [usize; 2],
    /// Samples that belong to the picture.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Block columns, whole MCUs.
    pub(super) n_block_column: usize,
    pub(super) quant_index: usize,
    /// Steps in force when the plane's first scan began.
    pub(super) quant: Option<[u16; 64]>,
    /// Coefficients block by block; only progressive files need them all at once.
    pub(super) coefficients: Vec<[i16; 64]>,
    /// Samples, `8 · n_block_column` in a row.
    pub(super) samples: Vec<u8>,
}

impl Frame {
    pub(super) fn parse(
        segment: &[u8],
        is_progressive: bool,
        n_max_pixels: usize,
    ) -> Result<Self, JpegError> {
        let [precision, h1, h0, w1, w0, n_component, ref rest @ ..] = *segment else {
            return Err(JpegError::Broken("a short frame header"));
        };
        let [height_px, width_px] =
            [[h1, h0], [w1, w0]].map(|side| usize::from(u16::from_be_bytes(side)));
        if precision != 8 {
            return Err(JpegError::Unsupported(
                "a JPEG whose samples do not have 8 bits",
            ));
        }
        if height_px == 0 || width_px == 0 {
            return Err(JpegError::Unsupported(
                "a JPEG without its size in the header",
            ));
        }
        if width_px as u64 * height_px as u64 > n_max_pixels as u64 {
            return Err(JpegError::TooLarge {
                width_px,
                height_px,
            });
        }
        if !matches!(n_component, 1 | 3 | 4) || rest.len() != 3 * usize::from(n_component) {
            return Err(JpegError::Unsupported(
                "a JPEG with other than 1, 3 or 4 planes",
            ));
        }
        let mut frame = Self {
            width_px,
            height_px,
            is_progressive,
            n_mcu: [0; 2],
            components: Vec::new(),
        };
        frame.add_components(rest)?;
        Ok(frame)
    }

    fn add_components(&mut self, descriptions: &[u8]) -> Result<(), JpegError> {
        let sampling = |entry: &[u8]| [entry[1] >> 4, entry[1] & 15].map(usize::from);
        let all: Vec<[usize; 2]> = descriptions.chunks_exact(3).map(sampling).collect();
        if all.iter().flatten().any(|factor| !(1..=4).contains(factor)) {
            return Err(JpegError::Broken("a sampling factor beyond 4"));
        }
        let finest = [0, 1].map(|axis| all.iter().map(|factors| factors[axis]).max().unwrap_or(1));
        let size = [self.width_px, self.height_px];
        self.n_mcu = [0, 1].map(|axis| size[axis].div_ceil(8 * finest[axis]));
        for (entry, sampling) in descriptions.chunks_exact(3).zip(all) {
            if [0, 1]
                .iter()
                .any(|axis| !finest[*axis].is_multiple_of(sampling[*axis]))
            {
                return Err(JpegError::Unsupported("a JPEG with fractional sampling"));
            }
            let [width, height] =
                [0, 1].map(|axis| (size[axis] * sampling[axis]).div_ceil(finest[axis]));
            let [n_block_column, n_block_row] =
                [0, 1].map(|axis| self.n_mcu[axis] * sampling[axis]);
            let n_block = n_block_column * n_block_row;
            self.components.push(Component {
                id: entry[0],
                sampling,
                ratio: [0, 1].map(|axis| finest[axis] / sampling[axis]),
                width,
                height,
                n_block_column,
                quant_index: usize::from(entry[2]),
                quant: None,
                coefficients: vec![[0; 64]; if self.is_progressive { n_block } else { 0 }],
                samples: vec![0; n_block * 64],
            });
        }
        Ok(())
    }

    /// Turns the coefficients of a progressive file into samples.
    pub(super) fn finish(&mut self) {
        for component in &mut self.components {
            let coefficients = std::mem::take(&mut component.coefficients);
            for (at_block, block) in coefficients.iter().enumerate() {
                component.place(at_block, block);
            }
        }
    }
}

impl Component {
    /// Writes the samples of a block.
    pub(super) fn place(&mut self, at_block: usize, block: &[i16; 64]) {
        let Some(quant) = &self.quant else { return };
        let samples = dct::samples(block, quant);
        let [row, column] = [
            at_block / self.n_block_column,
            at_block % self.n_block_column,
        ];
        let n_row_sample = 8 * self.n_block_column;
        for (y, line) in samples.chunks_exact(8).enumerate() {
            let first = (8 * row + y) * n_row_sample + 8 * column;
            self.samples[first..first + 8].copy_from_slice(line);
        }
    }

    /// Sample row `row`, without the padding to whole MCUs.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.samples[row * 8 * self.n_block_column..][..self.width]
    }
}
