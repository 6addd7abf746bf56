//! What is said before and after looking back.

use crate::filter::Filter;
use crate::question::{Ask, Attribute, Comparison, PositionForm, Side, Sum, Target, sums};
use crate::reference::Form;
use crate::scene::Scene;
use crate::solution::Solution;

/// What is looked for.
pub(crate) fn intro(ask: &Ask) -> String {
    match ask {
        Ask::Attribute { target, .. } => format!("I look at the {}.", target.filter.singular()),
        Ask::Position { first, second, .. } => {
            format!(
                "I compare the {} and the {}.",
                first.filter.singular(),
                second.filter.singular()
            )
        }
        _ => {
            let plurals: Vec<String> = ask.counted().iter().map(Filter::plural).collect();
            format!("I look for {}.", plurals.join(" and "))
        }
    }
}

/// A whole solution up to "the answer is".
pub(crate) fn solve(ask: &Ask, solution: &Solution) -> String {
    let (counts, answer) = (&solution.counts, &solution.answer);
    let seen = |at: usize, filter: &Filter| {
        format!(
            "{} {}",
            counts.get(at).copied().unwrap_or(0),
            filter.plural()
        )
    };
    let finding = match ask {
        Ask::Count(filter) => format!("I look for {}. I see {answer} of them", filter.plural()),
        Ask::Exists(filter) => {
            let found = if counts.first().is_some_and(|&n| n > 0) {
                "one"
            } else {
                "none"
            };
            format!("I look for {}. I see {found}", filter.with_article())
        }
        Ask::Attribute {
            attribute: Attribute::Shape,
            ..
        } => format!("{} It seems a {answer}", intro(ask)),
        Ask::Attribute { .. } => format!("{} It seems {answer}", intro(ask)),
        Ask::Position {
            first,
            second,
            side,
            form,
        } => {
            let is_first = match form {
                PositionForm::Is => answer == "Yes",
                PositionForm::Which => *answer == first.filter.singular(),
            };
            let further = if is_first { first } else { second };
            format!(
                "{} The {} seems {}",
                intro(ask),
                further.filter.singular(),
                side.direction()
            )
        }
        Ask::Compare { first, second, .. } => {
            format!("I see {} and {}", seen(0, first), seen(1, second))
        }
        Ask::Arithmetic { steps, .. } => {
            let phrases = ask.counted();
            let seen: Vec<String> = phrases
                .iter()
                .enumerate()
                .map(|(at, filter)| seen(at, filter))
                .collect();
            format!(
                "I see {}. {}",
                seen.join(" and "),
                calculation(&sums(steps, counts))
            )
        }
    };
    format!("{finding}, so the answer is")
}

/// `7 - 1 = 6, 6 + 2 = 8`
fn calculation(lines: &[Sum]) -> String {
    let line = |sum: &Sum| format!("{} {} {} = {}", sum.before, sum.sign, sum.by, sum.after);
    lines.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// Why what was listed decides; empty where the list itself does. Ends with a space.
pub(crate) fn reason(ask: &Ask, scene: &Scene, truth: &Solution) -> String {
    match (ask, truth.counts.as_slice()) {
        (Ask::Compare { comparison, .. }, &[first, second]) => {
            format!(
                "{first} is {} {second}. Asked: {}. ",
                Comparison::relation(first, second),
                comparison.asked()
            )
        }
        (Ask::Arithmetic { steps, .. }, counts) => {
            format!("{}. ", calculation(&sums(steps, counts)))
        }
        (
            Ask::Position {
                first,
                second,
                side,
                ..
            },
            _,
        ) => {
            let cells =
                [first, second].map(|target| scene.objects.get(target.object).map(|o| o.cell()));
            match cells {
                [Some(one), Some(other)] => {
                    format!(
                        "{one} is {} {other}. Asked: {}. ",
                        true_side(scene, first, second, *side).relation(),
                        side.relation()
                    )
                }
                _ => String::new(),
            }
        }
        _ => String::new(),
    }
}

/// What the look back makes of the first look: the answer, then how the first look compares to it.
pub(crate) fn verdict(form: Form, answer: &str, glance: &str) -> String {
    match (form, answer == glance) {
        (Form::SolutionBack, true) => format!("It is {answer}: the solution holds."),
        (Form::SolutionBack, false) => format!("It is {answer}: the solution was wrong."),
        (_, true) => format!("It is {answer}, as at first glance."),
        (_, false) => format!("It is {answer}, not {glance}."),
    }
}

/// The side on which the first object lies of the second, along the asked axis.
fn true_side(scene: &Scene, first: &Target, second: &Target, side: Side) -> Side {
    match (
        scene.objects.get(first.object),
        scene.objects.get(second.object),
    ) {
        (Some(one), Some(other)) if side.holds(one, other) => side,
        _ => side.opposite(),
    }
}
