//! The outlines of shapes and digits as constant points: no angle is computed where it could round
//! differently from platform to platform.

use crate::object::{Kind, Shape};

type Lines = &'static [&'static [[f32; 2]]];

/// An outline about the origin whose longer side is 1: the union of convex polygons and of round strokes.
pub(crate) struct Glyph {
    /// Corners in order; each polygon is convex.
    pub polygons: Lines,
    /// Points joined by straight strokes; a single point is a disc.
    pub strokes: Lines,
    /// Half the width of the strokes.
    pub radius: f32,
}

/// Half the width of a digit's strokes.
const PEN: f32 = 0.105;

/// The outline of a kind; nothing for a number that is no digit.
pub(crate) fn glyph(kind: Kind) -> Glyph {
    match kind {
        Kind::Shape(Shape::Circle) => Glyph {
            polygons: &[],
            strokes: &[&[[0.0, 0.0]]],
            radius: 0.5,
        },
        Kind::Shape(Shape::Square) => solid(SQUARE),
        Kind::Shape(Shape::Triangle) => solid(TRIANGLE),
        Kind::Shape(Shape::Star) => solid(STAR),
        Kind::Shape(Shape::Cross) => solid(CROSS),
        Kind::Shape(Shape::Heart) => solid(HEART),
        Kind::Digit(digit) => {
            let strokes = DIGITS.get(usize::from(digit)).copied().unwrap_or(&[]);
            Glyph {
                polygons: &[],
                strokes,
                radius: PEN,
            }
        }
    }
}

fn solid(polygons: Lines) -> Glyph {
    Glyph {
        polygons,
        strokes: &[],
        radius: 0.0,
    }
}

impl Glyph {
    /// Half the width and half the height of the ink; the outlines lie centred.
    pub fn half_extent(&self) -> [f32; 2] {
        let farthest = |lines: Lines, axis: usize, margin: f32| {
            lines
                .iter()
                .copied()
                .flatten()
                .map(|point| point[axis].abs() + margin)
                .fold(0.0, f32::max)
        };
        [0, 1].map(|axis| {
            farthest(self.polygons, axis, 0.0).max(farthest(self.strokes, axis, self.radius))
        })
    }
}

const DIGITS: [Lines; 10] = [ZERO, ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT, NINE];

/// Five arms, each reaching beyond the middle.
#[rustfmt::skip]
const STAR: Lines = &[
    &[[0.0, -0.476], [0.139, -0.141], [0.0, 0.287], [-0.139, -0.141]],
    &[[0.5, -0.112], [0.225, 0.123], [-0.225, 0.123], [0.139, -0.141]],
    &[[0.309, 0.476], [0.0, 0.287], [-0.139, -0.141], [0.225, 0.123]],
    &[[-0.309, 0.476], [-0.225, 0.123], [0.139, -0.141], [0.0, 0.287]],
    &[[-0.5, -0.112], [-0.139, -0.141], [0.225, 0.123], [-0.225, 0.123]],
];

/// One square.
#[rustfmt::skip]
const SQUARE: Lines = &[
    &[[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]],
];

/// Point up.
#[rustfmt::skip]
const TRIANGLE: Lines = &[
    &[[0.0, -0.46], [0.5, 0.46], [-0.5, 0.46]],
];

/// A plus: one bar lying, one standing.
#[rustfmt::skip]
const CROSS: Lines = &[
    &[[-0.5, -0.17], [0.5, -0.17], [0.5, 0.17], [-0.5, 0.17]],
    &[[-0.17, -0.5], [0.17, -0.5], [0.17, 0.5], [-0.17, 0.5]],
];

/// Two halves that share the axis.
#[rustfmt::skip]
const HEART: Lines = &[
    &[
        [0.0, -0.305], [-0.038, -0.369], [-0.094, -0.42], [-0.161, -0.453], [-0.235, -0.465],
        [-0.309, -0.456], [-0.377, -0.426], [-0.434, -0.378], [-0.476, -0.315], [-0.497, -0.243],
        [-0.497, -0.169], [-0.476, -0.097], [-0.436, -0.034], [0.0, 0.465],
    ],
    &[
        [0.0, -0.305], [0.038, -0.369], [0.094, -0.42], [0.161, -0.453], [0.235, -0.465],
        [0.309, -0.456], [0.377, -0.426], [0.434, -0.378], [0.476, -0.315], [0.497, -0.243],
        [0.497, -0.169], [0.476, -0.097], [0.436, -0.034], [0.0, 0.465],
    ],
];

/// Strokes of 0.
#[rustfmt::skip]
const ZERO: Lines = &[
    &[
        [0.235, 0.0], [0.217, 0.151], [0.166, 0.279], [0.09, 0.365], [0.0, 0.395], [-0.09, 0.365],
        [-0.166, 0.279], [-0.217, 0.151], [-0.235, 0.0], [-0.217, -0.151], [-0.166, -0.279],
        [-0.09, -0.365], [0.0, -0.395], [0.09, -0.365], [0.166, -0.279], [0.217, -0.151],
        [0.235, 0.0],
    ],
];

/// Strokes of 1.
#[rustfmt::skip]
const ONE: Lines = &[
    &[[-0.17, -0.25], [0.0, -0.395], [0.0, 0.395]],
    &[[-0.17, 0.395], [0.17, 0.395]],
];

/// Strokes of 2.
#[rustfmt::skip]
const TWO: Lines = &[
    &[
        [-0.231, -0.201], [-0.193, -0.295], [-0.118, -0.364], [-0.02, -0.395], [0.08, -0.381],
        [0.166, -0.327], [0.221, -0.241], [0.234, -0.14], [0.204, -0.043], [-0.235, 0.395],
        [0.235, 0.395],
    ],
];

/// Strokes of 3.
#[rustfmt::skip]
const THREE: Lines = &[
    &[
        [-0.205, -0.285], [-0.141, -0.355], [-0.049, -0.392], [0.052, -0.387], [0.139, -0.342],
        [0.194, -0.266], [0.203, -0.177], [0.165, -0.094], [0.089, -0.036], [-0.01, -0.015],
        [-0.01, -0.015], [0.098, 0.008], [0.181, 0.071], [0.223, 0.16], [0.213, 0.256],
        [0.153, 0.338], [0.058, 0.387], [-0.053, 0.392], [-0.154, 0.352], [-0.223, 0.277],
    ],
];

/// Strokes of 4.
#[rustfmt::skip]
const FOUR: Lines = &[
    &[[0.1, 0.395], [0.1, -0.395], [-0.25, 0.16], [0.25, 0.16]],
];

/// Strokes of 5.
#[rustfmt::skip]
const FIVE: Lines = &[
    &[
        [0.154, -0.393], [-0.176, -0.393], [-0.201, -0.028], [-0.181, -0.018], [-0.068, -0.07],
        [0.056, -0.059], [0.158, 0.011], [0.21, 0.121], [0.199, 0.242], [0.128, 0.342],
        [0.015, 0.393], [-0.108, 0.383], [-0.21, 0.313],
    ],
];

/// Strokes of 6.
#[rustfmt::skip]
const SIX: Lines = &[
    &[
        [0.235, 0.178], [0.212, 0.273], [0.147, 0.35], [0.052, 0.392], [-0.052, 0.392],
        [-0.147, 0.35], [-0.212, 0.273], [-0.235, 0.178], [-0.212, 0.082], [-0.147, 0.006],
        [-0.052, -0.037], [0.052, -0.037], [0.147, 0.006], [0.212, 0.082], [0.235, 0.178],
    ],
    &[[-0.235, 0.183], [-0.2, -0.057], [-0.13, -0.247], [0.0, -0.367], [0.15, -0.392]],
];

/// Strokes of 7.
#[rustfmt::skip]
const SEVEN: Lines = &[
    &[[-0.235, -0.395], [0.235, -0.395], [-0.06, 0.395]],
];

/// Strokes of 8.
#[rustfmt::skip]
const EIGHT: Lines = &[
    &[
        [0.195, -0.207], [0.169, -0.115], [0.098, -0.047], [0.0, -0.022], [-0.097, -0.047],
        [-0.169, -0.115], [-0.195, -0.207], [-0.169, -0.3], [-0.098, -0.368], [0.0, -0.392],
        [0.098, -0.368], [0.169, -0.3], [0.195, -0.207],
    ],
    &[
        [0.235, 0.188], [0.212, 0.279], [0.147, 0.352], [0.052, 0.392], [-0.052, 0.392],
        [-0.147, 0.352], [-0.212, 0.279], [-0.235, 0.188], [-0.212, 0.097], [-0.147, 0.023],
        [-0.052, -0.017], [0.052, -0.017], [0.147, 0.023], [0.212, 0.097], [0.235, 0.188],
    ],
];

/// Strokes of 9.
#[rustfmt::skip]
const NINE: Lines = &[
    &[
        [-0.235, -0.178], [-0.212, -0.273], [-0.147, -0.35], [-0.052, -0.392], [0.052, -0.392],
        [0.147, -0.35], [0.212, -0.273], [0.235, -0.178], [0.212, -0.082], [0.147, -0.006],
        [0.052, 0.037], [-0.052, 0.037], [-0.147, -0.006], [-0.212, -0.082], [-0.235, -0.178],
    ],
    &[[0.235, -0.183], [0.2, 0.057], [0.13, 0.247], [0.0, 0.367], [-0.15, 0.392]],
];
