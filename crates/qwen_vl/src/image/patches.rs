//! Normalised patch rows of a resized image.

use super::resize::{Pixels, resize};
use super::{Picture, PictureError, smart_resize};
use crate::config::PreprocessorConfig;
use crate::grid::Grid;
use std::borrow::Cow;

/// An image as the vision tower reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchedImage {
    /// Patch rows and columns.
    pub grid: Grid,
    /// `[n_patch, n_patch_value]`: one row per patch, image token by image token; within a row channel, frame, row,
    /// column.
    pub pixel_values: Vec<f32>,
    /// The 8-bit image the rows were cut from, `[resized_height_px, resized_width_px, 3]`.
    pub resized_rgb: Vec<u8>,
    /// Width after resizing, in pixels: `patch_size` times the patch columns.
    pub resized_width_px: usize,
    /// Height after resizing, in pixels: `patch_size` times the patch rows.
    pub resized_height_px: usize,
    /// Width of the picture before resizing, in pixels.
    pub width_px: usize,
    /// Height of the picture before resizing, in pixels.
    pub height_px: usize,
}

impl PatchedImage {
    /// Patch rows and columns that [`PatchedImage::new`] will cut a picture into; nothing is resized.
    ///
    /// # Errors
    /// [`PictureError`] if no size satisfies the configuration (see [`smart_resize`]).
    pub fn grid_of(picture: &Picture, config: &PreprocessorConfig) -> Result<Grid, PictureError> {
        let sides_px = smart_resize(picture.height_px(), picture.width_px(), config)?;
        let [rows_patch, cols_patch] = sides_px.map(|px| px / config.patch_size);
        Ok(Grid::new(rows_patch, cols_patch, config.merge_size)?)
    }

    /// Resizes, normalises and cuts a picture.
    ///
    /// # Errors
    /// [`PictureError`] if no size satisfies the configuration (see [`smart_resize`]).
    pub fn new(picture: &Picture, config: &PreprocessorConfig) -> Result<Self, PictureError> {
        let grid = Self::grid_of(picture, config)?;
        let [width_px, height_px] = [picture.width_px(), picture.height_px()];
        let [resized_height_px, resized_width_px] =
            [grid.rows_patch(), grid.cols_patch()].map(|n_patch| n_patch * config.patch_size);
        let source = Pixels {
            rgb: Cow::Borrowed(picture.rgb()),
            width_px,
            height_px,
        };
        let resized_rgb = resize(source, resized_width_px, resized_height_px)
            .rgb
            .into_owned();
        let pixel_values = patch_rows(&resized_rgb, grid, config);
        Ok(Self {
            grid,
            pixel_values,
            resized_rgb,
            resized_width_px,
            resized_height_px,
            width_px,
            height_px,
        })
    }
}

fn patch_rows(rgb: &[u8], grid: Grid, config: &PreprocessorConfig) -> Vec<f32> {
    let edge_px = config.patch_size;
    let width_px = grid.cols_patch() * edge_px;
    let tables =
        [0, 1, 2].map(|channel| normalised(config.image_mean[channel], config.image_std[channel]));
    let n_frame_value = edge_px * edge_px;
    let n_row_value = 3 * config.temporal_patch_size * n_frame_value;
    let mut values = Vec::with_capacity(grid.n_patch() * n_row_value);
    for [row, col] in grid.patch_positions() {
        for (channel, table) in tables.iter().enumerate() {
            let start = values.len();
            for y in 0..edge_px {
                let first = ((row * edge_px + y) * width_px + col * edge_px) * 3;
                let line = rgb[first..first + edge_px * 3].chunks_exact(3);
                values.extend(line.map(|pixel| table[usize::from(pixel[channel])]));
            }
            // A still image is each of its own frames.
            for _ in 1..config.temporal_patch_size {
                values.extend_from_within(start..start + n_frame_value);
            }
        }
    }
    values
}

/// `(byte / 255 − mean) / std` for every byte, in f32 as the library computes it.
fn normalised(mean: f32, std: f32) -> [f32; 256] {
    std::array::from_fn(|byte| ((byte as f64 / 255.0) as f32 - mean) / std)
}
