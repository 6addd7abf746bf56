//! The grid that places are named by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Width and height of a picture.
pub const SIDE_PX: usize = 224;
/// Cells along each side; one cell is one image token.
pub const N_CELL: usize = 8;
/// Width and height of a cell.
pub const CELL_PX: usize = SIDE_PX / N_CELL;

/// A place in the grid, shown as column letter and row number: `a1` is upper left, `h8` lower right.
///
/// The order is the reading order: by row, then by column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// Counted from the top, 0 to 7.
    pub row: u8,
    /// Counted from the left, 0 to 7.
    pub col: u8,
}

impl Cell {
    /// The cell that holds a point; points outside the picture belong to the nearest cell.
    pub fn at_px(point_px: [f32; 2]) -> Self {
        let index = |at_px: f32| ((at_px / CELL_PX as f32) as usize).min(N_CELL - 1) as u8;
        Self {
            row: index(point_px[1]),
            col: index(point_px[0]),
        }
    }

    /// Whether the cell touches the picture's border.
    pub fn is_outer(self) -> bool {
        let last = N_CELL as u8 - 1;
        self.row == 0 || self.col == 0 || self.row == last || self.col == last
    }

    /// Name of the column, from `a` at the left.
    pub fn letter(self) -> char {
        char::from(b'a' + self.col.min(25))
    }

    /// Number of the row, from 1 at the top.
    pub fn number(self) -> u16 {
        u16::from(self.row) + 1
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.letter(), self.number())
    }
}
