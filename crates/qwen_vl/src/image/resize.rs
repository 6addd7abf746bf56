//! Pillow's antialiased bicubic resampling, byte for byte.
//!
//! Two passes, columns first, each with integer weights and an 8-bit result; a pass that changes nothing is left out.

use std::borrow::Cow;

/// Fraction bits of an integer weight: Σ |weight| · 255 stays within 32 bits.
const N_FRACTION_BIT: u32 = 22;
const HALF: i32 = 1 << (N_FRACTION_BIT - 1);

/// Pixels of an RGB image with rows from the top.
pub(super) struct Pixels<'a> {
    pub(super) rgb: Cow<'a, [u8]>,
    pub(super) width_px: usize,
    pub(super) height_px: usize,
}

/// Resizes to `width_px` × `height_px`, both positive.
pub(super) fn resize(source: Pixels<'_>, width_px: usize, height_px: usize) -> Pixels<'_> {
    let mut pixels = source;
    if pixels.width_px != width_px {
        pixels = resize_columns(&pixels, width_px);
    }
    if pixels.height_px != height_px {
        pixels = resize_rows(&pixels, height_px);
    }
    pixels
}

fn resize_columns(source: &Pixels<'_>, width_px: usize) -> Pixels<'static> {
    let taps = taps(source.width_px, width_px);
    let mut rgb = Vec::with_capacity(width_px * source.height_px * 3);
    for row in source.rgb.chunks_exact(source.width_px * 3) {
        for tap in &taps {
            let mut sums = [HALF; 3];
            for (pixel, weight) in row[tap.start * 3..].chunks_exact(3).zip(&tap.weights) {
                for (sum, sample) in sums.iter_mut().zip(pixel) {
                    *sum += weight * i32::from(*sample);
                }
            }
            rgb.extend(sums.map(to_byte));
        }
    }
    Pixels {
        rgb: rgb.into(),
        width_px,
        height_px: source.height_px,
    }
}

fn resize_rows(source: &Pixels<'_>, height_px: usize) -> Pixels<'static> {
    let n_row_byte = source.width_px * 3;
    let mut rgb = Vec::with_capacity(n_row_byte * height_px);
    let mut sums = vec![0; n_row_byte];
    for tap in taps(source.height_px, height_px) {
        sums.fill(HALF);
        let rows = source.rgb[tap.start * n_row_byte..].chunks_exact(n_row_byte);
        for (row, weight) in rows.zip(&tap.weights) {
            for (sum, sample) in sums.iter_mut().zip(row) {
                *sum += weight * i32::from(*sample);
            }
        }
        rgb.extend(sums.iter().map(|sum| to_byte(*sum)));
    }
    Pixels {
        rgb: rgb.into(),
        width_px: source.width_px,
        height_px,
    }
}

fn to_byte(sum: i32) -> u8 {
    (sum >> N_FRACTION_BIT).clamp(0, 255) as u8
}

/// Source samples `start…` of one result sample, with their integer weights.
struct Tap {
    start: usize,
    weights: Vec<i32>,
}

/// One tap for each of `n_out` samples taken from `n_in`; the filter is stretched when shrinking.
fn taps(n_in: usize, n_out: usize) -> Vec<Tap> {
    let scale = n_in as f64 / n_out as f64;
    let stretch = scale.max(1.0);
    let reach = 2.0 * stretch;
    let tap = |i: usize| {
        let center = (i as f64 + 0.5) * scale;
        // `as` cuts off towards zero and stops at 0, as the C cast and clamp do.
        let start = (center - reach + 0.5) as usize;
        let end = ((center + reach + 0.5) as usize).min(n_in);
        let weight = |x: usize| cubic((x as f64 - center + 0.5) * (1.0 / stretch));
        let weights: Vec<f64> = (start..end).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        Tap {
            start,
            weights: weights.iter().map(|weight| fixed(weight / sum)).collect(),
        }
    };
    (0..n_out).map(tap).collect()
}

/// The bicubic kernel with a = −0.5.
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

/// Rounded to the nearest integer multiple of 2^−22, halves away from zero.
fn fixed(weight: f64) -> i32 {
    (weight * f64::from(1 << N_FRACTION_BIT)).round() as i32
}
