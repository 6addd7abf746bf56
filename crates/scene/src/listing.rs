//! What a look back says: every object with its place, which of its words are the ones asked for, and what follows.
//!
//! Each step is small enough for a small network: the phrase asked for is said once with nothing left open
//! (`Any Colored Circle`), so that every word of an object faces one word of the phrase and is ticked on its own;
//! the verdict on an object follows from its ticks, and the count follows the verdict. Two groups are two lists.

use crate::filter::Filter;
use crate::object::{Color, Object, Size};
use crate::question::Ask;
use crate::scene::Scene;
use crate::script::Script;
use crate::solution::Solution;

/// What is actually there, and what of it decides; each list starts with `lead`.
pub(crate) fn list(script: &mut Script, lead: &str, ask: &Ask, scene: &Scene, truth: &Solution) {
    let phrases = ask.phrases();
    for (at, phrase) in phrases.iter().enumerate() {
        script.say(if at > 0 { " " } else { "" });
        script.say(&format!("{lead} for {}:", phrase.complete()));
        let found = check(script, phrase, scene, ask.is_counted());
        if let (Ask::Attribute { .. }, Some(object)) = (ask, found) {
            script.say(",");
            script.name(&truth.answer, vec![object]);
        }
        script.say(".");
        if let [_, _] = phrases.as_slice() {
            script.say(if at == 0 { " First:" } else { " Second:" });
            match ask.is_counted() {
                true => script.say(&format!(" {}", truth.counts.get(at).copied().unwrap_or(0))),
                false => named(script, scene, found),
            }
            script.say(".");
        }
    }
}

/// ` b2 large red✓ star✗: no 0; c3 small red✓ circle✓: yes 1`: every object in reading order; where nothing is
/// counted, up to the first that fits.
/// → that object
fn check(script: &mut Script, phrase: &Filter, scene: &Scene, is_counted: bool) -> Option<usize> {
    let mut count = 0;
    for (at, object) in scene.objects.iter().enumerate() {
        script.say(if at > 0 { ";" } else { "" });
        script.name(&object.cell().to_string(), vec![at]);
        for (word, tick) in ticked(phrase, object) {
            script.name(&word, vec![at]);
            script.say(tick);
        }
        let fits = phrase.matches(object);
        script.say(if fits { ": yes" } else { ": no" });
        count += usize::from(fits);
        if is_counted {
            script.say(&format!(" {count}"));
        } else if fits {
            return Some(at);
        }
    }
    if scene.objects.is_empty() {
        script.say(" none");
    }
    None
}

/// The words of an object, and whether each is the one asked for; no tick where the phrase leaves it open.
fn ticked(phrase: &Filter, object: &Object) -> [(String, &'static str); 3] {
    let tick = |is_open: bool, fits: bool| match (is_open, fits) {
        (true, _) => "",
        (false, true) => "✓",
        (false, false) => "✗",
    };
    let noun = Filter {
        kind: phrase.kind,
        ..Filter::ANY
    };
    let size = |size: Size| tick(false, size == object.size);
    let color = |color: Color| tick(false, color == object.color);
    [
        (object.size.name().into(), phrase.size.map_or("", size)),
        (object.color.name().into(), phrase.color.map_or("", color)),
        (
            object.kind.to_string(),
            tick(noun == Filter::ANY, noun.matches(object)),
        ),
    ]
}

fn named(script: &mut Script, scene: &Scene, object: Option<usize>) {
    let place = |at: usize| Some((at, scene.objects.get(at)?.cell().to_string()));
    match object.and_then(place) {
        Some((at, cell)) => script.name(&cell, vec![at]),
        None => script.say(" none"),
    }
}
