//! What a phrase of a question means, read from its words alone.

use scene::{Color, Kind, Object, Scene, Shape, Size};

/// Words that all must fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phrase {
    pub words: Vec<String>,
}

impl Phrase {
    pub fn fits(&self, object: &Object) -> bool {
        self.words.iter().all(|word| fits(word, object))
    }

    pub fn count(&self, scene: &Scene) -> i32 {
        scene
            .objects
            .iter()
            .filter(|object| self.fits(object))
            .count() as i32
    }

    /// The one object that it fits.
    pub fn only<'a>(&self, scene: &'a Scene) -> &'a Object {
        let fitting: Vec<&Object> = scene
            .objects
            .iter()
            .filter(|object| self.fits(object))
            .collect();
        assert_eq!(fitting.len(), 1, "{self:?} must fit one object");
        fitting[0]
    }
}

fn is_noun(word: &str) -> bool {
    let one = word.strip_suffix("es").filter(|one| *one == "cross");
    let one = one
        .or_else(|| word.strip_suffix('s').filter(|one| *one != "cros"))
        .unwrap_or(word);
    ["object", "digit"].contains(&one)
        || Shape::ALL.iter().any(|shape| shape.name() == one)
        || (one.len() == 1 && one.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_adjective(word: &str) -> bool {
    ["small", "large"].contains(&word) || Color::ALL.iter().any(|color| color.name() == word)
}

fn fits(word: &str, object: &Object) -> bool {
    match (word, object.kind) {
        ("small", _) => object.size == Size::Small,
        ("large", _) => object.size == Size::Large,
        ("object" | "objects", _) | ("digit" | "digits", Kind::Digit(_)) => true,
        (word, Kind::Digit(digit)) if word.starts_with(|c: char| c.is_ascii_digit()) => {
            word.trim_end_matches('s') == digit.to_string()
        }
        (word, _) if is_adjective(word) => object.color.name() == word,
        ("crosses", kind) => kind == Kind::Shape(Shape::Cross),
        (word, Kind::Shape(shape)) => {
            word == shape.name() || word.strip_suffix('s') == Some(shape.name())
        }
        _ => false,
    }
}

/// The words of a question, small.
pub fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The phrase at the start of the words.
pub fn phrase_at(words: &[String]) -> Option<Phrase> {
    let n = words.iter().take_while(|word| is_adjective(word)).count();
    let noun = words.get(n).filter(|word| is_noun(word))?;
    let words = words[..n].iter().chain([noun]).cloned().collect();
    Some(Phrase { words })
}

/// All phrases in order.
pub fn phrases(text: &str) -> Vec<Phrase> {
    let words = words(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match phrase_at(&words[at..]) {
            Some(phrase) => {
                at += phrase.words.len();
                found.push(phrase);
            }
            None => at += 1,
        }
    }
    found
}
