//! Resized pixels, read back from the model's input.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tests::{Array, Case, Difference, Tensors, difference};

use crate::program::Device;
use crate::table::{Bound, Table};

const PATCH_PX: usize = 14;
const N_FRAMES: usize = 2;
const N_CHANNELS: usize = 3;

#[derive(Deserialize)]
struct Normalisation {
    image_mean: [f32; N_CHANNELS],
    image_std: [f32; N_CHANNELS],
}

/// Byte for byte.
pub fn check(case: &Case, device: Device, tensors: &Tensors, table: &mut Table) -> Result<()> {
    let worst = worst_level(case, tensors)?;
    table.add(
        "resized pixels",
        Bound::Equal,
        device,
        worst.worst,
        &format!("{}, {worst}", case.name),
    );
    Ok(())
}

/// The level, over all images of a case, that is furthest from the reference.
pub fn worst_level(case: &Case, tensors: &Tensors) -> Result<Difference> {
    let settings = fs::read(case.model_dir().join("preprocessor_config.json"))?;
    let normalisation: Normalisation = serde_json::from_slice(&settings)?;
    let pixel_values = tensors.floats("pixel_values")?;
    let mut first_row = 0;
    let mut worst: Option<Difference> = None;
    for (n, &[height, width]) in case.resized_hw.iter().enumerate() {
        let n_rows = (height / PATCH_PX) * (width / PATCH_PX);
        let rows: Vec<usize> = (first_row..first_row + n_rows).collect();
        let got = picture(&pixel_values.rows(&rows)?, [height, width], &normalisation)?;
        let found = difference(&got, &levels(case.resized(n)?))?;
        if worst.as_ref().is_none_or(|known| found.worst > known.worst) {
            worst = Some(found);
        }
        first_row += n_rows;
    }
    ensure!(
        first_row == pixel_values.shape[0],
        "{first_row} patches expected, got {}",
        pixel_values.shape[0]
    );
    worst.context("the case has no image")
}

/// Rows of 1176 numbers (channel, frame, row, column) in 2x2 blocks of patches, as a picture `[height, width, 3]`.
fn picture(
    rows: &Array<f32>,
    [height, width]: [usize; 2],
    scale: &Normalisation,
) -> Result<Array<f32>> {
    let row_len = N_CHANNELS * N_FRAMES * PATCH_PX * PATCH_PX;
    ensure!(
        rows.shape.get(1) == Some(&row_len),
        "pixel_values is {:?}, expected rows of {row_len}",
        rows.shape
    );
    let n_cells_wide = width / PATCH_PX / 2;
    let mut values = vec![0.0; height * width * N_CHANNELS];
    for (patch, numbers) in rows.values.chunks_exact(row_len).enumerate() {
        let (cell, corner) = (patch / 4, patch % 4);
        let top = (cell / n_cells_wide * 2 + corner / 2) * PATCH_PX;
        let left = (cell % n_cells_wide * 2 + corner % 2) * PATCH_PX;
        for (channel, frames) in numbers.chunks_exact(row_len / N_CHANNELS).enumerate() {
            for (i, number) in frames.iter().take(PATCH_PX * PATCH_PX).enumerate() {
                let level = (number * scale.image_std[channel] + scale.image_mean[channel]) * 255.0;
                let (y, x) = (top + i / PATCH_PX, left + i % PATCH_PX);
                values[(y * width + x) * N_CHANNELS + channel] = level.round();
            }
        }
    }
    Ok(Array {
        shape: vec![height, width, N_CHANNELS],
        values,
    })
}

fn levels(image: Array<i64>) -> Array<f32> {
    let values = image.values.into_iter().map(|level| level as f32).collect();
    Array {
        shape: image.shape,
        values,
    }
}
