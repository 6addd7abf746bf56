//! Where the numbers of a matrix lie: words first, then the scales of all groups.

use thiserror::Error;

use crate::Format;

/// Upper limit of rows and of columns; it keeps every product below within 64 bits.
const MAX_DIM: usize = 1 << 24;

/// The stored shape of a matrix `[rows, cols]` in one format.
///
/// Row `r` has the words `r * words_per_row ..`; after the words of all rows come the scale words,
/// `n_groups` per row. A scale word holds the scale `s` as f16 in its low half and the minimum `m` as
/// f16 in its high half; the value of step `q` is `q * s + m`. Scales may be f16 subnormals, which a
/// reader must not flush to zero. Words cover whole groups (whole words for f16): what lies beyond
/// `cols` is zero and has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    rows: usize,
    cols: usize,
    format: Format,
}

/// A matrix that the format cannot hold, or parts that do not belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// The group length is unknown.
    #[error("the group length is {0}, but the format knows only 32, 64 and 128")]
    Group(u32),
    /// A dimension is zero or over the limit.
    #[error("the matrix is [{rows}, {cols}], but both sides must lie between 1 and {MAX_DIM}")]
    Shape {
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        cols: usize,
    },
    /// Words and scales are not those of whole rows.
    #[error(
        "{words} words and {scales} scales are not whole rows, which take {words_per_row} words and {n_groups} scales each"
    )]
    Parts {
        /// Words given.
        words: usize,
        /// Scales given.
        scales: usize,
        /// Words of one row.
        words_per_row: usize,
        /// Scales of one row.
        n_groups: usize,
    },
}

impl Layout {
    /// The layout of `[rows, cols]`; a vector is one row.
    ///
    /// # Errors
    /// An unknown group length, an empty matrix, or a side over 2^24.
    pub fn new(rows: usize, cols: usize, format: Format) -> Result<Self, LayoutError> {
        if let Some(group) = format.group()
            && !Format::GROUPS.contains(&group)
        {
            return Err(LayoutError::Group(group));
        }
        let side = 1..=MAX_DIM;
        if !side.contains(&rows) || !side.contains(&cols) {
            return Err(LayoutError::Shape { rows, cols });
        }
        Ok(Self { rows, cols, format })
    }

    /// Rows of the matrix.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of the matrix, padding not counted.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The number format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Groups of one row, the last one possibly short; 0 for the float formats.
    pub fn n_groups(&self) -> usize {
        match self.format.group() {
            Some(group) => self.cols.div_ceil(group as usize),
            None => 0,
        }
    }

    /// 32-bit words of one row, padding included.
    pub fn words_per_row(&self) -> usize {
        let padded_cols = match self.format.group() {
            Some(group) => self.n_groups() * group as usize,
            None => self.cols,
        };
        padded_cols.div_ceil(self.format.values_per_word())
    }

    /// Bytes of the words of all rows.
    pub fn words_bytes(&self) -> u64 {
        self.rows as u64 * self.words_per_row() as u64 * 4
    }

    /// Bytes of the scales of all rows.
    pub fn scales_bytes(&self) -> u64 {
        self.rows as u64 * self.n_groups() as u64 * 4
    }

    /// Bytes of the whole matrix.
    pub fn total_bytes(&self) -> u64 {
        self.words_bytes() + self.scales_bytes()
    }

    /// The number of rows that `words` and `scales` make up.
    pub(crate) fn rows_of(&self, words: &[u32], scales: &[u32]) -> Result<usize, LayoutError> {
        let (words_per_row, n_groups) = (self.words_per_row(), self.n_groups());
        let rows = words.len() / words_per_row;
        if rows * words_per_row == words.len() && rows * n_groups == scales.len() {
            return Ok(rows);
        }
        Err(LayoutError::Parts {
            words: words.len(),
            scales: scales.len(),
            words_per_row,
            n_groups,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The vision MLP of the published models: 3420 = 53 * 64 + 28 columns.
    #[test]
    fn ragged_rows_take_whole_groups() {
        let layout = Layout::new(1280, 3420, Format::Q4 { group: 64 }).expect("layout");
        assert_eq!(layout.n_groups(), 54);
        assert_eq!(layout.words_per_row(), 54 * 64 / 8);
        assert_eq!(layout.words_bytes(), 1280 * 432 * 4);
        assert_eq!(layout.scales_bytes(), 1280 * 54 * 4);
        let layout = Layout::new(2, 33, Format::Q8 { group: 32 }).expect("layout");
        assert_eq!((layout.n_groups(), layout.words_per_row()), (2, 16));
        let layout = Layout::new(2, 33, Format::F16).expect("layout");
        assert_eq!((layout.words_per_row(), layout.total_bytes()), (17, 136));
    }

    #[test]
    fn a_large_matrix_does_not_overflow() {
        let layout = Layout::new(MAX_DIM, MAX_DIM, Format::F32).expect("layout");
        assert_eq!(layout.total_bytes(), 1 << 50);
    }

    #[test]
    fn what_cannot_be_stored_is_refused() {
        let q4 = |group| Layout::new(1, 1, Format::Q4 { group });
        assert_eq!(q4(48), Err(LayoutError::Group(48)));
        assert_eq!(q4(0), Err(LayoutError::Group(0)));
        for (rows, cols) in [(0, 1), (1, 0), (usize::MAX, 1), (1, MAX_DIM + 1)] {
            let shape = LayoutError::Shape { rows, cols };
            assert_eq!(Layout::new(rows, cols, Format::F16), Err(shape));
        }
    }

    proptest! {
        /// 4.5 bits per weight and so on: bytes follow from the padded columns alone.
        #[test]
        fn bytes_follow_from_padded_columns(rows in 1usize..50, cols in 1usize..5000, i in 0usize..3) {
            let group = Format::GROUPS[i];
            let padded = (cols as u64).next_multiple_of(u64::from(group));
            let rows64 = rows as u64;
            for (format, bits) in [(Format::Q4 { group }, 4), (Format::Q8 { group }, 8)] {
                let layout = Layout::new(rows, cols, format).expect("layout");
                let scales = padded / u64::from(group) * 4;
                prop_assert_eq!(layout.total_bytes(), rows64 * (padded * bits / 8 + scales));
            }
        }
    }
}
