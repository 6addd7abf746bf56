//! More, fewer, as many.

use std::cmp::Ordering;

use serde::Serialize;

use super::{Ask, exists::other_kind, wording::phrase};
use crate::dice::Dice;
use crate::filter::Filter;
use crate::glance::seen;
use crate::object::{Color, Size};
use crate::scene::Scene;

/// Share of the questions that ask for one of the two groups.
const WHICH_SHARE: f64 = 0.3;

/// Share of the other draws in which what is asked holds; fewer of those mislead and are turned down.
const HOLDS_SHARE: f64 = 0.46;

/// What is asked of two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Comparison {
    /// Whether the first group is larger.
    More,
    /// Whether the first group is smaller.
    Fewer,
    /// Whether the groups are as large.
    Equal,
    /// Which group is larger; they are not as large.
    Which,
}

impl Comparison {
    /// What is said of two numbers: "more than".
    pub(crate) fn relation(first: i32, second: i32) -> &'static str {
        match first.cmp(&second) {
            Ordering::Greater => "more than",
            Ordering::Less => "fewer than",
            Ordering::Equal => "as many as",
        }
    }

    /// What is asked, in the words of [`Comparison::relation`].
    pub(crate) fn asked(self) -> &'static str {
        match self {
            Self::More => "more than",
            Self::Fewer => "fewer than",
            Self::Equal => "as many as",
            Self::Which => "which",
        }
    }

    fn holding(order: Ordering) -> Self {
        match order {
            Ordering::Greater => Self::More,
            Ordering::Less => Self::Fewer,
            Ordering::Equal => Self::Equal,
        }
    }

    /// A comparison that does not hold.
    fn failing(dice: &mut Dice, order: Ordering) -> Self {
        let reversed = match order {
            Ordering::Equal if dice.chance(0.5) => Ordering::Less,
            Ordering::Equal => Ordering::Greater,
            _ if dice.chance(0.25) => Ordering::Equal,
            _ => order.reverse(),
        };
        Self::holding(reversed)
    }

    /// The word before the first group and the word before the second one.
    fn words(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::More | Self::Which => [("more", "than"), ("more", "than")],
            Self::Fewer => [("fewer", "than"), ("less", "than")],
            Self::Equal => [("as many", "as"), ("just as many", "as")],
        }
    }
}

const IS_TEMPLATES: [&str; 14] = [
    "Are there {more} {p} {than} {q}?",
    "Are there {more} {p} {than} {q} in the {image}?",
    "Are there {more} {p} {than} there are {q}?",
    "Are {more} {p} {than} {q} in the {image}?",
    "Do you see {more} {p} {than} {q}?",
    "Can you see {more} {p} {than} {q}?",
    "Does the {image} show {more} {p} {than} {q}?",
    "Does the {image} contain {more} {p} {than} {q}?",
    "Does this {image} have {more} {p} {than} {q}?",
    "Is it true that there are {more} {p} {than} {q}?",
    "In the {image}, are there {more} {p} {than} {q}?",
    "Tell me whether there are {more} {p} {than} {q}.",
    "Check whether there are {more} {p} {than} {q}.",
    "There are {more} {p} {than} {q}: yes or no?",
];

const WHICH_TEMPLATES: [&str; 14] = [
    "Which are there more of, {p} or {q}?",
    "What are there more of, {p} or {q}?",
    "What does the {image} have more of, {p} or {q}?",
    "Which does the {image} show more of, {p} or {q}?",
    "Are there more {p} or more {q}?",
    "Do you see more {p} or more {q}?",
    "Does the {image} contain more {p} or more {q}?",
    "Which group is larger, the {p} or the {q}?",
    "Which group has more members, the {p} or the {q}?",
    "Which are more numerous, the {p} or the {q}?",
    "Which are more frequent in the {image}, {p} or {q}?",
    "Of {p} and {q}, which are there more of?",
    "Tell me which there are more of, {p} or {q}.",
    "In the {image}, are there more {p} or more {q}?",
];

pub(super) fn draw(dice: &mut Dice, scene: &Scene) -> Option<Ask> {
    let (mut first, mut second) = rivals(dice, scene)?;
    if dice.chance(0.5) {
        std::mem::swap(&mut first, &mut second);
    }
    let order = first.count(scene).cmp(&second.count(scene));
    let comparison = if dice.chance(WHICH_SHARE) {
        let is_open = order == Ordering::Equal || seen(&first, scene) == seen(&second, scene);
        (!is_open).then_some(Comparison::Which)?
    } else if dice.chance(HOLDS_SHARE) {
        Comparison::holding(order)
    } else {
        Comparison::failing(dice, order)
    };
    Some(Ask::Compare {
        first,
        second,
        comparison,
    })
}

/// Two phrases that differ in one word and cannot fit the same object; the first fits one, the second mostly.
fn rivals(dice: &mut Dice, scene: &Scene) -> Option<(Filter, Filter)> {
    let (own, other) = (dice.pick(&scene.objects)?, dice.pick(&scene.objects)?);
    let mut shared = *dice.pick(&Filter::all_of(own))?;
    if dice.chance(0.6) {
        shared.size = None;
    }
    let is_shown = dice.chance(0.85);
    let exact = |filters: Vec<Filter>| filters.into_iter().find(Filter::names_kind).map(|f| f.kind);
    match dice.whole(0, 8) {
        0..=3 => {
            let color = if is_shown {
                other.color
            } else {
                *dice.pick(&Color::ALL)?
            };
            let first = Filter {
                color: Some(own.color),
                ..shared
            };
            (color != own.color).then_some((
                first,
                Filter {
                    color: Some(color),
                    ..shared
                },
            ))
        }
        4..=7 => {
            let kind = if is_shown {
                exact(Filter::all_of(other))?
            } else {
                other_kind(dice)?
            };
            let first = Filter {
                kind: exact(Filter::all_of(own))?,
                ..shared
            };
            let second = Filter { kind, ..shared };
            (!first.is_within(&second)).then_some((first, second))
        }
        _ => {
            let [small, large] = Size::ALL.map(|size| Filter {
                size: Some(size),
                ..shared
            });
            Some((small, large))
        }
    }
}

pub(super) fn wording(dice: &mut Dice, groups: [&Filter; 2], comparison: Comparison) -> String {
    let [p, q] = groups.map(Filter::plural);
    let (more, than) = dice.pick(&comparison.words()).copied().unwrap_or_default();
    let templates: &[&str] = match comparison {
        Comparison::Which => &WHICH_TEMPLATES,
        _ => &IS_TEMPLATES,
    };
    phrase(
        dice,
        templates,
        &[("{p}", &p), ("{q}", &q), ("{more}", more), ("{than}", than)],
    )
}
