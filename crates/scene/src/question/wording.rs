//! Words around a question.

use crate::dice::Dice;

/// Before the question; the first letter after a colon or a comma becomes small.
const PREFIXES: [&str; 12] = [
    "Look at the {image}. ",
    "Please look carefully. ",
    "Please answer: ",
    "Please tell me: ",
    "Here is a question: ",
    "Question: ",
    "Hello! ",
    "Hi, ",
    "Look closely: ",
    "About this {image}: ",
    "Study the {image} first. ",
    "I have a question. ",
];

const SUFFIXES: [&str; 8] = [
    " Thanks.",
    " Thank you!",
    " Please look closely.",
    " Look carefully.",
    " Please check.",
    " Take your time.",
    " Look at the {image} again if you need to.",
    " Think about it.",
];

/// One of the templates with its `{names}` replaced, and words around it by chance.
pub(super) fn phrase(dice: &mut Dice, templates: &[&str], values: &[(&str, &str)]) -> String {
    let mut core = dice.pick(templates).copied().unwrap_or_default().to_owned();
    for (name, value) in values {
        core = core.replace(name, value);
    }
    dress(dice, core)
}

/// Words around a finished question by chance, its own words as different people write them.
pub(super) fn dress(dice: &mut Dice, core: String) -> String {
    let mut text = core;
    if dice.chance(0.2) {
        let prefix = dice.pick(&PREFIXES).copied().unwrap_or_default();
        text = if prefix.ends_with(". ") || prefix.ends_with("! ") {
            format!("{prefix}{text}")
        } else {
            format!("{prefix}{}", small_start(&text))
        };
    } else if dice.chance(0.12) {
        text = small_start(&text);
    }
    if dice.chance(0.12) {
        text += dice.pick(&SUFFIXES).copied().unwrap_or_default();
    } else if dice.chance(0.15) {
        text.truncate(text.trim_end_matches(['?', '.']).len());
    }
    let image = dice
        .pick(&["image", "image", "picture", "picture", "scene"])
        .copied()
        .unwrap_or_default();
    let color = if dice.chance(0.25) { "colour" } else { "color" };
    text.replace("{image}", image).replace("{color}", color)
}

/// The text with a small first letter.
fn small_start(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(letters)
        .collect()
}
