//! The link in the address bar: settings and question of the page, behind the `#`, where no server sees them.
//!
//! Only an element with the attribute `page` reads and writes it; somebody else's address is theirs.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{Element, UrlSearchParams};

use crate::host::Host;
use crate::light::View;
use crate::picture::Picture;
use crate::run::{Phase, Run};
use crate::samples::Sample;

/// After the last change; browsers refuse a hundred in half a minute.
const SETTLES: Duration = Duration::from_millis(400);
/// Characters of a question that a link may bring.
const MAX_QUESTION_CHARACTERS: usize = 4_000;

/// Whether the element is the page, and the address its own.
pub fn is_page(host: &Host) -> bool {
    host.element.has_attribute("page")
}

/// Keeps the address in step with what is set; call it under the owner of the element.
pub fn follow(run: Run, host: Host) {
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let host = StoredValue::new_local(host);
    Effect::new(move |_| {
        let fragment = host.with_value(|host| fragment(run, host));
        let is_opening = run.replay.is_opening.get();
        if let Some(pending) = pending.get_value() {
            pending.clear();
        }
        // What the page opens with needs no link.
        if !is_opening {
            pending.set_value(set_timeout_with_handle(move || write(&fragment), SETTLES).ok());
        }
    });
}

/// The whole link.
pub fn link(run: Run, host: &Host) -> String {
    let page = window().location().href().unwrap_or_default();
    let page = page.split('#').next().unwrap_or_default();
    match untrack(|| fragment(run, host)).as_str() {
        "" => page.to_owned(),
        fragment => format!("{page}#{fragment}"),
    }
}

/// Whether a link brings the picture along: a sample, or a scene as it was rolled.
pub fn has_linked_picture(run: Run, host: &Host) -> bool {
    let is_bare = run.picture.with_untracked(Option::is_none);
    is_bare || untrack(|| scene_of(run).is_some() || sample_of(run, host).is_some())
}

/// Takes what the address carries; false when it carries nothing.
pub fn restore(run: Run, host: &Host) -> bool {
    let hash = window().location().hash().unwrap_or_default();
    let fragment = hash.trim_start_matches('#');
    if fragment.is_empty() || run.phase.with_untracked(Phase::is_running) {
        return false;
    }
    let Ok(link) = UrlSearchParams::new_with_str(fragment) else {
        return false;
    };
    if let Some(model) = link.get("model") {
        run.model.set(model);
    }
    run.method.set(link.get("method").unwrap_or_default());
    run.seed.set(number(&link, "seed").unwrap_or_default());
    run.max_tokens.set(number(&link, "tokens"));
    run.temperature.set(number(&link, "temperature"));
    let view = View::ALL
        .into_iter()
        .find(|(_, word)| link.get("view") == Some(word.to_ascii_lowercase()));
    run.view.set(view.map(|(view, _)| view).unwrap_or_default());
    if let Some(question) = link.get("question") {
        run.question
            .set(question.chars().take(MAX_QUESTION_CHARACTERS).collect());
    }
    let sample = link
        .get("sample")
        .and_then(|name| samples(host).find(|sample| sample.name() == name));
    if let Some(seed) = number(&link, "scene") {
        run.wished_scene.set(Some(seed));
    } else if let Some(sample) = sample {
        sample.choose_picture(run);
    }
    true
}

fn number<T: std::str::FromStr>(link: &UrlSearchParams, name: &str) -> Option<T> {
    link.get(name)?.parse().ok()
}

/// Settings that are not the page's own, tracked.
fn fragment(run: Run, host: &Host) -> String {
    let Ok(link) = UrlSearchParams::new() else {
        return String::new();
    };
    let own_model = host.element.get_attribute("model").unwrap_or_default();
    append(&link, "model", run.model.get(), &own_model);
    let (scene, sample) = (scene_of(run), sample_of(run, host));
    let first = samples(host).next();
    let is_first = sample.is_none() || sample.as_deref() == first.as_ref().map(Sample::name);
    let question = run.question.get();
    let is_untouched = scene.is_none() && is_first && run.is_question_suggested();
    if !is_untouched {
        append(&link, "question", question, "");
        append(
            &link,
            "scene",
            scene.map(|seed| seed.to_string()).unwrap_or_default(),
            "",
        );
        append(&link, "sample", sample.unwrap_or_default(), "");
    }
    append(&link, "method", run.method.get(), "");
    append(&link, "seed", run.seed.get().to_string(), "0");
    append(
        &link,
        "tokens",
        run.max_tokens
            .get()
            .map(|n| n.to_string())
            .unwrap_or_default(),
        "",
    );
    let temperature = run.temperature.get();
    append(
        &link,
        "temperature",
        temperature.map(|t| t.to_string()).unwrap_or_default(),
        "",
    );
    let view = run.view.get();
    let word = View::ALL.into_iter().find(|(known, _)| *known == view);
    append(
        &link,
        "view",
        word.map(|(_, word)| word.to_ascii_lowercase())
            .unwrap_or_default(),
        "spotlight",
    );
    link.to_string().into()
}

fn append(link: &UrlSearchParams, name: &str, value: String, own: &str) {
    if !value.is_empty() && value != own {
        link.append(name, &value);
    }
}

/// The picture of a question about one.
fn only_picture<T>(run: Run, read: impl FnOnce(&Picture) -> Option<T>) -> Option<T> {
    let is_one = run.gallery.with(Vec::is_empty);
    run.picture
        .with(|picture| read(picture.as_ref().filter(|_| is_one)?))
}

/// The seed of a scene that is as it was rolled.
fn scene_of(run: Run) -> Option<u64> {
    only_picture(run, |picture| {
        let scene = picture.arrangement()?;
        (!scene.is_changed).then_some(scene.seed)
    })
}

/// The name of the sample on the stage.
fn sample_of(run: Run, host: &Host) -> Option<String> {
    let name = only_picture(run, |picture| Some(picture.name.clone()))?;
    samples(host)
        .any(|sample| sample.name() == name)
        .then_some(name)
}

fn samples(host: &Host) -> impl Iterator<Item = Sample> {
    let first = host.element.first_element_child();
    let children = std::iter::successors(first, Element::next_element_sibling);
    children.filter_map(|child| Sample::of(&child))
}

fn write(fragment: &str) {
    let location = window().location();
    let written = location.hash().unwrap_or_default();
    if written.trim_start_matches('#') == fragment {
        return;
    }
    let path = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
    let address = match fragment {
        "" => path,
        fragment => format!("{path}#{fragment}"),
    };
    if let Ok(history) = window().history() {
        // Refused in frames of another origin and by browsers that count; the page works without.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}
