//! The words that questions are made of.

use crate::object::{Color, Shape, Size};

/// Every word of the question wordings besides colours, sizes, shapes and numbers, in the alphabet's order.
const WORDS: &str = "a about above add again all an and answer any anywhere are as at away be below between can \
    carefully check closely color colour comparing contain count digit digits do does down drawn \
    end fewer find first found frequent further give group has have hello here hi higher how i if \
    image in is it just kind larger least left less lie lies located look lower many me members \
    more name need no now number numerous object objects of one or picture placed please put \
    question read remain remove right say scene see shape show somewhere stand study subtract take \
    tell than thank thanks that the then there think this time to total true two up value visible \
    what whether which would yes you your";

/// The words of a text that no question about a scene is made of, as they are written, each once, in order.
///
/// Numbers are known ("12", "7s"), and so is every spelling of a known word in capitals or small letters.
pub fn unknown_words(text: &str) -> Vec<String> {
    let mut unknown: Vec<String> = Vec::new();
    for word in words(text) {
        let is_listed = unknown
            .iter()
            .any(|listed| listed.eq_ignore_ascii_case(word));
        if !is_listed && !is_known(word) {
            unknown.push(word.to_owned());
        }
    }
    unknown
}

/// Runs of letters and digits; an apostrophe inside belongs to its word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !is_letter(letter) && !is_apostrophe(letter))
        .map(|word| word.trim_matches(is_apostrophe))
        .filter(|word| !word.is_empty())
}

/// Beyond ASCII everything but the common punctuation: no tables of Unicode for a notice.
fn is_letter(character: char) -> bool {
    match character {
        '\u{80}'..='\u{bf}' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' => false,
        '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' => false,
        _ => !character.is_ascii() || character.is_ascii_alphanumeric(),
    }
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’')
}

fn is_known(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let number = word.strip_suffix('s').unwrap_or(&word);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        || WORDS.split(' ').any(|known| known == word)
        || Color::ALL.iter().any(|color| color.name() == word)
        || Size::ALL.iter().any(|size| size.name() == word)
        || Shape::ALL
            .iter()
            .any(|shape| shape.name() == word || shape.plural() == word)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Family, Sample};

    /// Enough for every wording of every family to come up.
    const N_SEEDS: u64 = 4000;

    #[test]
    fn the_list_holds_the_words_of_the_questions_and_no_others() {
        let mut asked: BTreeSet<String> = BTreeSet::new();
        for (seed, family) in (0..N_SEEDS).flat_map(|seed| Family::ALL.map(|family| (seed, family)))
        {
            let text = Sample::from_seed(seed, 1..=9, Some(family)).question.text;
            assert_eq!(unknown_words(&text), Vec::<String>::new(), "{text}");
            asked.extend(words(&text).map(str::to_lowercase));
        }
        let unasked: Vec<_> = WORDS
            .split(' ')
            .filter(|word| !asked.contains(*word))
            .collect();
        assert_eq!(unasked, Vec::<&str>::new());
    }

    #[test]
    fn other_words_are_named_as_they_are_written_and_once() {
        let text = "Is the Bicycle's wheel RED, like a bicycle’s? 12 circles, four 7s; seven!";
        let unknown = unknown_words(text);
        assert_eq!(
            unknown,
            ["Bicycle's", "wheel", "like", "bicycle’s", "four", "seven"]
        );
    }

    #[test]
    fn words_of_other_scripts_are_whole() {
        assert_eq!(
            unknown_words("¿Où est „Größe“, 自転車？"),
            ["Où", "est", "Größe", "自転車"]
        );
    }

    #[test]
    fn a_text_without_words_has_no_unknown_ones() {
        assert_eq!(
            unknown_words(" ?! ' ’’ … 「。」¿\u{a0}「？」 "),
            Vec::<String>::new()
        );
    }
}
