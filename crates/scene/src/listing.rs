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
        _ => {
            for (at, filter) in ask.counted().iter().enumerate() {
                script.say(if at > 0 { " " } else { "" });
                list_group(script, filter, scene);
            }
        }
    }
}

/// `Red circles: 1 at b2, 2 at d5.`
fn list_group(script: &mut Script, filter: &Filter, scene: &Scene) {
    script.say(&format!("{}:", capital_start(&filter.plural())));
    let found = filter.find(scene);
    for (at, &object) in found.iter().enumerate() {
        script.say(&format!("{} {} at", if at > 0 { "," } else { "" }, at + 1));
        script.name(&scene.objects[object].cell().to_string(), vec![object]);
    }
    script.say(if found.is_empty() { " none." } else { "." });
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
