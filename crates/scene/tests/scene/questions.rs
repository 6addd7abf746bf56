//! Answers recomputed from the words of the questions, and the shares of the families.

use std::collections::BTreeSet;

use scene::{Dice, Family, Form, Kind, Object, Reference, Sample, Scene, Style};

use crate::phrase::{Phrase, phrase_at, phrases, words};

const N_SEEDS: u64 = 500;

fn samples(family: Family) -> impl Iterator<Item = Sample> {
    (0..N_SEEDS).map(move |seed| Sample::from_seed(seed, 1..=9, Some(family)))
}

fn yes_or_no(is_yes: bool) -> String {
    if is_yes { "Yes" } else { "No" }.into()
}

/// The answer as a reader of the question's words would give it.
fn answer(text: &str, family: Family, scene: &Scene) -> String {
    let named = phrases(text);
    let only = || named[0].only(scene);
    match family {
        Family::Count => named[0].count(scene).to_string(),
        Family::Exists => yes_or_no(named[0].count(scene) > 0),
        Family::Color => only().color.name().into(),
        Family::Shape | Family::Digit => match only().kind {
            Kind::Shape(shape) => shape.name().into(),
            Kind::Digit(digit) => digit.to_string(),
        },
        Family::Position => position(text, &named, scene),
        Family::Compare => comparison(text, &named, scene),
        Family::Arithmetic => arithmetic(text, scene),
    }
}

fn is_choice(text: &str) -> bool {
    text.contains(" or ") && !text.contains("yes or no")
        || text.contains("Of the")
        || text.contains("of the ") && text.contains("which is")
        || ["between the", "comparing the"]
            .iter()
            .any(|start| text.to_lowercase().contains(start))
}

fn position(text: &str, named: &[Phrase], scene: &Scene) -> String {
    let [.., first, second] = named else {
        panic!("{text}: two objects")
    };
    let (one, other) = (first.only(scene), second.only(scene));
    let said = words(text);
    let says = |options: &[&str]| options.iter().any(|word| said.iter().any(|w| w == word));
    let ahead = |axis: usize| one.center_px[axis] - other.center_px[axis];
    let distance = if says(&["left"]) {
        -ahead(0)
    } else if says(&["right"]) {
        ahead(0)
    } else if says(&["above", "higher", "up"]) {
        -ahead(1)
    } else {
        assert!(says(&["below", "lower", "down"]), "{text}");
        ahead(1)
    };
    assert!(distance.abs() >= 14.0, "{text}: {distance} px apart");
    match is_choice(text) {
        true => if distance > 0.0 { first } else { second }.words.join(" "),
        false => yes_or_no(distance > 0.0),
    }
}

fn comparison(text: &str, named: &[Phrase], scene: &Scene) -> String {
    let [first, second] = named else {
        panic!("{text}: two groups")
    };
    let both = |object: &Object| first.fits(object) && second.fits(object);
    assert!(
        !scene.objects.iter().any(both),
        "{text}: an object is in both groups"
    );
    let (one, other) = (first.count(scene), second.count(scene));
    let said = words(text);
    let says = |word: &str| said.iter().any(|w| w == word);
    if is_choice(text) || text.contains("more of") {
        assert_ne!(one, other, "{text}");
        return if one > other { first } else { second }.words.join(" ");
    }
    yes_or_no(match () {
        () if says("fewer") || says("less") => one < other,
        () if says("many") => one == other,
        () => one > other,
    })
}

fn arithmetic(text: &str, scene: &Scene) -> String {
    let said = words(text);
    let ending = said
        .windows(2)
        .position(|pair| pair == ["how", "many"])
        .expect("how many");
    let base = phrase_at(&said[ending + 2..]).expect("what is counted");
    let mut left = base.count(scene);
    for at in 0..ending {
        let taken = match said[at].as_str() {
            "subtract" | "remove" | "away" => -1,
            "add" => 1,
            "put" => 1,
            _ => continue,
        };
        let at = if said[at] == "put" { at + 1 } else { at };
        let things = phrase_at(&said[at + 2..]).expect("what comes or goes");
        let by = match said[at + 1].as_str() {
            "all" => things.count(scene),
            number => number.parse().expect("a number"),
        };
        left += taken * by;
        assert!(left >= 0, "{text}");
    }
    left.to_string()
}

#[test]
fn answers_are_those_of_a_reader_of_the_words() {
    for family in Family::ALL {
        for sample in samples(family) {
            let question = &sample.question;
            assert_eq!(question.family, family);
            let read = answer(&question.text, family, &sample.scene);
            assert_eq!(
                question.answer, read,
                "{}: {:#?}",
                question.text, sample.scene.objects
            );
        }
    }
}

#[test]
fn every_family_can_be_asked_whatever_the_range_of_objects() {
    for family in Family::ALL {
        for n in [1, 2, 9] {
            for seed in 0..20 {
                let sample = Sample::from_seed(seed, n..=n, Some(family));
                assert_eq!(sample.question.family, family);
            }
        }
    }
    let any: BTreeSet<&str> = (0..200)
        .map(|seed| Sample::from_seed(seed, 1..=9, None).question.family.name())
        .collect();
    assert_eq!(any.len(), Family::ALL.len());
}

#[test]
fn a_seed_gives_one_sample() {
    for seed in 0..50 {
        let [one, other] = [(), ()].map(|()| Sample::from_seed(seed, 1..=9, None));
        assert_eq!(one, other);
        assert_ne!(one, Sample::from_seed(seed + 1, 1..=9, None));
    }
}

#[test]
fn first_looks_are_wrong_about_every_third_time() {
    for family in Family::ALL {
        let wrong = samples(family)
            .enumerate()
            .filter(|(seed, sample)| {
                let style = Style {
                    form: Form::SemanticBack,
                    random_error: 0.1,
                    is_blind: false,
                };
                let mut dice = Dice::from_seed(*seed as u64);
                !Reference::new(&mut dice, &sample.scene, &sample.question, style)
                    .is_first_look_right
            })
            .count();
        let share = wrong as f32 / N_SEEDS as f32;
        assert!((0.28..0.43).contains(&share), "{}: {share}", family.name());
    }
}

#[test]
fn answers_are_spread() {
    let share = |family: Family, answer: &str, among: &[&str]| {
        let answers: Vec<String> = samples(family)
            .map(|sample| sample.question.answer)
            .collect();
        let is_among = |a: &&String| among.is_empty() || among.contains(&a.as_str());
        let n = answers.iter().filter(is_among).count();
        answers.iter().filter(|a| *a == answer).count() as f32 / n as f32
    };
    for family in [Family::Exists, Family::Position, Family::Compare] {
        let yes = share(family, "Yes", &["Yes", "No"]);
        assert!((0.42..0.58).contains(&yes), "{}: {yes}", family.name());
    }
    let none = share(Family::Count, "0", &[]);
    assert!((0.04..0.12).contains(&none), "{none}");
    assert!(share(Family::Count, "1", &[]) < 0.4);
    for color in ["red", "black", "yellow"] {
        assert!(
            (0.06..0.2).contains(&share(Family::Color, color, &[])),
            "{color}"
        );
    }
    let shapes = share(Family::Position, "Yes", &[]) + share(Family::Position, "No", &[]);
    assert!((0.5..0.8).contains(&shapes), "{shapes}");
}

#[test]
fn questions_come_in_many_words() {
    for family in Family::ALL {
        let texts: BTreeSet<String> = samples(family).map(|sample| sample.question.text).collect();
        assert!(texts.len() > 300, "{}: {}", family.name(), texts.len());
        let starts: BTreeSet<String> = texts
            .iter()
            .map(|text| words(text)[..2].join(" "))
            .collect();
        assert!(starts.len() >= 12, "{}: {starts:?}", family.name());
        for text in &texts {
            assert!(!text.contains(['{', '}']), "{text}");
            assert!(
                !text.contains(" a orange") && !text.contains(" a 8"),
                "{text}"
            );
        }
    }
}
