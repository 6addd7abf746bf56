//! The link in the address bar brings settings, question and picture back.

use serde_json::{Value, json};

use crate::Outcome;
use crate::browser::WebGpu;
use crate::played::{HELPERS, open, open_with, published};
use crate::site::Site;

fn run(site: &Site, body: &str, argument: Value) -> Result<Value, Box<dyn std::error::Error>> {
    site.run(&format!("{HELPERS}{body}"), argument)
}

const SET: &str = "
    const set = (selector, value) => {
      const control = element.shadowRoot.querySelector(selector);
      control.value = value;
      control.dispatchEvent(new Event('input', { bubbles: true }));
      control.dispatchEvent(new Event('change', { bubbles: true }));
    };
    const state = () => ({ question: part('question').value, seed: element.shadowRoot.querySelectorAll('.options input')[1].value,
      tokens: element.shadowRoot.querySelectorAll('.options input')[0].value,
      view: element.shadowRoot.querySelector('.views [aria-pressed=true]').textContent, scene: part('seed').textContent });
";

#[test]
fn a_link_restores_question_settings_and_scene() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    let untouched = run(
        &site,
        "await new Promise((done) => setTimeout(done, 800)); return location.hash",
        json!(null),
    )?;
    assert_eq!(untouched, "", "a page that nobody touched needs no link");
    let set = run(
        &site,
        &format!(
            "{SET}
             part('roll').click();
             await until('a scene', () => part('seed').textContent !== '');
             set('#question', arguments[0]);
             set('.options label:nth-of-type(2) input', '77');
             set('.options label:nth-of-type(3) input', '5');
             all('.views button')[1].click();
             await until('the link', () => ['question', 'scene', 'seed=5', 'tokens=77', 'view=heat'].every((name) => location.hash.includes(name)));
             return {{ state: state(), objects: all('[data-testid=objects] li').length, link: location.hash }};"
        ),
        json!("How many <b>red</b> & blue #1 objects, déjà?"),
    )?;
    // Another page in between, so that nothing stays but the link.
    site.browser.open("about:blank")?;
    let page = set["link"].as_str().unwrap_or_default();
    open_at(&site, page)?;
    let restored = run(
        &site,
        &format!(
            "{SET} await until('the scene', () => part('seed').textContent !== '');
             await new Promise((done) => setTimeout(done, 800));
             return {{ state: state(), objects: all('[data-testid=objects] li').length, link: location.hash }};"
        ),
        json!(null),
    )?;
    assert_eq!(restored, set);
    assert_eq!(restored["state"]["seed"], "5");
    assert_eq!(restored["state"]["view"], "Heat");
    let followed = run(
        &site,
        &format!(
            "{SET} location.hash = '#question=Another&sample=digits.png';
             await until('the other question', () => part('question').value === 'Another');
             await until('the sample', () => part('seed').textContent === '');
             await until('its name', () => element.shadowRoot.querySelector('.canvases').ariaLabel.startsWith('digits.png'));
             return state();"
        ),
        json!(null),
    )?;
    assert_eq!(
        (&followed["seed"], &followed["view"]),
        (&json!("0"), &json!("Spotlight")),
        "{followed}"
    );
    Ok(())
}

/// Opens the page at a link again.
fn open_at(site: &Site, fragment: &str) -> Outcome {
    site.browser.open(&format!("{}{fragment}", site.url()))
}

#[test]
fn a_link_is_shown_instead_of_the_recording_that_the_page_opens_with() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    open_with(&site, &published(), "")?;
    let opened = run(
        &site,
        "await until('words', () => words() !== '');
         await new Promise((done) => setTimeout(done, 800));
         return location.hash;",
        json!(null),
    )?;
    assert_eq!(opened, "", "the opening needs no link");
    site.browser.open("about:blank")?;
    open_at(&site, "opening.html#question=Mine&seed=3")?;
    let linked = run(
        &site,
        "await until('a sample', () => part('light'));
         await new Promise((done) => setTimeout(done, 800));
         return { question: part('question').value, words: words(), isOpening: part('opening').checkVisibility() };",
        json!(null),
    )?;
    assert_eq!(
        linked,
        json!({ "question": "Mine", "words": "", "isOpening": false })
    );
    Ok(())
}

#[test]
fn somebody_elses_page_keeps_its_address() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    let folder = site.models().join("..");
    let page = std::fs::read_to_string(folder.join("index.html"))?;
    std::fs::write(folder.join("other.html"), page.replace(" page ", " "))?;
    open(&site, "other.html#question=Theirs")?;
    let seen = run(
        &site,
        "const question = part('question').value;
         part('roll').click();
         all('.views button')[2].click();
         part('question').value = 'Ours';
         part('question').dispatchEvent(new Event('input', { bubbles: true }));
         await new Promise((done) => setTimeout(done, 800));
         return { question, link: location.hash, isOffered: all('.ways button').some((button) => button.ariaLabel === 'Copy a link') };",
        json!(null),
    )?;
    assert_ne!(seen["question"], "Theirs");
    assert_eq!(
        (&seen["link"], &seen["isOffered"]),
        (&json!("#question=Theirs"), &json!(false)),
        "{seen}"
    );
    Ok(())
}
