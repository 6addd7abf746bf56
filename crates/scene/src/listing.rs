//! What a look back says: the objects that the question is about, with their places.

use crate::filter::Filter;
use crate::question::{Ask, Attribute};
use crate::scene::Scene;
use crate::script::Script;
use crate::solution::Solution;

/// What is actually there.
pub(crate) fn list(script: &mut Script, ask: &Ask, scene: &Scene, truth: &Solution) {
    let cell = |object: usize| {
        scene
            .objects
            .get(object)
            .map(|object| object.cell().to_string())
            .unwrap_or_default()
    };
    match ask {
        Ask::Attribute { attribute, target } => {
            script.say(&format!("The {} at", target.filter.singular()));
            script.name(&cell(target.object), vec![target.object]);
            script.say(if *attribute == Attribute::Shape {
                " is a"
            } else {
                " is"
            });
            script.name(&truth.answer, vec![target.object]);
            script.say(".");
        }
        Ask::Position { first, second, .. } => {
            script.say(&format!("The {} is at", first.filter.singular()));
            script.name(&cell(first.object), vec![first.object]);
            script.say(&format!(", the {} at", second.filter.singular()));
            script.name(&cell(second.object), vec![second.object]);
            script.say(".");
        }
        _ => tally(script, &ask.counted(), scene),
    }
}

/// `Red circles: b2 small red circle: 1; c3 large blue star: 1; d5 small red circle: 2.` — every object in
/// reading order, after each how many match so far; two groups are told as `1 and 0`.
fn tally(script: &mut Script, groups: &[Filter], scene: &Scene) {
    let plurals: Vec<String> = groups.iter().map(Filter::plural).collect();
    script.say(&format!("{}:", capital_start(&plurals.join(" and "))));
    let mut counts = vec![0; groups.len()];
    for (at, object) in scene.objects.iter().enumerate() {
        for (count, group) in counts.iter_mut().zip(groups) {
            *count += usize::from(group.matches(object));
        }
        script.say(if at > 0 { ";" } else { "" });
        script.name(&object.cell().to_string(), vec![at]);
        script.name(&object.in_words(), vec![at]);
        let told: Vec<String> = counts.iter().map(usize::to_string).collect();
        script.say(&format!(": {}", told.join(" and ")));
    }
    script.say(if scene.objects.is_empty() {
        " none."
    } else {
        "."
    });
}

/// The text with a capital first letter.
fn capital_start(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}
