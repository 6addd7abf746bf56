//! The size an image is resized to: multiples of the token edge within the pixel limits.

use super::PictureError;
use crate::config::PreprocessorConfig;

/// Longest accepted ratio of the sides.
const MAX_ASPECT: f64 = 200.0;

/// `[height, width]` in pixels for an image of the given size, as the library's `smart_resize` has it.
///
/// Halves round to even (70 → 56, 98 → 112). The rules in order: refuse a ratio above 200, round both sides, shrink if
/// the area is above `max_pixels`, else grow if it is below `min_pixels`; factors come from the original sides.
///
/// # Errors
/// [`PictureError::AspectRatio`], or [`PictureError::ResizedTooLarge`] if growing a long thin image leads beyond
/// [`PreprocessorConfig::N_MAX_PIXELS`].
pub fn smart_resize(
    height_px: usize,
    width_px: usize,
    config: &PreprocessorConfig,
) -> Result<[usize; 2], PictureError> {
    let [height, width] = [height_px as f64, width_px as f64];
    // Written so that a side of zero is refused as well.
    let within = height.max(width) <= MAX_ASPECT * height.min(width);
    if !within || height_px == 0 {
        return Err(PictureError::AspectRatio {
            width_px,
            height_px,
        });
    }
    let edge = config.token_edge_px() as f64;
    let [min, max] = [config.min_pixels as f64, config.max_pixels as f64];
    let mut sides = [height, width].map(|side| (side / edge).round_ties_even() * edge);
    if sides[0] * sides[1] > max {
        let beta = (height * width / max).sqrt();
        sides = [height, width].map(|side| edge.max((side / beta / edge).floor() * edge));
    } else if sides[0] * sides[1] < min {
        let beta = (min / (height * width)).sqrt();
        sides = [height, width].map(|side| (side * beta / edge).ceil() * edge);
    }
    let [height_px, width_px] = sides.map(|side| side as usize);
    let n_max_pixels = PreprocessorConfig::N_MAX_PIXELS;
    if sides[0] * sides[1] > n_max_pixels as f64 {
        return Err(PictureError::ResizedTooLarge {
            width_px,
            height_px,
            n_max_pixels,
        });
    }
    Ok([height_px, width_px])
}
