//! What follows from what is seen.

use crate::dice::Dice;
use crate::filter::Filter;
use crate::glance::{is_faint, mistaken, seen};
use crate::question::{Ask, Comparison, PositionForm, Step, Target, sums};
use crate::scene::Scene;

/// How the scene is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eye {
    /// Everything is seen as it is.
    Look,
    /// Faint objects are overlooked or mistaken.
    Glance,
}

/// An answer and the numbers that it rests on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Solution {
    /// One for each phrase of [`Ask::counted`].
    pub counts: Vec<i32>,
    /// What belongs into the box.
    pub answer: String,
}

impl Solution {
    /// What this eye makes of the scene.
    pub fn of(ask: &Ask, scene: &Scene, eye: Eye) -> Self {
        let counted = |filter: &Filter| match eye {
            Eye::Look => filter.count(scene) as i32,
            Eye::Glance => seen(filter, scene) as i32,
        };
        let counts: Vec<i32> = ask.counted().iter().map(counted).collect();
        let is_hard = |at: &usize| scene.objects.get(*at).is_some_and(is_faint);
        let is_mistaken = eye == Eye::Glance && ask.objects(scene).iter().any(is_hard);
        let answer = match ask {
            Ask::Attribute { attribute, target } => {
                let object = scene.objects.get(target.object);
                let read = |object| {
                    if is_mistaken {
                        mistaken(*attribute, object)
                    } else {
                        attribute.of(object)
                    }
                };
                object.and_then(read).unwrap_or_default()
            }
            Ask::Position {
                first,
                second,
                side,
                form,
            } => {
                let holds = match (
                    scene.objects.get(first.object),
                    scene.objects.get(second.object),
                ) {
                    (Some(one), Some(other)) => side.holds(one, other),
                    _ => false,
                };
                place(first, second, *form, holds != is_mistaken)
            }
            _ => conclude(ask, &counts).unwrap_or_default(),
        };
        Self { counts, answer }
    }

    /// A wrong answer by chance, of the right type, with numbers that lead to it.
    pub fn mistaken(dice: &mut Dice, ask: &Ask, scene: &Scene) -> Self {
        let truth = Self::of(ask, scene, Eye::Look);
        let answer = match ask {
            Ask::Attribute { attribute, .. } => {
                let mut words = attribute.words();
                words.retain(|word| *word != truth.answer);
                dice.pick(&words).cloned().unwrap_or_default()
            }
            Ask::Position {
                first,
                second,
                form,
                ..
            } => {
                let is_first = match form {
                    PositionForm::Is => truth.answer == YES,
                    PositionForm::Which => truth.answer == first.filter.singular(),
                };
                place(first, second, *form, !is_first)
            }
            _ => return miscounted(dice, ask, &truth),
        };
        Self {
            counts: Vec::new(),
            answer,
        }
    }
}

const YES: &str = "Yes";
const NO: &str = "No";

fn yes_or_no(is_yes: bool) -> String {
    if is_yes { YES } else { NO }.into()
}

/// The answer about two objects if the first one lies further to the asked side, or if it does not.
fn place(first: &Target, second: &Target, form: PositionForm, is_first: bool) -> String {
    match form {
        PositionForm::Is => yes_or_no(is_first),
        PositionForm::Which if is_first => first.filter.singular(),
        PositionForm::Which => second.filter.singular(),
    }
}

/// The answer that follows from counts; none where two equal groups leave it open which is larger.
fn conclude(ask: &Ask, counts: &[i32]) -> Option<String> {
    let first_count = counts.first().copied().unwrap_or(0);
    let second_count = counts.get(1).copied().unwrap_or(0);
    match ask {
        Ask::Exists(_) => Some(yes_or_no(first_count > 0)),
        Ask::Compare {
            first,
            second,
            comparison,
        } => match comparison {
            Comparison::More => Some(yes_or_no(first_count > second_count)),
            Comparison::Fewer => Some(yes_or_no(first_count < second_count)),
            Comparison::Equal => Some(yes_or_no(first_count == second_count)),
            Comparison::Which if first_count > second_count => Some(first.plural()),
            Comparison::Which if first_count < second_count => Some(second.plural()),
            Comparison::Which => None,
        },
        Ask::Arithmetic { steps, .. } => Some(
            sums(steps, counts)
                .last()
                .map_or(first_count, |sum| sum.after)
                .to_string(),
        ),
        _ => Some(first_count.to_string()),
    }
}

/// The nearest wrong counts that lead to a wrong answer; plain counts are off by one or two.
fn miscounted(dice: &mut Dice, ask: &Ask, truth: &Solution) -> Solution {
    let is_possible = |counts: &[i32]| {
        let steps: &[Step] = if let Ask::Arithmetic { steps, .. } = ask {
            steps
        } else {
            &[]
        };
        counts.iter().all(|&n| n >= 0) && sums(steps, counts).iter().all(|sum| sum.after >= 0)
    };
    let wrong = |counts: Vec<i32>| {
        let answer = conclude(ask, &counts).filter(|answer| *answer != truth.answer)?;
        is_possible(&counts).then_some(Solution { counts, answer })
    };
    let shifted = |first: i32, second: i32| {
        let shifts = [first, second];
        wrong(
            truth
                .counts
                .iter()
                .zip(shifts)
                .map(|(n, shift)| n + shift)
                .collect(),
        )
    };
    let choices: Vec<Solution> = match ask {
        Ask::Compare { .. } => (1..=20)
            .map(|far: i32| {
                let pairs = (-far..=far).flat_map(|a| [(a, far - a.abs()), (a, a.abs() - far)]);
                pairs.filter_map(|(a, b)| shifted(a, b)).collect::<Vec<_>>()
            })
            .find(|near| !near.is_empty())
            .unwrap_or_default(),
        Ask::Exists(_) => wrong(vec![i32::from(truth.answer == NO)])
            .into_iter()
            .collect(),
        _ => [-2, -1, 1, 2]
            .into_iter()
            .filter_map(|shift| shifted(shift, 0))
            .collect(),
    };
    dice.pick(&choices).unwrap_or(truth).clone()
}
