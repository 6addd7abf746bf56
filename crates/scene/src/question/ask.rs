//! What a question means.

use serde::Serialize;

use super::arithmetic::{self, Step};
use super::attribute::{self, Attribute};
use super::compare::{self, Comparison};
use super::position::{self, PositionForm, Side};
use super::{count, exists};
use crate::dice::Dice;
use crate::filter::Filter;
use crate::scene::Scene;

/// An object and the phrase that fits no other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Target {
    /// The phrase.
    pub filter: Filter,
    /// Index into the scene's objects.
    pub object: usize,
}

impl Target {
    /// The object named by an admitted phrase that fits no other; phrases that say the kind come up twice as
    /// often.
    pub(super) fn named(
        dice: &mut Dice,
        scene: &Scene,
        object: usize,
        admits: fn(&Filter) -> bool,
    ) -> Option<Self> {
        let mut filters = Filter::all_of(scene.objects.get(object)?);
        filters.retain(|filter| admits(filter) && filter.count(scene) == 1);
        let specific: Vec<Filter> = filters.iter().copied().filter(Filter::names_kind).collect();
        filters.extend(specific);
        let filter = *dice.pick(&filters)?;
        Some(Self { filter, object })
    }
}

/// A question's meaning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Ask {
    /// How many fit the phrase.
    Count(Filter),
    /// Whether one fits the phrase.
    Exists(Filter),
    /// What one object is like.
    Attribute {
        /// What is asked of it.
        attribute: Attribute,
        /// The object.
        target: Target,
    },
    /// How two objects lie.
    Position {
        /// The object named first.
        first: Target,
        /// The object named second.
        second: Target,
        /// The side asked about.
        side: Side,
        /// How it is asked.
        form: PositionForm,
    },
    /// Which of two groups is larger; no object can be in both.
    Compare {
        /// The group named first.
        first: Filter,
        /// The group named second.
        second: Filter,
        /// What is asked of them.
        comparison: Comparison,
    },
    /// How many are left.
    Arithmetic {
        /// What is counted at first and at the end.
        base: Filter,
        /// What happens in between; a [`Step::SubtractAll`] stands first.
        steps: Vec<Step>,
    },
}

impl Ask {
    /// The phrases whose objects are counted to answer.
    pub(crate) fn counted(&self) -> Vec<Filter> {
        match self {
            Self::Count(filter) | Self::Exists(filter) => vec![*filter],
            Self::Compare { first, second, .. } => vec![*first, *second],
            Self::Arithmetic { base, steps } => {
                let all = steps.iter().filter_map(|step| match step {
                    Step::SubtractAll(filter) => Some(*filter),
                    _ => None,
                });
                std::iter::once(*base).chain(all).collect()
            }
            Self::Attribute { .. } | Self::Position { .. } => Vec::new(),
        }
    }

    /// The phrases that a look back checks the objects for, one or two.
    pub(crate) fn phrases(&self) -> Vec<Filter> {
        match self {
            Self::Attribute { target, .. } => vec![target.filter],
            Self::Position { first, second, .. } => vec![first.filter, second.filter],
            _ => self.counted(),
        }
    }

    /// Whether the answer rests on how many fit, not on the first that does.
    pub(crate) fn is_counted(&self) -> bool {
        matches!(
            self,
            Self::Count(_) | Self::Compare { .. } | Self::Arithmetic { .. }
        )
    }

    /// The objects that the answer is about, in reading order.
    pub(crate) fn objects(&self, scene: &Scene) -> Vec<usize> {
        let mut found: Vec<usize> = match self {
            Self::Attribute { target, .. } => vec![target.object],
            Self::Position { first, second, .. } => vec![first.object, second.object],
            _ => self
                .counted()
                .iter()
                .flat_map(|filter| filter.find(scene))
                .collect(),
        };
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(super) fn wording(&self, dice: &mut Dice) -> String {
        match self {
            Self::Count(filter) => count::wording(dice, filter),
            Self::Exists(filter) => exists::wording(dice, filter),
            Self::Attribute { attribute, target } => {
                attribute::wording(dice, *attribute, &target.filter)
            }
            Self::Position {
                first,
                second,
                side,
                form,
            } => position::wording(dice, [&first.filter, &second.filter], *side, *form),
            Self::Compare {
                first,
                second,
                comparison,
            } => compare::wording(dice, [first, second], *comparison),
            Self::Arithmetic { base, steps } => arithmetic::wording(dice, base, steps),
        }
    }
}
