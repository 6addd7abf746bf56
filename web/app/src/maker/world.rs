//! The demo model's world: which model has it, and what the page says about things outside.

use leptos::prelude::*;
use scene::unknown_words;
use trace::{Loaded, ModelInfo};

use crate::picture::Picture;
use crate::run::Run;

/// Unknown words named in one message.
const N_NAMED: usize = 3;
/// Letters of an unknown word that are shown.
const N_LETTERS: usize = 24;

/// Whether a model is one of those made for this page, which know coloured shapes and digits and no more.
pub fn is_demo(loaded: &Loaded) -> bool {
    is_made_for_scenes(&loaded.model)
}

/// As [`is_demo`], of the model that a recording names.
pub fn is_made_for_scenes(model: &ModelInfo) -> bool {
    model.name.starts_with("Lookback demo")
}

/// What to say when the demo model is to look at a photo; tracked.
pub fn foreign_picture(run: Run) -> Option<&'static str> {
    let is_brought =
        |picture: &Option<Picture>| picture.as_ref().is_some_and(|picture| !picture.is_fitting);
    let is_foreign = knows_shapes_only(run) && run.picture.with(is_brought);
    is_foreign
        .then_some("This model knows coloured shapes and digits. For photos, load a bigger one.")
}

/// Which words of the question the demo model does not know; tracked.
pub fn unknown_words_of(run: Run) -> Option<String> {
    run.phase.track();
    let asked = run
        .trace
        .with_untracked(|trace| trace.prompt.question.clone());
    let words = run
        .question
        .with(|question| word_notice(finished(question, &asked)));
    (knows_shapes_only(run) && !words.is_empty()).then_some(words)
}

fn knows_shapes_only(run: Run) -> bool {
    run.loaded
        .with(|loaded| loaded.as_ref().is_some_and(is_demo))
}

/// The question without the word that is still being written; all of it once it is asked.
fn finished<'a>(question: &'a str, asked: &str) -> &'a str {
    let is_writing = !question
        .ends_with(|end: char| end.is_whitespace() || end.is_ascii_punctuation())
        && question != asked;
    match question.rfind(char::is_whitespace) {
        _ if !is_writing => question,
        Some(end) => &question[..end],
        None => "",
    }
}

/// "This model does not know the words “bicycle” and “wheel”."; empty where all are known.
fn word_notice(question: &str) -> String {
    let quoted = |word: &String| {
        let mut shown: String = word.chars().take(N_LETTERS).collect();
        if shown.len() < word.len() {
            shown.push('…');
        }
        format!("“{shown}”")
    };
    let unknown = unknown_words(question);
    let named: Vec<String> = unknown.iter().take(N_NAMED).map(quoted).collect();
    match named.as_slice() {
        [] => String::new(),
        [word] => format!("This model does not know the word {word}."),
        [words @ .., last] => {
            let words = words.join(", ");
            format!("This model does not know the words {words} and {last}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_of_this_page_are_told_by_their_names() {
        let named = |name: &str| Loaded {
            model: ModelInfo {
                name: name.to_owned(),
                ..ModelInfo::default()
            },
            ..Loaded::default()
        };
        for name in ["Lookback demo", "Lookback demo, semantic-back"] {
            assert!(is_demo(&named(name)), "{name}");
        }
        for name in ["Qwen2.5-VL-3B", "", "a Lookback demo"] {
            assert!(!is_demo(&named(name)), "{name}");
        }
    }

    #[test]
    fn the_first_unknown_words_are_named() {
        assert_eq!(word_notice("How many red circles are there?"), "");
        assert_eq!(
            word_notice("Is there a bicycle?"),
            "This model does not know the word “bicycle”."
        );
        assert_eq!(
            word_notice("Does Anna ride her old bicycle?"),
            "This model does not know the words “Anna”, “ride” and “her”."
        );
    }

    #[test]
    fn a_word_counts_once_it_is_written() {
        assert_eq!(finished("Is there a bicy", ""), "Is there a");
        assert_eq!(finished("Is there a bicycle?", ""), "Is there a bicycle?");
        assert_eq!(finished("bicy", "bicy"), "bicy");
        assert_eq!(finished("bicy", ""), "");
    }
}
