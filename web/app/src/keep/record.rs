//! The recording of the answer at hand.

use trace::{ImageFile, Trace};

use crate::picture::Picture;
use crate::run::Run;

/// The trace file of the complete answer, with its pictures where those are still at hand.
pub fn recording(run: Run) -> Option<String> {
    let mut trace = run.with_whole(Trace::clone)?;
    for image in 0..trace.prompt.images.len() {
        if let Some(picture) = picture_of_trace(run, &trace, image) {
            trace.prompt.images[image].file = picture.bytes;
        }
    }
    trace.to_json().ok()
}

/// One of the encoded pictures that a trace is about, if it is at hand.
pub fn picture_of_trace(run: Run, trace: &Trace, image: usize) -> Option<ImageFile> {
    let pictures = run.pictures();
    let is_it = |picture: &&Picture| picture.has_size_of(&trace.prompt.images[image]);
    pictures.get(image).filter(is_it)?.to_file()
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
