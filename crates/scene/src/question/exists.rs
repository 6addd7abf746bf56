//! Whether there is one.

use super::{Ask, wording::phrase};
use crate::dice::Dice;
use crate::filter::{Filter, KindFilter};
use crate::glance::is_faint;
use crate::object::{Color, Shape, Size};
use crate::scene::Scene;

/// Share of the answers Yes where the glance is right; where it is wrong the answer is always Yes, so that
/// Yes and No are as frequent in all.
const YES_SHARE: f64 = 0.31;

const TEMPLATES: [&str; 18] = [
    "Is there {a}?",
    "Is there {a} in the {image}?",
    "Is there {a} anywhere?",
    "Is there at least one {s}?",
    "Are there any {p}?",
    "Are there any {p} in the {image}?",
    "Do you see {a}?",
    "Do you see any {p}?",
    "Can you see {a} in the {image}?",
    "Can you find {a}?",
    "Does the {image} show {a}?",
    "Does the {image} contain {a}?",
    "Does this {image} have any {p}?",
    "Is {a} in the {image}?",
    "Is {a} visible?",
    "Tell me whether there is {a}.",
    "Check whether the {image} has {a}.",
    "Any {p} in the {image}?",
];

pub(super) fn draw(dice: &mut Dice, scene: &Scene, misleads: bool) -> Option<Ask> {
    if !misleads && !dice.chance(YES_SHARE) {
        return near_miss(dice, scene).map(Ask::Exists);
    }
    let overlooked = |filter: &Filter| {
        filter
            .find(scene)
            .iter()
            .all(|&at| is_faint(&scene.objects[at]))
    };
    let mut filters = Filter::all_in(scene);
    filters.retain(|filter| *filter != Filter::ANY && overlooked(filter) == misleads);
    dice.pick(&filters).copied().map(Ask::Exists)
}

/// A phrase that fits nothing but differs in one word from one that fits.
pub(super) fn near_miss(dice: &mut Dice, scene: &Scene) -> Option<Filter> {
    (0..20).find_map(|_| {
        let object = dice.pick(&scene.objects)?;
        let near = *dice.pick(&Filter::all_of(object))?;
        let miss = with_other_word(dice, scene, near)?;
        (miss.count(scene) == 0).then_some(miss)
    })
}

/// The phrase with another colour, kind or size; half of the time with one that the scene shows elsewhere.
fn with_other_word(dice: &mut Dice, scene: &Scene, near: Filter) -> Option<Filter> {
    let model = dice.pick(&scene.objects)?;
    let is_shown = dice.chance(0.5);
    let color = if is_shown {
        Some(model.color)
    } else {
        dice.pick(&Color::ALL).copied()
    };
    match dice.whole(0, 6) {
        0..=2 if near.color.is_some() => Some(Filter { color, ..near }),
        3..=5 => {
            let kind = if is_shown {
                let filters = Filter::all_of(model);
                filters.iter().find(|filter| filter.names_kind())?.kind
            } else {
                other_kind(dice)?
            };
            Some(Filter { kind, ..near })
        }
        6 => match near.size? {
            Size::Small => Some(Filter {
                size: Some(Size::Large),
                ..near
            }),
            Size::Large => Some(Filter {
                size: Some(Size::Small),
                ..near
            }),
        },
        _ => None,
    }
}

/// Any kind, shapes twice as often as digits.
pub(super) fn other_kind(dice: &mut Dice) -> Option<KindFilter> {
    if dice.chance(2.0 / 3.0) {
        dice.pick(&Shape::ALL).copied().map(KindFilter::Shape)
    } else if dice.chance(0.1) {
        Some(KindFilter::AnyDigit)
    } else {
        Some(KindFilter::Digit(dice.whole(0, 9) as u8))
    }
}

pub(super) fn wording(dice: &mut Dice, filter: &Filter) -> String {
    let (article, singular, plural) = (filter.with_article(), filter.singular(), filter.plural());
    phrase(
        dice,
        &TEMPLATES,
        &[("{a}", &article), ("{s}", &singular), ("{p}", &plural)],
    )
}
