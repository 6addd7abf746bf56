//! The scene maker: a rolled scene is asked about and judged, arranged by hand, and told from a photo.

use std::error::Error;

use serde_json::{Value, json};

use crate::browser::WebGpu;
use crate::judge::list;
use crate::site::Site;

type Outcome = Result<(), Box<dyn Error>>;

/// Before each script: waiting, the objects as they are listed, how many of them a question means.
const HELPERS: &str = "
    const until = async (what, isSo) => {
      for (let n = 0; !isSo(); n++) {
        if (n > 2000) throw new Error(`waited in vain for ${what}`);
        await new Promise((done) => setTimeout(done, 50));
      }
    };
    await until('the page', () => part('roll'));
    const all = (selector) => [...element.shadowRoot.querySelectorAll(selector)];
    const objects = () =>
      all('[data-testid=objects] li').map((item) => item.textContent || item.firstChild.ariaLabel);
    const offers = () => all('[data-testid=offer]:not([hidden])');
    // The page follows what was done within two frames.
    const followed = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const press = async (key) => {
      element.shadowRoot.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true }));
      await followed();
    };
    // One look at every pixel of the picture; two pictures hardly ever share it.
    const picture = async () => {
      await followed();
      const canvas = element.shadowRoot.querySelector('canvas.picture');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, level) => (sum * 31 + level) | 0, 7);
    };
    const one = (word) => word.replace(/^crosses$/, 'cross').replace(/^(\\d|object|digit|circle|square|triangle|star|heart)s$/, '$1');
    const fits = (phrase) => (object) =>
      phrase.split(' ').map(one).every((word) =>
        word === 'object' || (word === 'digit' ? /\\d at/.test(object) : object.split(' at ')[0].split(' ').includes(word)));
    // 'How many small circles are there?' and the like.
    const counted = (question) => /^How many ((?:small |large )?(?:[a-z]+ )?(?:[a-z]+|\\d)s) (?:are there|are in|do you|can you|does|can be)[^.]*\\?$/.exec(question);
";

fn run(site: &Site, body: &str, argument: Value) -> Result<Value, Box<dyn Error>> {
    site.run(&format!("{HELPERS}{body}"), argument)
}

/// The true answer is counted here from the words of the list that a screen reader gets.
#[test]
fn an_offered_question_about_a_rolled_scene_is_judged() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let loaded = site.load_own_model()?;
    assert!(loaded.get("error").is_none(), "{loaded}");
    let seen = run(
        &site,
        "let asked;
         for (let n = 0; !asked && n < 200; n++) {
           part(n % 4 ? 'other-offers' : 'roll').click();
           await followed();
           await until('three offers', () => offers().length === 3);
           asked = offers().find((offer) => counted(offer.textContent));
         }
         if (!asked) throw new Error('no counting question was ever offered');
         const question = asked.textContent;
         asked.click();
         await until('the question in the box', () => part('question').value === question);
         const phrase = counted(question)[1];
         const n_true = objects().filter(fits(phrase)).length;
         const outcome = await settled(element.ask({ maxTokens: 12, seed: 1 }));
         await until('the verdict', () => part('verdict').textContent !== '');
         return { ...outcome, question, n_true, objects: objects(), seed: part('seed').textContent,
           verdict: part('verdict').textContent, role: part('verdict').role, unknown: part('unknown-words').textContent,
           foreign: part('foreign-picture').textContent };",
        json!(null),
    )?;
    assert!(seen.get("error").is_none(), "{seen}");
    let trace = &seen["value"];
    assert_eq!(trace["prompt"]["question"], seen["question"]);
    let image = &trace["prompt"]["images"][0];
    assert_eq!(
        (&image["rows"], &image["cols"]),
        (&json!(8), &json!(8)),
        "a scene has 64 image tokens: {image}"
    );
    let n_true = seen["n_true"].to_string();
    let verdict = seen["verdict"].as_str().unwrap_or_default();
    let truth = match n_true.as_str() {
        "1" => "there is 1.".to_owned(),
        _ => format!("there are {n_true}."),
    };
    let expected = if trace["answer"] == n_true.as_str() {
        format!("Right: {n_true}.")
    } else if trace["stop"] == "end" {
        format!("Not right: {truth}")
    } else {
        format!("The true answer: {truth}")
    };
    assert_eq!(verdict, expected, "{seen}");
    assert_eq!(seen["role"], "status", "a screen reader is to hear it");
    assert!(
        (3..=9).contains(&list(&seen, "objects").len()),
        "{}",
        seen["objects"]
    );
    let seed = seen["seed"].as_str().unwrap_or_default();
    assert!(seed.bytes().any(|byte| byte.is_ascii_digit()), "{seed}");
    assert_eq!(
        (&seen["unknown"], &seen["foreign"]),
        (&json!(""), &json!(""))
    );
    site.photograph("scene-judged")?;

    let changed = run(
        &site,
        "part('arrange').click();
         await until('handles', () => all('[data-object]').length > 0);
         await press('Delete');
         return part('verdict').textContent;",
        json!(null),
    )?;
    assert_eq!(changed, "", "the answer was about another scene");
    Ok(())
}

#[test]
fn a_scene_is_arranged_with_the_keys_and_with_the_pointer() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "part('roll').click();
         await until('objects', () => objects().length > 0);
         const before = { objects: objects(), picture: await picture() };
         part('arrange').click();
         await until('handles', () => all('[data-object]').length === before.objects.length);
         const focused = element.shadowRoot.activeElement;
         // Some way is free in every scene.
         for (const key of ['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight']) {
           if (focused.ariaLabel !== before.objects[0]) break;
           await press(key);
         }
         const moved = { label: focused.ariaLabel, told: part('told').textContent, picture: await picture(),
           isFocused: element.shadowRoot.activeElement === focused };
         await press('Delete');
         const n_left = objects().length;
         part('add').click();
         await followed();
         return { before, moved, n_left, n_added: objects().length, seed: part('seed').textContent,
           unnamed: all('[data-object]').filter((handle) => !handle.ariaLabel).length };",
        json!(null),
    )?;
    let (before, moved) = (&seen["before"], &seen["moved"]);
    let first = &before["objects"][0];
    assert_ne!(moved["label"], *first, "{seen}");
    let kind = first.as_str().and_then(|words| words.split(" at ").next());
    let label = moved["label"].as_str().unwrap_or_default();
    assert!(kind.is_some_and(|kind| label.starts_with(kind)), "{seen}");
    assert_eq!(moved["told"], format!("{label}."), "{seen}");
    assert_ne!(moved["picture"], before["picture"], "the picture stayed");
    assert_eq!(moved["isFocused"], true, "{seen}");
    let n_before = list(before, "objects").len();
    assert_eq!(seen["n_left"], n_before - 1, "{seen}");
    assert_eq!(seen["n_added"], n_before, "{seen}");
    assert_eq!(seen["unnamed"], 0, "{seen}");
    let seed = seen["seed"].as_str().unwrap_or_default();
    assert!(seed.ends_with("changed"), "{seed}");
    site.photograph("arranging")?;
    drag_beyond_the_corner(&site)
}

/// An object dragged beyond the picture's upper left corner stops inside it.
fn drag_beyond_the_corner(site: &Site) -> Outcome {
    let places = run(
        site,
        "const middle = (box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
         const handle = all('[data-object]').at(-1);
         const stage = part('objects').getBoundingClientRect();
         return [middle(handle.getBoundingClientRect()), { x: stage.x - 40, y: stage.y + 4 }];",
        json!(null),
    )?;
    let mouse = |kind: &str, at: &Value| {
        let event = json!({ "type": kind, "x": at["x"], "y": at["y"], "button": "left", "buttons": 1, "clickCount": 1 });
        site.browser.devtools("Input.dispatchMouseEvent", event)
    };
    let edges = || {
        run(
            site,
            "await followed();
             const { style } = all('[data-object]').at(-1);
             const edge = (side, length) => (parseFloat(style[side]) - parseFloat(style[length]) / 2) * 2.24;
             return { left: edge('left', 'width'), top: edge('top', 'height'), told: part('told').textContent };",
            json!(null),
        )
    };
    mouse("mousePressed", &places[0])?;
    mouse("mouseMoved", &places[1])?;
    let held = edges()?;
    assert!(
        held["left"].as_f64().is_some_and(|px| px.abs() < 0.01),
        "{held}"
    );
    mouse("mouseReleased", &places[1])?;
    let settled = edges()?;
    let edge = |side: &str| settled[side].as_f64().unwrap_or(-1.0);
    assert!(edge("left") > -0.01 && edge("top") > -0.01, "{settled}");
    assert_ne!(settled["told"], held["told"], "its new place was not said");
    Ok(())
}

#[test]
fn a_photo_and_unknown_words_are_told() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let loaded = site.load_own_model()?;
    assert!(loaded.get("error").is_none(), "{loaded}");
    let seen = run(
        &site,
        "const canvas = new OffscreenCanvas(64, 48);
         canvas.getContext('2d').fillRect(8, 8, 30, 20);
         const photo = await canvas.convertToBlob();
         const outcome = await settled(element.ask({ image: photo, question: arguments[0], maxTokens: 2, seed: 1 }));
         await followed();
         return { ...outcome, foreign: part('foreign-picture').textContent, unknown: part('unknown-words').textContent,
           verdict: part('verdict').textContent };",
        json!("Is there a bicycle?"),
    )?;
    assert!(
        seen.get("error").is_none(),
        "it informs, it does not block: {seen}"
    );
    assert_eq!(
        seen["foreign"],
        "This model knows coloured shapes and digits. For photos, load a bigger one."
    );
    assert_eq!(
        seen["unknown"],
        "This model does not know the word “bicycle”."
    );
    assert_eq!(seen["verdict"], "", "nobody knows the true answer");
    site.photograph("photo")
}
