//! Questions about a scene and their exact answers.

mod arithmetic;
mod ask;
mod attribute;
mod compare;
mod count;
mod exists;
mod position;
mod wording;

use serde::{Deserialize, Serialize};

pub use arithmetic::Step;
pub(crate) use arithmetic::{Sum, sums};
pub use ask::{Ask, Target};
pub use attribute::Attribute;
pub use compare::Comparison;
pub use position::{PositionForm, Side};

use crate::dice::Dice;
use crate::scene::Scene;
use crate::solution::{Eye, Solution};

/// Share of the questions that a first glance gets wrong because it overlooks or mistakes a faint object.
pub(crate) const FAINT_SHARE: f64 = 0.28;
/// Tries to find a question of the wanted difficulty about one scene.
const N_TRIES: usize = 12;

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// How many there are.
    Count,
    /// Whether there is one.
    Exists,
    /// The colour of one object.
    Color,
    /// The shape of one object.
    Shape,
    /// The value of one digit.
    Digit,
    /// Left, right, above, below.
    Position,
    /// More, fewer, as many.
    Compare,
    /// How many are left after some are taken away and added.
    Arithmetic,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 8] = [
        Self::Count,
        Self::Exists,
        Self::Color,
        Self::Shape,
        Self::Digit,
        Self::Position,
        Self::Compare,
        Self::Arithmetic,
    ];

    /// In reports: "count".
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Exists => "exists",
            Self::Color => "color",
            Self::Shape => "shape",
            Self::Digit => "digit",
            Self::Position => "position",
            Self::Compare => "compare",
            Self::Arithmetic => "arithmetic",
        }
    }
}

/// A question with its exact answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// What it is about.
    pub family: Family,
    /// Its meaning.
    pub ask: Ask,
    /// Its words.
    pub text: String,
    /// What belongs into the box: "3", "Yes", "red", "small red circle", "circles".
    pub answer: String,
}

impl Question {
    /// A question about the scene; none if the scene cannot carry the family, such as a digit's without one.
    ///
    /// More of them than by blind chance are answered wrongly by a first glance, where the scene allows it.
    pub fn random(dice: &mut Dice, scene: &Scene, family: Family) -> Option<Self> {
        let misleads = dice.chance(FAINT_SHARE);
        Self::draw(dice, scene, family, misleads)
            .or_else(|| Self::draw(dice, scene, family, !misleads))
    }

    /// A question that misleads a first glance, or one that does not.
    pub(crate) fn draw(
        dice: &mut Dice,
        scene: &Scene,
        family: Family,
        misleads: bool,
    ) -> Option<Self> {
        (0..N_TRIES).find_map(|_| {
            let ask = match family {
                Family::Count => count::draw(dice, scene, misleads),
                Family::Exists => exists::draw(dice, scene, misleads),
                Family::Color => attribute::draw(dice, scene, Attribute::Color, misleads),
                Family::Shape => attribute::draw(dice, scene, Attribute::Shape, misleads),
                Family::Digit => attribute::draw(dice, scene, Attribute::Digit, misleads),
                Family::Position => position::draw(dice, scene),
                Family::Compare => compare::draw(dice, scene),
                Family::Arithmetic => arithmetic::draw(dice, scene),
            }?;
            let answer = Solution::of(&ask, scene, Eye::Look).answer;
            let glance = Solution::of(&ask, scene, Eye::Glance).answer;
            ((glance != answer) == misleads).then(|| {
                let text = ask.wording(dice);
                Self {
                    family,
                    ask,
                    text,
                    answer,
                }
            })
        })
    }
}
