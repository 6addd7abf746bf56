//! What a picture holds.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, Serialize};

use crate::cell::{CELL_PX, Cell, N_CELL, SIDE_PX};
use crate::dice::Dice;
use crate::object::{Color, Kind, Object, Shape, Size};

/// The most objects of a scene drawn by chance.
const MAX_OBJECTS: usize = 9;
/// Share of the objects drawn small.
const SMALL_SHARE: f64 = 0.45;
/// The most that two boxes may overlap, of the smaller one's area.
const MAX_OVERLAP: f32 = 0.1;
/// How far an object's middle stays from its cell's border.
const MARGIN_PX: f32 = 5.0;
/// Tries to place one object before it becomes smaller or is left out.
const N_TRIES: usize = 80;

/// A faint stroke under the objects; a dot where both ends are one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speck {
    /// One end, x and y.
    pub from_px: [f32; 2],
    /// The other end.
    pub to_px: [f32; 2],
    /// How wide it is.
    pub width_px: f32,
    /// How many levels below the background.
    pub darkness: u8,
}

/// A picture before it is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// Red, green, blue.
    pub background: [u8; 3],
    /// Lies under the objects.
    pub clutter: Vec<Speck>,
    /// In reading order of their cells; what is said about the scene relies on it.
    #[serde(deserialize_with = "in_reading_order")]
    pub objects: Vec<Object>,
}

fn in_reading_order<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<Object>, D::Error> {
    let mut objects: Vec<Object> = Vec::deserialize(source)?;
    objects.sort_by_key(Object::cell);
    Ok(objects)
}

impl Scene {
    /// A scene of these parts; brings the objects into reading order.
    pub fn new(background: [u8; 3], clutter: Vec<Speck>, mut objects: Vec<Object>) -> Self {
        objects.sort_by_key(Object::cell);
        Self {
            background,
            clutter,
            objects,
        }
    }

    /// A scene by chance: whole objects in cells of their own, boxes overlapping by at most a tenth.
    ///
    /// The range is cut to 1 to 9 objects.
    pub fn random(dice: &mut Dice, n_objects: RangeInclusive<usize>) -> Self {
        let low = (*n_objects.start()).clamp(1, MAX_OBJECTS);
        let n = dice.whole(low, (*n_objects.end()).min(MAX_OBJECTS));
        let background = [0; 3].map(|_| dice.whole(232, 252) as u8);
        let clutter = (0..dice.whole(0, 8)).map(|_| Speck::random(dice)).collect();
        let palette = Palette::random(dice);
        let mut sizes: Vec<Size> = (0..n)
            .map(|_| {
                if dice.chance(SMALL_SHARE) {
                    Size::Small
                } else {
                    Size::Large
                }
            })
            .collect();
        sizes.sort_by_key(|size| *size == Size::Small);
        let mut objects: Vec<Object> = Vec::with_capacity(n);
        for size in sizes {
            let (kind, color) = palette.draw(dice);
            let placed = Object::placed(dice, kind, color, size, &objects)
                .or_else(|| Object::placed(dice, kind, color, Size::Small, &objects));
            objects.extend(placed);
        }
        Self::new(background, clutter, objects)
    }
}

impl Speck {
    fn random(dice: &mut Dice) -> Self {
        let side_px = SIDE_PX as f32;
        let from_px = [dice.real(0.0, side_px), dice.real(0.0, side_px)];
        let reach_px = if dice.chance(0.5) { 0.0 } else { 40.0 };
        let to_px = from_px.map(|at_px| at_px + dice.real(-reach_px, reach_px));
        let width_px = dice.real(1.0, 2.5);
        Self {
            from_px,
            to_px,
            width_px,
            darkness: dice.whole(10, 34) as u8,
        }
    }
}

/// What the objects of one scene are drawn from, so that they often share a colour or a kind.
struct Palette {
    colors: Vec<Color>,
    shapes: Vec<Shape>,
    digits: Vec<u8>,
}

impl Palette {
    fn random(dice: &mut Dice) -> Self {
        let (mut colors, mut shapes) = (Color::ALL.to_vec(), Shape::ALL.to_vec());
        let mut digits: Vec<u8> = (0..10).collect();
        if dice.chance(0.7) {
            dice.shuffle(&mut colors);
            dice.shuffle(&mut shapes);
            dice.shuffle(&mut digits);
            let n_kinds = dice.whole(2, 5);
            let n_digits = n_kinds.div_ceil(3);
            colors.truncate(dice.whole(2, 5));
            shapes.truncate(n_kinds - n_digits);
            digits.truncate(n_digits);
        }
        Self {
            colors,
            shapes,
            digits,
        }
    }

    /// Two thirds shapes, one third digits.
    fn draw(&self, dice: &mut Dice) -> (Kind, Color) {
        let kind = if dice.chance(2.0 / 3.0) {
            dice.pick(&self.shapes).copied().map(Kind::Shape)
        } else {
            dice.pick(&self.digits).copied().map(Kind::Digit)
        };
        let kind = kind.unwrap_or(Kind::Shape(Shape::Circle));
        (kind, dice.pick(&self.colors).copied().unwrap_or(Color::Red))
    }
}

impl Object {
    /// An object at a place by chance that goes well with those that stand there; none if none was found.
    fn placed(
        dice: &mut Dice,
        kind: Kind,
        color: Color,
        size: Size,
        others: &[Self],
    ) -> Option<Self> {
        let [low_px, high_px] = size.range_px();
        let side_px = dice.real(low_px, high_px);
        let shade = dice.real(0.9, 1.06);
        (0..N_TRIES).find_map(|_| {
            let last = N_CELL - 1;
            let cell = Cell {
                row: dice.whole(0, last) as u8,
                col: dice.whole(0, last) as u8,
            };
            if others.iter().any(|other| other.cell() == cell) {
                return None;
            }
            let object = Self {
                kind,
                color,
                size,
                center_px: [0.0, 0.0],
                side_px,
                shade,
            };
            let half_px = [object.bounds_px()[2], object.bounds_px()[3]];
            let x = free_px(dice, cell.col, half_px[0])?;
            let y = free_px(dice, cell.row, half_px[1])?;
            let object = Self {
                center_px: [x, y],
                ..object
            };
            others
                .iter()
                .all(|other| object.overlap(other) <= MAX_OVERLAP)
                .then_some(object)
        })
    }

    /// The shared area of two boxes, of the smaller one's area.
    fn overlap(&self, other: &Self) -> f32 {
        let (a, b) = (self.bounds_px(), other.bounds_px());
        let shared = |low: usize| (a[low + 2].min(b[low + 2]) - a[low].max(b[low])).max(0.0);
        let area = |c: [f32; 4]| (c[2] - c[0]) * (c[3] - c[1]);
        shared(0) * shared(1) / area(a).min(area(b))
    }
}

/// A middle inside the cell, off its borders, with which the object lies wholly in the picture.
fn free_px(dice: &mut Dice, index: u8, half_px: f32) -> Option<f32> {
    let start_px = f32::from(index) * CELL_PX as f32;
    let low_px = (start_px + MARGIN_PX).max(half_px);
    let high_px = (start_px + CELL_PX as f32 - MARGIN_PX).min(SIDE_PX as f32 - half_px);
    (low_px <= high_px).then(|| dice.real(low_px, high_px))
}
