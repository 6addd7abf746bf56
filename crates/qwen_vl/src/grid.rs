//! The patch grid of a resized image, and the orders in which its patches are read.

use crate::config::VisionConfig;
use crate::mrope::RotaryTable;

/// Base of the vision rotary frequencies, fixed in the library's code.
const VISION_ROPE_THETA: f64 = 10_000.0;

/// Why a grid cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a grid of {rows_patch} x {cols_patch} patches does not divide into image tokens of {merge_size} x {merge_size}; \
     resize the image to a multiple of the token edge first"
)]
pub struct GridError {
    rows_patch: usize,
    cols_patch: usize,
    merge_size: usize,
}

/// Patch rows and columns of one still image; both are positive multiples of `merge_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grid {
    rows_patch: usize,
    cols_patch: usize,
    merge_size: usize,
}

impl Grid {
    /// A grid whose image tokens are `merge_size` × `merge_size` patches.
    ///
    /// # Errors
    /// [`GridError`] if a side is zero or no multiple of `merge_size`.
    pub fn new(rows_patch: usize, cols_patch: usize, merge_size: usize) -> Result<Self, GridError> {
        let fits =
            |n_patch: usize| n_patch > 0 && merge_size > 0 && n_patch.is_multiple_of(merge_size);
        if fits(rows_patch) && fits(cols_patch) {
            Ok(Self {
                rows_patch,
                cols_patch,
                merge_size,
            })
        } else {
            Err(GridError {
                rows_patch,
                cols_patch,
                merge_size,
            })
        }
    }

    /// Patch rows.
    pub fn rows_patch(&self) -> usize {
        self.rows_patch
    }

    /// Patch columns.
    pub fn cols_patch(&self) -> usize {
        self.cols_patch
    }

    /// Edge of an image token in patches.
    pub fn merge_size(&self) -> usize {
        self.merge_size
    }

    /// Rows of image tokens.
    pub fn rows_token(&self) -> usize {
        self.rows_patch / self.merge_size
    }

    /// Columns of image tokens.
    pub fn cols_token(&self) -> usize {
        self.cols_patch / self.merge_size
    }

    /// Patches, that is rows of `pixel_values`.
    pub fn n_patch(&self) -> usize {
        self.rows_patch * self.cols_patch
    }

    /// Image tokens, in raster order of their rows and columns.
    pub fn n_image_token(&self) -> usize {
        self.rows_token() * self.cols_token()
    }

    /// `[frames, patch rows, patch columns]`, as `image_grid_thw` has it.
    pub fn thw(&self) -> [u32; 3] {
        [1, self.rows_patch as u32, self.cols_patch as u32]
    }

    /// Row and column of each patch in the order of `pixel_values`: image tokens in raster order, the patches of one
    /// token in raster order within it.
    pub fn patch_positions(&self) -> impl Iterator<Item = [usize; 2]> {
        let Self {
            merge_size: merge, ..
        } = *self;
        let cols_token = self.cols_token();
        (0..self.n_image_token()).flat_map(move |token| {
            let [row, col] = [token / cols_token * merge, token % cols_token * merge];
            (0..merge * merge).map(move |patch| [row + patch / merge, col + patch % merge])
        })
    }

    /// Image tokens window by window: windows in raster order, ragged at the right and bottom, never empty.
    fn windows_token(&self, window_token: usize) -> impl Iterator<Item = Vec<u32>> {
        let [rows, cols] = [self.rows_token(), self.cols_token()];
        let starts = move |n: usize| (0..n).step_by(window_token);
        let end = move |start: usize, n: usize| n.min(start + window_token);
        starts(rows).flat_map(move |top| {
            starts(cols).map(move |left| {
                let row_tokens =
                    move |row| (left..end(left, cols)).map(move |col| (row * cols + col) as u32);
                (top..end(top, rows)).flat_map(row_tokens).collect()
            })
        })
    }
}

/// The order in which the vision tower reads the image tokens of all images of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowOrder {
    /// Group i of the reordered sequence is image token `window_index[i]`; a group is the `n_group_patch` consecutive
    /// patch rows of one image token.
    pub window_index: Vec<u32>,
    /// The inverse: image token j stands at group `restore_index[j]`.
    pub restore_index: Vec<u32>,
    /// Borders of the attention windows in patch rows of the reordered sequence, from 0 to the number of patches.
    pub cu_window_seqlens: Vec<u32>,
    /// Borders of the images in patch rows, for the blocks with full attention.
    pub cu_seqlens: Vec<u32>,
    /// Patch rows in a group.
    pub n_group_patch: usize,
}

impl WindowOrder {
    /// The order for several images one after the other; windows never mix images.
    pub fn new(grids: &[Grid], config: &VisionConfig) -> Self {
        let n_group_patch = config.spatial_merge_size * config.spatial_merge_size;
        let window_token = config.window_token().max(1);
        let mut window_index: Vec<u32> = Vec::new();
        let [mut cu_window_seqlens, mut cu_seqlens] = [vec![0], vec![0]];
        for grid in grids {
            let offset_token = window_index.len() as u32;
            for window in grid.windows_token(window_token) {
                window_index.extend(window.iter().map(|token| offset_token + token));
                cu_window_seqlens.push((window_index.len() * n_group_patch) as u32);
            }
            cu_seqlens.push((window_index.len() * n_group_patch) as u32);
        }
        let mut restore_index = vec![0; window_index.len()];
        for (group, token) in (0u32..).zip(&window_index) {
            restore_index[*token as usize] = group;
        }
        Self {
            window_index,
            restore_index,
            cu_window_seqlens,
            cu_seqlens,
            n_group_patch,
        }
    }

    /// The reordered rows of a row-major `[n_patch, width]` array.
    pub fn reorder_rows<T: Copy>(&self, rows: &[T], width: usize) -> Vec<T> {
        let n_group_value = self.n_group_patch * width;
        let group = |token: &u32| &rows[*token as usize * n_group_value..][..n_group_value];
        self.window_index.iter().flat_map(group).copied().collect()
    }
}

/// Cosine and sine of the 2-D vision rotary angles, `[n_patch, head_dim / 2]`, in the order of `pixel_values`.
///
/// The first half of a row comes from the patch row, the second from the patch column; positions start at 0 in every
/// image. Reorder with [`WindowOrder::reorder_rows`] for the blocks.
pub fn vision_rotary_table(grids: &[Grid], head_dim: usize) -> RotaryTable {
    let inv_freq = crate::mrope::inverse_frequencies(head_dim / 4, VISION_ROPE_THETA);
    let mut table = RotaryTable::with_width(head_dim / 2);
    for [row, col] in grids.iter().flat_map(Grid::patch_positions) {
        let angles = |position: usize| inv_freq.iter().map(move |freq| position as f64 * freq);
        table.push_row(angles(row).chain(angles(col)));
    }
    table
}

#[cfg(test)]
mod tests;
