//! How many there are.

use super::{Ask, exists, wording::phrase};
use crate::dice::Dice;
use crate::filter::Filter;
use crate::glance::is_faint;
use crate::scene::Scene;

/// Share of the draws for an answer 0 where the glance is to be right; such a draw is never turned down, so
/// that about 8 % of all answers are 0.
const NONE_SHARE: f64 = 0.05;

const TEMPLATES: [&str; 16] = [
    "How many {p} are there?",
    "How many {p} are in the {image}?",
    "How many {p} do you see?",
    "How many {p} can you see in the {image}?",
    "How many {p} does the {image} show?",
    "How many {p} does this {image} contain?",
    "How many {p} can be found in the {image}?",
    "What is the number of {p}?",
    "What is the total number of {p} in the {image}?",
    "Count the {p}.",
    "Count all {p} in the {image}.",
    "Tell me the number of {p}.",
    "Tell me how many {p} there are.",
    "Give the number of {p} in the {image}.",
    "Can you count the {p}?",
    "In the {image}, how many {p} are there?",
];

pub(super) fn draw(dice: &mut Dice, scene: &Scene, misleads: bool) -> Option<Ask> {
    if !misleads && dice.chance(NONE_SHARE) {
        return exists::near_miss(dice, scene).map(Ask::Count);
    }
    let faint = |filter: &Filter| {
        filter
            .find(scene)
            .iter()
            .any(|&at| is_faint(&scene.objects[at]))
    };
    let mut filters = Filter::all_in(scene);
    filters.retain(|filter| !misleads || faint(filter));
    let mut counts: Vec<usize> = filters.iter().map(|filter| filter.count(scene)).collect();
    counts.sort_unstable();
    counts.dedup();
    let n = *dice.pick(&counts)?;
    filters.retain(|filter| filter.count(scene) == n);
    dice.pick(&filters).copied().map(Ask::Count)
}

pub(super) fn wording(dice: &mut Dice, filter: &Filter) -> String {
    phrase(dice, &TEMPLATES, &[("{p}", &filter.plural())])
}
