//! Colour spaces of JPEG files and their way to RGB, as libjpeg and Pillow take it.

use super::frame::Frame;
use super::marker::Tables;

/// What the planes of a file mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Grey,
    Rgb,
    YCbCr,
    /// Stored inverted, as Adobe does and Pillow assumes.
    Cmyk,
    /// CMYK whose first three planes are stored as YCbCr.
    Ycck,
}

impl Space {
    /// libjpeg's guess from the JFIF and Adobe segments and the planes' names.
    pub(super) fn of(frame: &Frame, tables: &Tables) -> Self {
        let ids: Vec<u8> = frame
            .components
            .iter()
            .map(|component| component.id)
            .collect();
        match (ids.as_slice(), tables.adobe_transform) {
            ([_], _) => Self::Grey,
            ([_, _, _, _], None | Some(0)) => Self::Cmyk,
            ([_, _, _, _], Some(_)) => Self::Ycck,
            _ if tables.is_jfif => Self::YCbCr,
            (_, Some(0)) => Self::Rgb,
            (b"RGB", None) => Self::Rgb,
            _ => Self::YCbCr,
        }
    }

    /// Appends one row of `width_px` pixels, given one row of samples per plane.
    pub(super) fn push_row(self, planes: &[Vec<u8>], width_px: usize, rgb: &mut Vec<u8>) {
        match (self, planes) {
            (Self::Grey, [grey]) => rgb.extend(grey[..width_px].iter().flat_map(|grey| [*grey; 3])),
            (Self::Rgb, [r, g, b]) => rgb.extend((0..width_px).flat_map(|x| [r[x], g[x], b[x]])),
            (Self::YCbCr, [y, cb, cr]) => {
                rgb.extend((0..width_px).flat_map(|x| rgb_from_ycbcr(y[x], cb[x], cr[x])));
            }
            (Self::Cmyk, [c, m, y, k]) => {
                rgb.extend(
                    (0..width_px)
                        .flat_map(|x| [c[x], m[x], y[x]].map(|ink| under_black(ink, k[x]))),
                );
            }
            (Self::Ycck, [y, cb, cr, k]) => rgb.extend((0..width_px).flat_map(|x| {
                rgb_from_ycbcr(y[x], cb[x], cr[x]).map(|color| under_black(255 - color, k[x]))
            })),
            _ => {}
        }
    }
}

/// ITU-R BT.601 with full range, 16 fraction bits.
fn rgb_from_ycbcr(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let [y, cb, cr] = [i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128];
    let red = (91_881 * cr + HALF) >> 16;
    let green = (-22_554 * cb - 46_802 * cr + HALF) >> 16;
    let blue = (116_130 * cb + HALF) >> 16;
    [red, green, blue].map(|offset| (y + offset).clamp(0, 255) as u8)
}

/// The light left by an ink and black, both stored inverted (255 is no ink), with Pillow's division by 255.
fn under_black(ink: u8, black: u8) -> u8 {
    let product = (255 - u32::from(ink)) * u32::from(black) + 128;
    black - (((product >> 8) + product) >> 8) as u8
}
