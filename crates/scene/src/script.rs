//! A text as it grows, with the places that name what stands in the picture.

use std::ops::Range;

use serde::Serialize;

/// Words that name where or what objects are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    /// The words in the text, the space before them included.
    pub bytes: Range<usize>,
    /// Indices into the scene's objects.
    pub objects: Vec<usize>,
}

/// A text being written.
#[derive(Default)]
pub(crate) struct Script {
    pub text: String,
    pub looks: Vec<Look>,
}

impl Script {
    /// Writes words.
    pub fn say(&mut self, words: &str) {
        self.text.push_str(words);
    }

    /// Writes a space and words that name these objects; where there is none it is no look.
    pub fn name(&mut self, words: &str, objects: Vec<usize>) {
        let start = self.text.len();
        self.text.push(' ');
        self.text.push_str(words);
        if !objects.is_empty() {
            self.looks.push(Look {
                bytes: start..self.text.len(),
                objects,
            });
        }
    }
}
