//! What a look back says: every object with its place, and which of them the question is about.
//!
//! Each step is small enough for a small network: the phrase asked for is said once with nothing left open
//! (`any colored circle`), so that every word of an object faces one word of the phrase; a verdict follows each
//! object, and the count follows the verdict.

use crate::filter::Filter;
use crate::question::{Ask, Attribute};
use crate::scene::Scene;
use crate::script::Script;
use crate::solution::Solution;

/// What is actually there, and what of it decides.
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
            tally(script, &[target.filter], scene, false);
            script.say(&format!(" The {} at", target.filter.singular()));
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
            tally(script, &[first.filter, second.filter], scene, false);
            script.say(&format!(" The {} is at", first.filter.singular()));
            script.name(&cell(first.object), vec![first.object]);
            script.say(&format!(", the {} at", second.filter.singular()));
            script.name(&cell(second.object), vec![second.object]);
            script.say(".");
        }
        _ => tally(script, &ask.counted(), scene, true),
    }
}

/// ` for any red circle: b2 small red circle: yes 1; c3 large blue star: no 1.` — every object in reading order,
/// whether it matches, and how many have so far; of two groups which of them, and `1 and 0`.
fn tally(script: &mut Script, groups: &[Filter], scene: &Scene, is_counted: bool) {
    let phrases: Vec<String> = groups.iter().map(Filter::complete).collect();
    script.say(&format!(" for {}:", phrases.join(" and ")));
    let mut counts = vec![0; groups.len()];
    for (at, object) in scene.objects.iter().enumerate() {
        let matches: Vec<bool> = groups.iter().map(|group| group.matches(object)).collect();
        for (count, matches) in counts.iter_mut().zip(&matches) {
            *count += usize::from(*matches);
        }
        script.say(if at > 0 { ";" } else { "" });
        script.name(&object.cell().to_string(), vec![at]);
        script.name(&object.in_words(), vec![at]);
        script.say(&format!(": {}", found(&matches)));
        if is_counted {
            let told: Vec<String> = counts.iter().map(usize::to_string).collect();
            script.say(&format!(" {}", told.join(" and ")));
        }
    }
    script.say(if scene.objects.is_empty() {
        " none."
    } else {
        "."
    });
}

/// Which of one or two groups an object is in.
fn found(matches: &[bool]) -> &'static str {
    match matches {
        [true] => "yes",
        [true, true] => "both",
        [true, false] => "first",
        [false, true] => "second",
        _ => "no",
    }
}
