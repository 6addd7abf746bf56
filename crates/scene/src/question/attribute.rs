//! The colour, the shape or the value of one object.

use serde::Serialize;

use super::{Ask, Target, wording::phrase};
use crate::dice::Dice;
use crate::filter::{Filter, KindFilter};
use crate::glance::is_faint;
use crate::object::{Color, Kind, Object, Shape};
use crate::scene::Scene;

/// What is asked of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Attribute {
    /// Its colour.
    Color,
    /// Its shape.
    Shape,
    /// Its value.
    Digit,
}

const COLOR_TEMPLATES: [&str; 15] = [
    "What {color} is the {s}?",
    "What {color} does the {s} have?",
    "What is the {color} of the {s}?",
    "What is the {color} of the {s} in the {image}?",
    "Which {color} is the {s}?",
    "Which {color} does the {s} have?",
    "Name the {color} of the {s}.",
    "Tell me the {color} of the {s}.",
    "Tell me what {color} the {s} is.",
    "The {s} is what {color}?",
    "The {s} has which {color}?",
    "In which {color} is the {s} drawn?",
    "In the {image}, what {color} is the {s}?",
    "Can you tell me the {color} of the {s}?",
    "Say which {color} the {s} in the {image} has.",
];

const SHAPE_TEMPLATES: [&str; 15] = [
    "What shape is the {s}?",
    "What shape does the {s} have?",
    "What is the shape of the {s}?",
    "What is the shape of the {s} in the {image}?",
    "What kind of shape is the {s}?",
    "Which shape is the {s}?",
    "Which shape does the {s} have?",
    "Name the shape of the {s}.",
    "Tell me the shape of the {s}.",
    "Tell me what shape the {s} is.",
    "The {s} has which shape?",
    "The {s} is what shape?",
    "In the {image}, what shape is the {s}?",
    "Can you tell me the shape of the {s}?",
    "Say which shape the {s} in the {image} has.",
];

const DIGIT_TEMPLATES: [&str; 15] = [
    "What is the {s}?",
    "What number is the {s}?",
    "What number does the {s} show?",
    "What is the value of the {s}?",
    "What is the value of the {s} in the {image}?",
    "Which number is the {s}?",
    "Which number does the {s} show?",
    "Which value does the {s} have?",
    "Read the {s}.",
    "Name the {s}.",
    "Tell me the value of the {s}.",
    "Tell me what the {s} is.",
    "The {s} is which number?",
    "In the {image}, what is the {s}?",
    "Can you tell me what number the {s} is?",
];

impl Attribute {
    /// What can be said of the object; none of a digit's shape or of a shape's value.
    pub(crate) fn of(self, object: &Object) -> Option<String> {
        match (self, object.kind) {
            (Self::Color, _) => Some(object.color.name().into()),
            (Self::Shape, Kind::Shape(shape)) => Some(shape.name().into()),
            (Self::Digit, Kind::Digit(digit)) => Some(digit.to_string()),
            _ => None,
        }
    }

    /// Everything that can be answered.
    pub(crate) fn words(self) -> Vec<String> {
        match self {
            Self::Color => Color::ALL.iter().map(|color| color.name().into()).collect(),
            Self::Shape => Shape::ALL.iter().map(|shape| shape.name().into()).collect(),
            Self::Digit => (0..10).map(|digit: u8| digit.to_string()).collect(),
        }
    }

    /// Whether the phrase leaves open what is asked and fits what it is asked of.
    fn admits(self) -> fn(&Filter) -> bool {
        match self {
            Self::Color => |filter| filter.color.is_none(),
            Self::Shape => |filter| filter.kind == KindFilter::Any,
            Self::Digit => |filter| filter.kind == KindFilter::AnyDigit,
        }
    }
}

pub(super) fn draw(
    dice: &mut Dice,
    scene: &Scene,
    attribute: Attribute,
    misleads: bool,
) -> Option<Ask> {
    let fits = |object: &Object| attribute.of(object).is_some() && is_faint(object) == misleads;
    let fitting: Vec<usize> = (0..scene.objects.len())
        .filter(|&at| fits(&scene.objects[at]))
        .collect();
    let object = *dice.pick(&fitting)?;
    let target = Target::named(dice, scene, object, attribute.admits())?;
    Some(Ask::Attribute { attribute, target })
}

pub(super) fn wording(dice: &mut Dice, attribute: Attribute, filter: &Filter) -> String {
    let templates = match attribute {
        Attribute::Color => &COLOR_TEMPLATES,
        Attribute::Shape => &SHAPE_TEMPLATES,
        Attribute::Digit => &DIGIT_TEMPLATES,
    };
    phrase(dice, templates, &[("{s}", &filter.singular())])
}
