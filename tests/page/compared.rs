//! Asking again in another way, comparing two answers, bringing one back.

use std::error::Error;

use serde_json::{Value, json};

use crate::browser::WebGpu;
use crate::judge::list;
use crate::recorded::{self, published};
use crate::see::{replayed, run};
use crate::site::Site;

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn two_answers_are_compared_and_the_first_is_brought_back() -> Outcome {
    let first = recorded::trace(
        published::SEMANTIC,
        &published::SEMANTIC_CURVE,
        "semantic-back",
    );
    let second = recorded::trace(
        published::SOLUTION,
        &published::SOLUTION_CURVE,
        "solution-back",
    );
    let Some(site) = replayed(&first)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "const isOffered = (name) => getComputedStyle(part(name)).display !== 'none';
         const alone = isOffered('compare');
         await element.replay(arguments[0]);
         await until('the offer', () => isOffered('compare'));
         part('compare').click();
         await until('the comparison', () => part('comparison'));
         await settledLight();
         const side = (name) => {
           const side = part(`side-${name}`);
           return { who: text(side.querySelector('.who')), colours: coloursOf(side.querySelector('canvas.light')),
             labels: all('.passage h3', side).map(text), marks: all('.mark-list button', side).map(text),
             token: text(side.querySelector('.current')), figures: all('figcaption span', side).map(text) };
         };
         const sides = { before: side('before'), now: side('now') };
         const lines = all('[data-testid=compared-lines]').map((chart) => all('path', chart).map((path) => path.getAttribute('d').split('L').length));
         const isAlone = all('.look-back > *').filter((node) => node.offsetHeight > 1).map((node) => node.className);
         part('side-before').querySelector('.answer').focus();
         await press('ArrowRight');
         await settledLight();
         const walked = { before: side('before').figures, now: side('now').figures };
         return { alone, sides, lines, isAlone, walked, isBackFocused: root.activeElement.className };",
        recorded::object(&second)?,
    )?;
    assert_eq!(
        seen["alone"], false,
        "one answer cannot be compared: {seen}"
    );
    assert_eq!(seen["isAlone"], json!(["compare"]), "{seen}");
    let (before, now) = (&seen["sides"]["before"], &seen["sides"]["now"]);
    let n_marks = |side: &Value| list(side, "marks").len();
    assert_eq!(
        (n_marks(before), n_marks(now)),
        (first.markers.len(), second.markers.len())
    );
    let who = before["who"].as_str().unwrap_or_default();
    assert!(
        who.starts_with("Published · Look back midway · 158 tokens · 1 stated"),
        "{who}"
    );
    let who = now["who"].as_str().unwrap_or_default();
    assert!(
        who.starts_with("Published · Look back at the end · 165 tokens · 1 stated"),
        "{who}"
    );
    assert_eq!(before["labels"][3], "Left its answer empty");
    assert_eq!(now["labels"][3], "Answers");
    assert_eq!(seen["lines"], json!([[158, 165], [158, 165], [158, 165]]));
    for side in [before, now] {
        assert!(side["colours"].as_u64().is_some_and(|n| n > 8), "{side}");
    }
    // The brightest token of each look back is chosen; the keys walk one answer alone.
    let token = |side: &Value| side[0].as_str().unwrap_or_default().to_owned();
    let brightest = |trace: &trace::Trace, range: std::ops::Range<usize>| {
        let share = |index: &usize| trace.tokens[*index].shares.image;
        range
            .max_by(|a, b| share(a).total_cmp(&share(b)))
            .unwrap_or_default()
    };
    let (at_before, at_now) = (brightest(&first, 95..126), brightest(&second, 95..136));
    let words = |at: usize| format!("token {} ", at + 1);
    assert!(
        token(&before["figures"]).starts_with(&words(at_before)),
        "{before}"
    );
    assert!(
        token(&seen["walked"]["before"]).starts_with(&words(at_before + 1)),
        "{seen}"
    );
    assert!(
        token(&seen["walked"]["now"]).starts_with(&words(at_now)),
        "{seen}"
    );
    site.photograph("compared")?;
    bring_back(&site)
}

/// Both answers stay at hand: exchanged, cleared, brought back.
fn bring_back(site: &Site) -> Outcome {
    let seen = run(
        site,
        "part('close-compare').click();
         await until('the answer', () => part('comparison') === null);
         const state = async () => { await followed(); return [Number(root.querySelector('[role=slider]').ariaValueMax), all('.answer [data-token]').length > 0]; };
         const shown = await state();
         part('bring-back').click();
         const back = await state();
         part('bring-back').click();
         const forth = await state();
         part('clear').click();
         const cleared = await state();
         part('bring-back').click();
         const restored = await state();
         return { shown, back, forth, cleared, restored, question: part('question').value };",
        json!(null),
    )?;
    assert_eq!(seen["shown"], json!([165, true]), "{seen}");
    assert_eq!(seen["back"], json!([158, true]), "{seen}");
    assert_eq!(seen["forth"], json!([165, true]), "{seen}");
    assert_eq!(seen["cleared"], json!([1, false]), "{seen}");
    assert_eq!(seen["restored"], json!([165, true]), "{seen}");
    assert_eq!(seen["question"], "Where is this photo taken?");
    Ok(())
}

#[test]
fn the_question_is_asked_again_in_another_way() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "for (const value of ['models/demo/', 'models/none/']) {
           const option = document.createElement('option');
           option.value = value;
           option.textContent = `Model at ${value}`;
           element.append(option);
         }
         await until('two models', () => part('model').options.length === 2);
         const chosen = part('model').value;
         const first = await settled(element.ask({ ...arguments[0], maxTokens: 6, seed: 1 }));
         const button = (name, words) => all(`[data-testid=${name}]`).find((button) => text(button) === words);
         const again = async (click) => {
           observed.done.length = 0;
           observed.errors.length = 0;
           click.click();
           await until('the next answer', () => observed.done.length + observed.errors.length > 0);
           await followed();
           return { method: observed.done[0]?.model.method, question: observed.done[0]?.prompt.question, ids: observed.done[0]?.tokens.map(({ id }) => id), error: observed.errors[0]?.message };
         };
         const offered = all('[data-testid=again-method]:not([hidden]), [data-testid=again-model]:not([hidden])').map(text);
         const thought = await again(button('again-method', 'Chain of thought'));
         const seeded = await again(part('again-seed'));
         const { value: seed } = all('input[type=number]').at(-1);
         const missing = await again(button('again-model', 'Model at models/none/'));
         part('bring-back').click();
         await followed();
         return { ...first, chosen, offered, thought, seeded, seed, missing, isBack: all('.answer [data-token]').length > 0 };",
        json!({ "image": "samples/shapes.png", "question": "How many red objects are there?" }),
    )?;
    assert!(seen.get("error").is_none(), "{seen}");
    assert_eq!(seen["chosen"], "models/demo/");
    assert_eq!(
        seen["offered"],
        json!(["Chain of thought", "Plain", "Model at models/none/"]),
        "{seen}"
    );
    assert_eq!(seen["thought"]["method"], "cot", "{seen}");
    assert_eq!(
        seen["thought"]["question"],
        "How many red objects are there?"
    );
    assert_eq!(
        (&seen["seeded"]["method"], &seen["seed"]),
        (&json!("cot"), &json!("2"))
    );
    assert_ne!(
        seen["seeded"]["ids"], seen["thought"]["ids"],
        "another seed draws other words"
    );
    let missing = seen["missing"]["error"].as_str().unwrap_or_default();
    assert!(missing.contains("models/none"), "{missing}");
    assert_eq!(seen["isBack"], true, "{seen}");
    site.photograph("asked-again")
}
