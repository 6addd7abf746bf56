//! What stands in a picture.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::cell::Cell;
use crate::glyph::glyph;

/// The outline of an object that is no digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Shape {
    Circle,
    Square,
    Triangle,
    Star,
    Cross,
    Heart,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 6] = [
        Self::Circle,
        Self::Square,
        Self::Triangle,
        Self::Star,
        Self::Cross,
        Self::Heart,
    ];

    /// As it is said of one: "star".
    pub fn name(self) -> &'static str {
        match self {
            Self::Circle => "circle",
            Self::Square => "square",
            Self::Triangle => "triangle",
            Self::Star => "star",
            Self::Cross => "cross",
            Self::Heart => "heart",
        }
    }

    /// As it is said of several: "stars".
    pub fn plural(self) -> &'static str {
        match self {
            Self::Circle => "circles",
            Self::Square => "squares",
            Self::Triangle => "triangles",
            Self::Star => "stars",
            Self::Cross => "crosses",
            Self::Heart => "hearts",
        }
    }
}

/// A shape or a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An outline.
    Shape(Shape),
    /// 0 to 9; other numbers are refused when read and draw nothing.
    #[serde(deserialize_with = "one_digit")]
    Digit(u8),
}

fn one_digit<'de, D: Deserializer<'de>>(source: D) -> Result<u8, D::Error> {
    let digit = u8::deserialize(source)?;
    match digit {
        0..=9 => Ok(digit),
        _ => Err(D::Error::custom(format!(
            "an object's digit must be 0 to 9, not {digit}; correct the scene"
        ))),
    }
}

impl fmt::Display for Kind {
    /// As it is said of one: "star", "7".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(shape) => f.write_str(shape.name()),
            Self::Digit(digit) => write!(f, "{digit}"),
        }
    }
}

/// The colour of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Color {
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Purple,
    Pink,
    Black,
}

impl Color {
    /// Every colour.
    pub const ALL: [Self; 8] = [
        Self::Red,
        Self::Orange,
        Self::Yellow,
        Self::Green,
        Self::Blue,
        Self::Purple,
        Self::Pink,
        Self::Black,
    ];

    /// As it is said: "red".
    pub fn name(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Pink => "pink",
            Self::Black => "black",
        }
    }

    /// As it is drawn at shade 1, red, green, blue.
    pub fn rgb(self) -> [u8; 3] {
        match self {
            Self::Red => [214, 32, 38],
            Self::Orange => [247, 132, 20],
            Self::Yellow => [238, 208, 24],
            Self::Green => [36, 152, 62],
            Self::Blue => [38, 92, 214],
            Self::Purple => [126, 48, 168],
            Self::Pink => [246, 138, 192],
            Self::Black => [28, 28, 30],
        }
    }
}

/// One of two sizes, with a gap between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Size {
    Small,
    Large,
}

impl Size {
    /// Both sizes.
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    /// As it is said: "small".
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }

    /// The smallest and the largest `side_px` of an object of this size.
    pub fn range_px(self) -> [f32; 2] {
        match self {
            Self::Small => [24.0, 30.0],
            Self::Large => [42.0, 50.0],
        }
    }
}

/// One thing in a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its colour.
    pub color: Color,
    /// Its size as it is spoken of.
    pub size: Size,
    /// The middle of its ink, x and y.
    pub center_px: [f32; 2],
    /// The longer side of its ink.
    pub side_px: f32,
    /// Factor on the colour's brightness, about 1.
    pub shade: f32,
}

impl Object {
    /// "small red circle", "large blue 7".
    pub fn in_words(&self) -> String {
        format!("{} {} {}", self.size.name(), self.color.name(), self.kind)
    }

    /// The box of its ink: x and y of the upper left, x and y of the lower right corner.
    pub fn bounds_px(&self) -> [f32; 4] {
        let half_px = glyph(self.kind)
            .half_extent()
            .map(|half| half * self.side_px);
        let [x, y] = self.center_px;
        [
            x - half_px[0],
            y - half_px[1],
            x + half_px[0],
            y + half_px[1],
        ]
    }

    /// The cell of its middle.
    pub fn cell(&self) -> Cell {
        Cell::at_px(self.center_px)
    }
}
