//! The first look, which errs as people do: small things at the border are overlooked or mistaken.

use crate::filter::Filter;
use crate::object::{Color, Kind, Object, Shape, Size};
use crate::question::Attribute;
use crate::scene::Scene;

/// Whether a first glance misses the object: it is small and its cell touches the picture's border.
pub fn is_faint(object: &Object) -> bool {
    object.size == Size::Small && object.cell().is_outer()
}

/// How many objects that fit are seen at a first glance.
pub(crate) fn seen(filter: &Filter, scene: &Scene) -> usize {
    scene
        .objects
        .iter()
        .filter(|object| filter.matches(object) && !is_faint(object))
        .count()
}

/// What a faint object is taken for; never what it is.
pub(crate) fn mistaken(attribute: Attribute, object: &Object) -> Option<String> {
    let kind = match object.kind {
        Kind::Shape(shape) => Kind::Shape(other_shape(shape)),
        Kind::Digit(digit) => Kind::Digit(other_digit(digit)),
    };
    let color = other_color(object.color);
    attribute.of(&Object {
        kind,
        color,
        ..object.clone()
    })
}

fn other_color(color: Color) -> Color {
    match color {
        Color::Red => Color::Orange,
        Color::Orange => Color::Yellow,
        Color::Yellow => Color::Green,
        Color::Green => Color::Blue,
        Color::Blue => Color::Purple,
        Color::Purple => Color::Pink,
        Color::Pink => Color::Black,
        Color::Black => Color::Red,
    }
}

fn other_shape(shape: Shape) -> Shape {
    match shape {
        Shape::Circle => Shape::Heart,
        Shape::Heart => Shape::Circle,
        Shape::Square => Shape::Cross,
        Shape::Cross => Shape::Square,
        Shape::Triangle => Shape::Star,
        Shape::Star => Shape::Triangle,
    }
}

fn other_digit(digit: u8) -> u8 {
    match digit {
        3 => 8,
        8 => 6,
        6 => 0,
        0 => 9,
        9 => 4,
        4 => 1,
        1 => 7,
        7 => 2,
        2 => 5,
        _ => 3,
    }
}
