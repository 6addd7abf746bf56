//! How many are left after some are taken away and added.

use serde::Serialize;

use super::{Ask, exists::other_kind, wording::dress};
use crate::dice::Dice;
use crate::filter::{Filter, KindFilter};
use crate::object::{Color, Size};
use crate::scene::Scene;
use crate::solution::{Eye, Solution};

/// The most that one step adds or takes away by number.
const MAX_BY_NUMBER: usize = 3;

/// One thing that happens to what is counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Step {
    /// Everything that fits goes.
    SubtractAll(Filter),
    /// So many of those that fit go.
    Subtract(usize, Filter),
    /// So many come.
    Add(usize, Filter),
}

/// One line of a calculation: `before sign by = after`.
pub(crate) struct Sum {
    pub before: i32,
    pub sign: char,
    pub by: i32,
    pub after: i32,
}

/// The calculation step by step from what is counted: the base, then what a step takes away wholly.
pub(crate) fn sums(steps: &[Step], counts: &[i32]) -> Vec<Sum> {
    let mut counts = counts.iter().copied();
    let mut before = counts.next().unwrap_or(0);
    let mut lines = Vec::with_capacity(steps.len());
    for step in steps {
        let (sign, by) = match step {
            Step::SubtractAll(_) => ('-', counts.next().unwrap_or(0)),
            Step::Subtract(n, _) => ('-', *n as i32),
            Step::Add(n, _) => ('+', *n as i32),
        };
        let after = if sign == '-' {
            before - by
        } else {
            before + by
        };
        lines.push(Sum {
            before,
            sign,
            by,
            after,
        });
        before = after;
    }
    lines
}

const SUBTRACT_VERBS: [&str; 4] = ["Subtract", "Subtract", "Remove", "Take away"];
const ADD_VERBS: [&str; 3] = ["Add", "Add", "Put in"];
const ENDINGS: [&str; 6] = [
    "How many {p} are left?",
    "How many {p} are left?",
    "How many {p} remain?",
    "How many {p} are there now?",
    "How many {p} are there in the end?",
    "How many {p} do you have then?",
];

pub(super) fn draw(dice: &mut Dice, scene: &Scene) -> Option<Ask> {
    let base = base(dice, scene)?;
    let within: Vec<Filter> = Filter::all_in(scene)
        .into_iter()
        .filter(|f| f.is_within(&base))
        .collect();
    let narrower: Vec<Filter> = within
        .iter()
        .copied()
        .filter(|filter| *filter != base)
        .collect();
    let mut steps = Vec::new();
    if dice.chance(0.5) {
        steps.push(Step::SubtractAll(*dice.pick(&narrower)?));
    }
    for _ in steps.len()..dice.whole(1, 3) {
        let step = if dice.chance(0.5) {
            Step::Add(dice.whole(1, MAX_BY_NUMBER), addition(dice, &base)?)
        } else {
            subtraction(dice, scene, &within, &steps)?
        };
        steps.push(step);
    }
    let ask = Ask::Arithmetic { base, steps };
    let is_whole = [Eye::Look, Eye::Glance].into_iter().all(|eye| {
        let Ask::Arithmetic { steps, .. } = &ask else {
            return false;
        };
        sums(steps, &Solution::of(&ask, scene, eye).counts)
            .iter()
            .all(|sum| sum.after >= 0)
    });
    is_whole.then_some(ask)
}

/// Everything, or what shares one word.
fn base(dice: &mut Dice, scene: &Scene) -> Option<Filter> {
    if dice.chance(0.55) {
        return Some(Filter::ANY);
    }
    let mut filters = Filter::all_in(scene);
    filters.retain(|f| f.size.is_none() && (f.color.is_some() != (f.kind != KindFilter::Any)));
    dice.pick(&filters).copied()
}

/// A phrase for what comes; it counts as one of the base.
fn addition(dice: &mut Dice, base: &Filter) -> Option<Filter> {
    let mut filter = *base;
    if base.kind == KindFilter::Any {
        filter.kind = other_kind(dice)?;
    }
    if base.color.is_none() && dice.chance(0.35) {
        filter.color = dice.pick(&Color::ALL).copied();
    }
    if base.size.is_none() && dice.chance(0.1) {
        filter.size = dice.pick(&Size::ALL).copied();
    }
    Some(filter)
}

/// Takes away no more than is certainly still there, whichever the earlier steps took.
fn subtraction(
    dice: &mut Dice,
    scene: &Scene,
    within: &[Filter],
    earlier: &[Step],
) -> Option<Step> {
    let things = *dice.pick(within)?;
    let is_gone = |at: &usize| {
        earlier
            .iter()
            .any(|step| matches!(step, Step::SubtractAll(f) if f.matches(&scene.objects[*at])))
    };
    let there = things
        .find(scene)
        .into_iter()
        .filter(|at| !is_gone(at))
        .count();
    let taken: usize = earlier
        .iter()
        .map(|step| {
            if let Step::Subtract(n, _) = step {
                *n
            } else {
                0
            }
        })
        .sum();
    let most = there.saturating_sub(taken).min(MAX_BY_NUMBER);
    (most > 0).then(|| Step::Subtract(dice.whole(1, most), things))
}

pub(super) fn wording(dice: &mut Dice, base: &Filter, steps: &[Step]) -> String {
    let mut sentences: Vec<String> = steps.iter().map(|step| sentence(dice, step)).collect();
    let ending = dice
        .pick(&ENDINGS)
        .copied()
        .unwrap_or_default()
        .replace("{p}", &base.plural());
    sentences.push(ending);
    dress(dice, sentences.join(" "))
}

fn sentence(dice: &mut Dice, step: &Step) -> String {
    let verbs: &[&str] = if matches!(step, Step::Add(..)) {
        &ADD_VERBS
    } else {
        &SUBTRACT_VERBS
    };
    let verb = dice.pick(verbs).copied().unwrap_or_default();
    match step {
        Step::SubtractAll(filter) => format!("{verb} all {}.", filter.plural()),
        Step::Subtract(1, filter) | Step::Add(1, filter) if dice.chance(0.5) => {
            format!("{verb} 1 {}.", filter.singular())
        }
        Step::Subtract(n, filter) | Step::Add(n, filter) => {
            format!("{verb} {n} {}.", filter.plural())
        }
    }
}
