//! Enlarging coarser colour planes with libjpeg's triangle filter, row by row.

use super::JpegError;
use super::color::Space;
use super::frame::{Component, Frame};

/// The whole picture as RGB.
pub(super) fn rgb(frame: &Frame, space: Space) -> Result<Vec<u8>, JpegError> {
    let mut rgb = Vec::with_capacity(frame.width_px * frame.height_px * 3);
    let mut rows: Vec<Vec<u8>> = vec![Vec::new(); frame.components.len()];
    for y in 0..frame.height_px {
        for (component, row) in frame.components.iter().zip(&mut rows) {
            row.clear();
            enlarge(component, y, row);
        }
        space.push_row(&rows, frame.width_px, &mut rgb);
    }
    Ok(rgb)
}

/// Appends row `y` of the full-size plane; it may be longer than the picture is wide.
fn enlarge(component: &Component, y: usize, out: &mut Vec<u8>) {
    let [x_ratio, y_ratio] = component.ratio;
    let near = component.row((y / y_ratio).min(component.height - 1));
    let wide_enough = component.width > 2;
    match (x_ratio, y_ratio) {
        (1, 1) => out.extend(near),
        (2, 1) if wide_enough => double(near, out),
        (1, 2) => {
            // Rounded down in the upper and up in the lower row.
            let bias = if y.is_multiple_of(2) { 1 } else { 2 };
            let pairs = near.iter().zip(far_row(component, y));
            out.extend(
                pairs.map(|(near, far)| {
                    ((3 * u16::from(*near) + u16::from(*far) + bias) >> 2) as u8
                }),
            );
        }
        (2, 2) if wide_enough => double_both(near, far_row(component, y), out),
        _ => out.extend(
            near.iter()
                .flat_map(|sample| std::iter::repeat_n(*sample, x_ratio)),
        ),
    }
}

/// The neighbouring row that is nearer to row `y` of the full-size plane; the edge repeats.
fn far_row(component: &Component, y: usize) -> &[u8] {
    let near = y / 2;
    let far = if y.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        near + 1
    };
    component.row(far.min(component.height - 1))
}

/// Twice as wide: three parts of the nearer sample, one part of the farther.
fn double(row: &[u8], out: &mut Vec<u8>) {
    let at = |x: usize| u16::from(row[x.min(row.len() - 1)]);
    for x in 0..row.len() {
        let left = at(x.saturating_sub(1));
        // At the edges both samples are the same, and the rounding does not matter.
        out.push(((3 * at(x) + left + 1) >> 2) as u8);
        out.push(((3 * at(x) + at(x + 1) + 2) >> 2) as u8);
    }
}

/// Twice as wide and high: the weights 9, 3, 3, 1 of 16, with alternating rounding.
fn double_both(near: &[u8], far: &[u8], out: &mut Vec<u8>) {
    let last = near.len() - 1;
    let sum = |x: usize| 3 * u16::from(near[x.min(last)]) + u16::from(far[x.min(last)]);
    for x in 0..near.len() {
        out.push(((3 * sum(x) + sum(x.saturating_sub(1)) + 8) >> 4) as u8);
        out.push(((3 * sum(x) + sum(x + 1) + 7) >> 4) as u8);
    }
}
