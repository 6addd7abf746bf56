//! Whether the model was right, where the true answer is known.

use leptos::prelude::*;
use scene::{Ask, Comparison, Family, PositionForm, Question};
use trace::StopReason;

use crate::maker::Maker;
use crate::maker::world::is_demo;
use crate::run::Phase;

/// What the page says about an answer to a question that it offered; a screen reader hears it.
#[component]
pub fn Verdict(maker: Maker) -> impl IntoView {
    view! { <p class="verdict" role="status" data-testid="verdict">{move || verdict(maker)}</p> }
}

/// Nothing unless an offered question was answered and the scene has not been changed since.
fn verdict(maker: Maker) -> Option<String> {
    let run = maker.run;
    if run.phase.get() != Phase::Done {
        return None;
    }
    let scene = maker.arrangement()?.scene();
    if maker.asked.with(|asked| asked.as_ref() != Some(&scene)) {
        return None;
    }
    let is_demo = run
        .loaded
        .with(|loaded| loaded.as_ref().is_some_and(is_demo));
    run.trace.with(|trace| {
        let is_judged = match trace.stop {
            StopReason::End => is_demo,
            StopReason::Length => false,
            StopReason::Stopped | StopReason::Failed => return None,
        };
        maker.offers.with(|offers| {
            let question = offers.find(&trace.prompt.question, &scene)?;
            Some(words(question, &trace.answer, is_judged))
        })
    })
}

/// Only the demo model was taught to answer in these words, another one may be right in its own; and what was
/// cut short is not wrong.
fn words(question: &Question, given: &str, is_judged: bool) -> String {
    let given = given.trim().trim_end_matches('.');
    let truth = truth(question);
    if given.eq_ignore_ascii_case(&question.answer) {
        format!("Right: {}.", question.answer)
    } else if is_judged {
        format!("Not right: {truth}.")
    } else {
        format!("The true answer: {truth}.")
    }
}

/// The true answer as a sentence without its end: "there are 2".
fn truth(question: &Question) -> String {
    let answer = &question.answer;
    match (question.family, &question.ask) {
        (Family::Count, _) if answer == "1" => "there is 1".to_owned(),
        (Family::Count, _) => format!("there are {answer}"),
        (Family::Exists, _) if answer == "Yes" => "there is one".to_owned(),
        (Family::Exists, _) => "there is none".to_owned(),
        (Family::Shape, _) => format!("it is a {answer}"),
        (Family::Color | Family::Digit, _) => format!("it is {answer}"),
        (Family::Arithmetic, _) if answer == "1" => "1 is left".to_owned(),
        (Family::Arithmetic, _) => format!("{answer} are left"),
        (
            _,
            Ask::Position {
                form: PositionForm::Which,
                ..
            },
        ) => format!("it is the {answer}"),
        (
            _,
            Ask::Compare {
                comparison: Comparison::Which,
                ..
            },
        ) => format!("there are more {answer}"),
        (Family::Position | Family::Compare, _) => format!("the answer is {answer}"),
    }
}

#[cfg(test)]
mod tests {
    use scene::{Filter, KindFilter};

    use super::*;

    fn count(answer: &str) -> Question {
        Question {
            family: Family::Count,
            ask: Ask::Count(Filter {
                size: None,
                color: None,
                kind: KindFilter::AnyDigit,
            }),
            text: "How many digits are there?".to_owned(),
            answer: answer.to_owned(),
        }
    }

    #[test]
    fn an_answer_is_right_in_other_letters_and_wrong_in_other_words() {
        assert_eq!(words(&count("2"), " 2. ", true), "Right: 2.");
        assert_eq!(words(&count("2"), "12", true), "Not right: there are 2.");
        assert_eq!(words(&count("1"), "", true), "Not right: there is 1.");
        let exists = Question {
            family: Family::Exists,
            ..count("No")
        };
        assert_eq!(words(&exists, "no", true), "Right: No.");
        assert_eq!(words(&exists, "yes", true), "Not right: there is none.");
    }

    #[test]
    fn what_is_not_judged_is_not_called_wrong() {
        let said = words(&count("2"), "There are two digits", false);
        assert_eq!(said, "The true answer: there are 2.");
    }
}
