//! Left, right, above, below.

use serde::Serialize;

use super::{Ask, Target, wording::phrase};
use crate::cell::Cell;
use crate::dice::Dice;
use crate::filter::Filter;
use crate::object::Object;
use crate::scene::Scene;

/// The least distance of two middles along the asked axis.
const MIN_APART_PX: f32 = 14.0;
/// Share of the questions that ask for one of the two objects.
const WHICH_SHARE: f64 = 0.35;

/// A side of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    Left,
    Right,
    Above,
    Below,
}

/// How a position is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PositionForm {
    /// "Is the red circle left of the star?"
    Is,
    /// "Which is further left, the red circle or the star?"
    Which,
}

impl Side {
    const ALL: [Self; 4] = [Self::Left, Self::Right, Self::Above, Self::Below];

    /// Between two places: "left of".
    pub(crate) fn relation(self) -> &'static str {
        self.relations()[0]
    }

    /// Of one thing: "further left".
    pub(crate) fn direction(self) -> &'static str {
        self.directions()[0]
    }

    fn relations(self) -> [&'static str; 3] {
        match self {
            Self::Left => ["left of", "to the left of", "further left than"],
            Self::Right => ["right of", "to the right of", "further right than"],
            Self::Above => ["above", "higher than", "further up than"],
            Self::Below => ["below", "lower than", "further down than"],
        }
    }

    fn directions(self) -> [&'static str; 2] {
        match self {
            Self::Left => ["further left", "more to the left"],
            Self::Right => ["further right", "more to the right"],
            Self::Above => ["further up", "higher"],
            Self::Below => ["further down", "lower"],
        }
    }

    /// Where a cell lies along the asked axis, as its name says it: the letter of its column or the number of its row.
    pub(crate) fn coordinate(self, cell: Cell) -> String {
        match self {
            Self::Left | Self::Right => cell.letter().to_string(),
            Self::Above | Self::Below => cell.number().to_string(),
        }
    }

    /// The other side of the same axis.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }

    /// Whether the first object's middle lies on this side of the second's.
    pub(crate) fn holds(self, first: &Object, second: &Object) -> bool {
        let ([x, y], [other_x, other_y]) = (first.center_px, second.center_px);
        match self {
            Self::Left => x < other_x,
            Self::Right => x > other_x,
            Self::Above => y < other_y,
            Self::Below => y > other_y,
        }
    }

    /// Whether two objects lie in different columns (rows) and clearly apart along this axis.
    fn decides(self, first: &Object, second: &Object) -> bool {
        let (cell, other) = (first.cell(), second.cell());
        let (axis, differs) = match self {
            Self::Left | Self::Right => (0, cell.col != other.col),
            Self::Above | Self::Below => (1, cell.row != other.row),
        };
        differs && (first.center_px[axis] - second.center_px[axis]).abs() >= MIN_APART_PX
    }
}

const IS_TEMPLATES: [&str; 15] = [
    "Is the {a} {rel} the {b}?",
    "Is the {a} {rel} the {b} in the {image}?",
    "Is the {a} located {rel} the {b}?",
    "Is the {a} somewhere {rel} the {b}?",
    "Is the {a} placed {rel} the {b}?",
    "Is it true that the {a} is {rel} the {b}?",
    "Does the {a} lie {rel} the {b}?",
    "Does the {a} stand {rel} the {b}?",
    "Would you say the {a} is {rel} the {b}?",
    "Do you see the {a} {rel} the {b}?",
    "In the {image}, is the {a} {rel} the {b}?",
    "In this {image}, does the {a} lie {rel} the {b}?",
    "Tell me whether the {a} is {rel} the {b}.",
    "Check whether the {a} is {rel} the {b}.",
    "The {a} is {rel} the {b}: yes or no?",
];

const WHICH_TEMPLATES: [&str; 14] = [
    "Which is {far}, the {a} or the {b}?",
    "Which one is {far}, the {a} or the {b}?",
    "Which object is {far}, the {a} or the {b}?",
    "Which of the two is {far}: the {a} or the {b}?",
    "Which lies {far}, the {a} or the {b}?",
    "What is {far}, the {a} or the {b}?",
    "What lies {far} in the {image}, the {a} or the {b}?",
    "Is the {a} or the {b} {far}?",
    "Of the {a} and the {b}, which is {far}?",
    "Between the {a} and the {b}, which one is {far}?",
    "Comparing the {a} and the {b}, which is {far}?",
    "In the {image}, which is {far}, the {a} or the {b}?",
    "Tell me which is {far}, the {a} or the {b}.",
    "Name the one that is {far}: the {a} or the {b}.",
];

pub(super) fn draw(dice: &mut Dice, scene: &Scene) -> Option<Ask> {
    let (first, second) = (dice.pick(&scene.objects)?, dice.pick(&scene.objects)?);
    let side = *dice.pick(&Side::ALL)?;
    if !side.decides(first, second) {
        return None;
    }
    let index = |object: &Object| scene.objects.iter().position(|other| other == object);
    let (first, second) = (index(first)?, index(second)?);
    let first = Target::named(dice, scene, first, |_| true)?;
    let second = Target::named(dice, scene, second, |_| true)?;
    let form = if dice.chance(WHICH_SHARE) {
        PositionForm::Which
    } else {
        PositionForm::Is
    };
    Some(Ask::Position {
        first,
        second,
        side,
        form,
    })
}

pub(super) fn wording(
    dice: &mut Dice,
    named: [&Filter; 2],
    side: Side,
    form: PositionForm,
) -> String {
    let [a, b] = named.map(Filter::singular);
    let relation = dice.pick(&side.relations()).copied().unwrap_or_default();
    let direction = dice.pick(&side.directions()).copied().unwrap_or_default();
    let templates: &[&str] = match form {
        PositionForm::Is => &IS_TEMPLATES,
        PositionForm::Which => &WHICH_TEMPLATES,
    };
    phrase(
        dice,
        templates,
        &[
            ("{a}", &a),
            ("{b}", &b),
            ("{rel}", relation),
            ("{far}", direction),
        ],
    )
}
