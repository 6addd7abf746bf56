//! One seed, one scene, one question.

use std::ops::RangeInclusive;

use serde::Serialize;

use crate::dice::Dice;
use crate::question::{FAINT_SHARE, Family, Question};
use crate::scene::Scene;

/// Scenes drawn before the range of objects widens, and before the question's difficulty is left open.
const PATIENCE: usize = 40;

/// Sets the sample's dice apart from those that a caller throws for its reference with the same seed.
const OWN_CHANCE: u64 = 0x9e37_79b9_7f4a_7c15;

/// A scene and a question about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// The picture.
    pub scene: Scene,
    /// What is asked about it.
    pub question: Question,
}

impl Sample {
    /// The sample of this seed; of any family if none is named.
    ///
    /// Where the range of objects cannot carry the family (a position of one object), it is widened upwards.
    pub fn from_seed(seed: u64, n_objects: RangeInclusive<usize>, family: Option<Family>) -> Self {
        let mut dice = Dice::from_seed(seed ^ OWN_CHANCE);
        let family = family
            .or_else(|| dice.pick(&Family::ALL).copied())
            .unwrap_or(Family::Count);
        let misleads = dice.chance(FAINT_SHARE);
        let (low, mut high) = (*n_objects.start(), *n_objects.end());
        // Ends with certainty in practice: among nine objects one question in two is found at once.
        loop {
            for is_patient in [true, false] {
                for _ in 0..PATIENCE {
                    let scene = Scene::random(&mut dice, low..=high);
                    let question = if is_patient {
                        Question::draw(&mut dice, &scene, family, misleads)
                    } else {
                        Question::random(&mut dice, &scene, family)
                    };
                    if let Some(question) = question {
                        return Self { scene, question };
                    }
                }
            }
            high += 1;
        }
    }
}
