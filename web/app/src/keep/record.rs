//! The recording of the answer at hand.

use leptos::prelude::*;
use trace::{ImageFile, Trace};

use crate::picture::Picture;
use crate::run::Run;

/// The trace file of the complete answer, with its picture where that is still on the stage.
pub fn recording(run: Run) -> Option<String> {
    let mut trace = run.with_whole(Trace::clone)?;
    if let Some(picture) = picture_of_trace(run, &trace)
        && let Some(image) = trace.prompt.images.first_mut()
    {
        image.file = picture.bytes;
    }
    trace.to_json().ok()
}

/// The encoded picture that a trace is about, if it is the one on the stage.
pub fn picture_of_trace(run: Run, trace: &Trace) -> Option<ImageFile> {
    let image = trace.prompt.images.first()?;
    run.picture.with_untracked(|picture| {
        let is_it = |picture: &&Picture| picture.has_size_of(image);
        picture.as_ref().filter(is_it)?.to_file()
    })
}

/// The question as the beginning of a file's name: "how-many-red-objects-are-there".
pub fn file_stem(run: Run) -> String {
    let question = run.with_whole(|trace| trace.prompt.question.clone());
    stem(&question.unwrap_or_default())
}

fn stem(question: &str) -> String {
    let lower = question.to_ascii_lowercase();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || !letter.is_ascii();
    let words = lower.split(|letter: char| !is_letter(letter) || letter.is_whitespace());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).take(8).collect();
    let stem: String = words.join("-").chars().take(60).collect();
    match stem.is_empty() {
        true => "answer".to_owned(),
        false => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_words_only() {
        assert_eq!(
            stem("How many red objects are there?"),
            "how-many-red-objects-are-there"
        );
        assert_eq!(stem("../../<b>Größe</b>"), "b-größe-b");
        assert_eq!(stem(" ?! "), "answer");
    }
}
