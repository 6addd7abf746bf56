//! A question about several pictures: each is shown with its own light, whatever a word or a mark looks at is told.

use serde_json::{Value, json};
use trace::{Event, Prompt, PromptImage, StopReason, Timing, Token, Trace};

use crate::judge::list;
use crate::see::{replayed, run};
use crate::{Outcome, access, recorded};

/// Image tokens of the first two pictures each, and of the third, which has half as many columns.
const N_CELLS: [usize; 3] = [64, 64, 32];

/// The published answer, about three pictures: the first is looked at before the look back, the second within it,
/// the third after it. The third came without its file.
fn trace() -> Result<Trace, Box<dyn std::error::Error>> {
    let published = recorded::semantic();
    let mut trace = Trace::new(published.model.clone());
    let sample = |name: &str| -> Result<PromptImage, Box<dyn std::error::Error>> {
        let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/samples");
        Ok(PromptImage {
            name: name.to_owned(),
            file: std::fs::read(samples.join(name))?,
            ..published.prompt.images[0].clone()
        })
    };
    trace.apply(&Event::Prompt(Prompt {
        images: vec![
            sample("shapes.png")?,
            sample("digits.png")?,
            PromptImage {
                name: "plan.png".to_owned(),
                width_px: 112,
                cols: 4,
                file: Vec::new(),
                ..published.prompt.images[0].clone()
            },
        ],
        ..published.prompt.clone()
    }));
    for (index, token) in published.tokens.iter().enumerate() {
        let [first, second, third] = N_CELLS.map(|n_cells| vec![0; n_cells]);
        let map = match index {
            0..95 => [token.map.clone(), second, third],
            95..126 => [first, token.map.clone(), third],
            _ => [first, second, [vec![0; 31], vec![255]].concat()],
        };
        trace.apply(&Event::Token(Token {
            map: map.concat(),
            ..token.clone()
        }));
    }
    trace.apply(&Event::Done {
        stop: StopReason::End,
        timing: Timing::default(),
    });
    Ok(trace)
}

const STATE: &str = "
    const buttons = () => all('button', part('gallery'));
    const state = async () => {
      await settledLight();
      return { token: text(part('token-figure')), labels: buttons().map((button) => button.ariaLabel),
        pressed: buttons().map((button) => button.ariaPressed), picture: root.querySelector('[role=img]').ariaLabel,
        missing: text(part('no-picture')), colours: coloursOf(part('light')), n_words: all('.answer [data-token]').length };
    };";

#[test]
fn every_picture_of_a_question_is_shown_with_its_own_light() -> Outcome {
    let Some(site) = replayed(&trace()?)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        &format!(
            "{STATE}
             const top = () => part('answer').getBoundingClientRect().top + scrollY;
             const before = top();
             const point = (node, kind) => node.dispatchEvent(new PointerEvent(kind, {{ bubbles: true, composed: true }}));
             part('answer').focus();
             await press('Home');
             const first = await state();
             point(root.querySelector(\"[data-token='105']\"), 'pointerover');
             const elsewhere = await state();
             point(part('answer'), 'pointerleave');
             root.querySelector('.answer h2 .mark').click();
             await until('the drawer', () => part('mark-detail'));
             const mark = {{ ...(await state()), before: text(part('map-Before').querySelector('figcaption')) }};
             part('close-mark').click();
             buttons()[2].focus();
             const isReached = root.activeElement === buttons()[2];
             root.activeElement.click();
             part('numbers').querySelector('summary').click();
             part('answer').focus();
             await press('End');
             const last = {{ ...(await state()), numbers: part('numbers').textContent, isReached }};
             return {{ first, elsewhere, mark, last, moved_px: top() - before }};"
        ),
        json!(null),
    )?;
    let is_at = |state: &str, image: usize| {
        let pressed: Vec<Value> = (0..3)
            .map(|index| json!((index == image).to_string()))
            .collect();
        assert_eq!(seen[state]["pressed"], json!(pressed), "{seen}");
        let label = seen[state]["labels"][image].as_str().unwrap_or_default();
        assert!(label.ends_with(", 100 % of the light"), "{label}");
        let lit = seen[state]["colours"].as_u64();
        assert!(lit.is_some_and(|n| n > 8), "{}", seen[state]);
    };
    let says = |state: &str, part: &str, words: &str| {
        let text = seen[state][part].as_str();
        assert!(text.is_some_and(|text| text.contains(words)), "{seen}");
    };
    is_at("first", 0);
    says("first", "token", " · mostly upper left, ");
    says("first", "picture", "shapes.png: ");
    assert_eq!(seen["elsewhere"]["pressed"], seen["first"]["pressed"]);
    says(
        "elsewhere",
        "token",
        " · mostly on picture 2, lower right, ",
    );
    is_at("mark", 1);
    says(
        "mark",
        "token",
        "Mean of tokens 96 to 126 · mostly lower right, ",
    );
    says("mark", "picture", "digits.png: ");
    says("mark", "before", "mostly on picture 1, upper left, ");
    is_at("last", 2);
    says("last", "numbers", "Picture 3, row 8, column 4");
    for state in ["first", "last"] {
        says(state, "missing", "plan.png");
    }
    assert_eq!(seen["last"]["isReached"], true);
    assert_eq!(seen["moved_px"], 0, "{seen}");
    access::check(&site, "several pictures")?;
    site.photograph("several-pictures")
}

/// What is missing is filled in where it belongs; the same question can then be asked about all of them.
#[test]
fn a_question_about_several_pictures_is_asked_about_all_of_them() -> Outcome {
    let Some(site) = replayed(&trace()?)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        &format!(
            "{STATE}
             const lacking = await settled(element.ask({{ maxTokens: 2 }}));
             await element.replay(arguments[0]);
             const plan = new OffscreenCanvas(112, 224);
             plan.getContext('2d').fillRect(20, 40, 60, 60);
             element.setAttribute('src', URL.createObjectURL(await plan.convertToBlob()));
             await until('the third', () => buttons()[2].ariaPressed === 'true');
             const filled = await state();
             const {{ prompt, tokens }} = await element.ask({{ question: 'How many red objects are there?', maxTokens: 3 }});
             const asked = {{ ...(await state()), grids: prompt.images.map(({{ rows, cols }}) => rows * cols), map: atob(tokens[1].map).length }};
             element.setAttribute('src', 'samples/grid.png');
             await until('one picture', () => part('gallery').hidden);
             return {{ lacking, filled, asked }};"
        ),
        recorded::object(&trace()?)?,
    )?;
    let lacking = seen["lacking"]["error"].as_str();
    assert!(
        lacking.is_some_and(|lacking| lacking.contains("without its picture")),
        "{seen}"
    );
    assert_eq!(seen["filled"]["missing"], "", "{seen}");
    assert_ne!(seen["filled"]["n_words"], 0, "the answer went: {seen}");
    let grids: Vec<u64> = list(&seen["asked"], "grids")
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    assert_eq!(grids.len(), 3, "{seen}");
    assert_eq!(seen["asked"]["map"], grids.iter().sum::<u64>(), "{seen}");
    assert_eq!(list(&seen["asked"], "labels").len(), 3, "{seen}");
    Ok(())
}
