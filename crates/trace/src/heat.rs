//! Heat maps: the byte maps of tokens as grids of probability over each picture.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use crate::{PromptImage, Token};

impl PromptImage {
    /// Image tokens of this picture: `rows · cols`.
    pub fn n_cells(&self) -> usize {
        (self.rows as usize).saturating_mul(self.cols as usize)
    }
}

/// Quantises attention probabilities to `(map, map_max)` of a [`Token`]: byte b is `b / 255 * map_max`.
/// What is negative or not finite counts as 0; when nothing is left, all bytes and `map_max` are 0.
pub fn encode_map(probabilities: &[f32]) -> (Vec<u8>, f32) {
    let usable = |p: f32| if p.is_finite() { p.max(0.0) } else { 0.0 };
    let map_max = probabilities
        .iter()
        .copied()
        .map(usable)
        .fold(0.0, f32::max);
    let byte = |p: f32| {
        if map_max > 0.0 {
            (usable(p) / map_max * 255.0).round() as u8
        } else {
            0
        }
    };
    (probabilities.iter().copied().map(byte).collect(), map_max)
}

/// Largest probability of any cell of any of `tokens`: the scale on which they can be compared.
pub fn peak(tokens: &[Token]) -> f32 {
    tokens.iter().map(|token| token.map_max).fold(0.0, f32::max)
}

/// Attention over one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// Rows of cells.
    pub n_rows: usize,
    /// Columns of cells.
    pub n_cols: usize,
    /// Probability of each cell, `[n_rows, n_cols]`, row-major.
    pub cells: Vec<f32>,
}

impl HeatMap {
    /// Mean over `tokens`, one map for each of `images`; for a single token, its own map. Cells for which
    /// a token has no byte count as 0.
    pub fn mean(tokens: &[Token], images: &[PromptImage]) -> Vec<Self> {
        let mut first_byte = 0;
        let map = |image: &PromptImage| {
            let start = first_byte;
            first_byte += image.n_cells();
            let (n_rows, n_cols) = (image.rows as usize, image.cols as usize);
            Self {
                n_rows,
                n_cols,
                cells: mean_cells(tokens, start, image.n_cells()),
            }
        };
        images.iter().map(map).collect()
    }

    /// Probability of one cell; 0 outside the grid.
    pub fn probability(&self, row: usize, col: usize) -> f32 {
        let inside = row < self.n_rows && col < self.n_cols;
        let index = if inside {
            row * self.n_cols + col
        } else {
            usize::MAX
        };
        self.cells.get(index).copied().unwrap_or_default()
    }

    /// Largest probability: the scale of this map alone. [`peak`] gives the scale of a whole run.
    pub fn peak(&self) -> f32 {
        self.cells.iter().copied().fold(0.0, f32::max)
    }

    /// Each cell between 0 and 1, in proportion to `peak`; all 0 when `peak` is not positive.
    pub fn levels(&self, peak: f32) -> impl Iterator<Item = f32> {
        let level = move |p: &f32| {
            if peak > 0.0 {
                (p / peak).clamp(0.0, 1.0)
            } else {
                0.0
            }
        };
        self.cells.iter().map(level)
    }

    /// Ninths of the picture by their part of its attention, the highest first, those without any left
    /// out. A cell counts where its centre lies.
    pub fn regions(&self) -> Vec<RegionShare> {
        let mut masses = [0.0_f64; 9];
        for (index, cell) in self.cells.iter().enumerate() {
            let (row, col) = (index / self.n_cols, index % self.n_cols);
            masses[third(row, self.n_rows) * 3 + third(col, self.n_cols)] += f64::from(*cell);
        }
        let total: f64 = masses.iter().sum();
        let mut regions: Vec<_> = REGIONS
            .into_iter()
            .zip(masses)
            .enumerate()
            .filter(|(_, (_, mass))| *mass > 0.0)
            .map(|(ninth, (name, mass))| RegionShare {
                name,
                share: (mass / total) as f32,
                row_third: ninth / 3,
                col_third: ninth % 3,
            })
            .collect();
        regions.sort_by(|a, b| b.share.partial_cmp(&a.share).unwrap_or(Ordering::Equal));
        regions
    }
}

/// Names of the ninths, row-major.
const REGIONS: [&str; 9] = [
    "upper left",
    "upper middle",
    "upper right",
    "left",
    "centre",
    "right",
    "lower left",
    "lower middle",
    "lower right",
];

/// A ninth of the picture and its part of the attention on the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionShare {
    /// Where, in words.
    pub name: &'static str,
    /// Between 0 and 1.
    pub share: f32,
    /// 0 the upper rows, 2 the lower ones.
    pub row_third: usize,
    /// 0 the left columns, 2 the right ones.
    pub col_third: usize,
}

/// Cells of `0..n` whose centres lie in `third` of the picture.
pub fn cells_of_third(third: usize, n: usize) -> Range<usize> {
    let first = |third: usize| (2 * n * third).saturating_sub(3).div_ceil(6);
    first(third)..first(third + 1).min(n)
}

impl fmt::Display for RegionShare {
    /// "upper left, 31 %".
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}, {:.0} %", self.name, self.share * 100.0)
    }
}

/// Third of `0..n` in which the centre of cell `index` lies; no centre lies on a border.
fn third(index: usize, n: usize) -> usize {
    (2 * index + 1) * 3 / (2 * n)
}

fn mean_cells(tokens: &[Token], first_byte: usize, n_cells: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; n_cells];
    for token in tokens {
        let scale = f64::from(token.map_max) / 255.0;
        let bytes = token.map.get(first_byte..).unwrap_or_default();
        for (sum, byte) in sums.iter_mut().zip(bytes) {
            *sum += f64::from(*byte) * scale;
        }
    }
    let n_tokens = tokens.len().max(1) as f64;
    sums.into_iter()
        .map(|sum| (sum / n_tokens) as f32)
        .collect()
}
