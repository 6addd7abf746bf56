//! For everybody: names, roles, structure, contrast, targets, the focus, and the whole journey by keys alone.

use std::collections::HashSet;
use std::error::Error;

use serde_json::{Value, json};

use crate::browser::WebGpu;
use crate::judge::list;
use crate::recorded;
use crate::see::{replayed, run};
use crate::site::Site;

type Outcome = Result<(), Box<dyn Error>>;

const CHECKS: &str = include_str!("access.js");

/// Checks the page at three widths in both themes.
pub fn check(site: &Site, state: &str) -> Outcome {
    let mut faults = Vec::new();
    for (width_px, height_px) in [(360, 740), (768, 1024), (1280, 800)] {
        for theme in ["light", "dark"] {
            site.browser.resize(width_px, height_px)?;
            let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
            site.browser.devtools(
                "Emulation.setEmulatedMedia",
                json!({ "features": features }),
            )?;
            let found = site.run(
                &format!("{CHECKS} await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); return accessFaults();"),
                json!(null),
            )?;
            let found = found.as_array().into_iter().flatten();
            faults.extend(found.map(|fault| format!("{state}, {width_px} px, {theme}: {fault}")));
        }
    }
    site.browser
        .devtools("Emulation.clearDeviceMetricsOverride", json!({}))?;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

fn answered() -> Result<Option<Site>, Box<dyn Error>> {
    let mut trace = recorded::semantic();
    for (kind, start) in [
        (trace::MarkerKind::Copied, 30),
        (trace::MarkerKind::Inserted, 44),
    ] {
        trace.markers.push(trace::Marker {
            kind,
            start,
            end: start + 6,
            gain: 1.5,
        });
    }
    replayed(&trace)
}

#[test]
fn nobody_stumbles_over_the_page() -> Outcome {
    let Some(site) = answered()? else {
        return Ok(());
    };
    check(&site, "answered")?;
    run(
        &site,
        "for (const details of all('details')) details.open = true;
         root.querySelector('.answer h2 .mark').click();
         await until('the drawer', () => part('mark-detail'));
         await settledLight();",
        json!(null),
    )?;
    check(&site, "everything unfolded")?;
    let second = recorded::solution();
    run(
        &site,
        "for (const details of all('details')) details.open = false;
         await element.replay(arguments[0]);
         await settledLight();
         part('compare').click();
         await until('the comparison', () => part('comparison'));",
        recorded::object(&second)?,
    )?;
    check(&site, "compared")
}

/// The checks themselves find what they are for.
#[test]
fn the_checks_find_faults() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    let found = site.run(
        &format!(
            "{CHECKS}
             const box = document.createElement('div');
             box.innerHTML = `<button style='width:10px;height:10px;padding:0'></button><img src='data:,' width=9 height=9>
               <p style='color:#999;background:#fff'>pale</p><h4>deep</h4><i role='buton'>odd</i>`;
             document.querySelector('main').append(box);
             return accessFaults();"
        ),
        json!(null),
    )?;
    let found = found.to_string();
    for fault in [
        "no name",
        "target 10×10",
        "picture without words",
        "contrast 2.85",
        "heading 4",
        "unknown role buton",
    ] {
        assert!(found.contains(fault), "{fault} was not found: {found}");
    }
    Ok(())
}

fn key(site: &Site, key: &str, code: i32, modifiers: u8) -> Outcome {
    for kind in ["keyDown", "keyUp"] {
        let text = match (kind, key) {
            ("keyDown", "Enter") => "\r",
            ("keyDown", " ") => " ",
            _ => "",
        };
        let event = json!({ "type": kind, "key": key, "code": if key == " " { "Space" } else { key }, "text": text,
            "windowsVirtualKeyCode": code, "modifiers": modifiers });
        site.browser.devtools("Input.dispatchKeyEvent", event)?;
    }
    Ok(())
}

/// Tab reaches every control, and where it is can be seen; then a mark is opened, the chart magnified, two
/// answers compared and the first brought back, without a pointer.
#[test]
fn the_keys_alone_reach_everything() -> Outcome {
    let Some(site) = answered()? else {
        return Ok(());
    };
    site.run(CHECKS, json!(null))?;
    let mut reached = HashSet::new();
    for _ in 0..90 {
        key(&site, "Tab", 9, 0)?;
        let at = site.run("return focusIsSeen()", json!(null))?;
        assert_eq!(at["seen"], true, "the focus cannot be seen: {at}");
        reached.insert(at["node"].as_str().unwrap_or_default().to_owned());
    }
    let missing = run(
        &site,
        "const isShown = (node) => node.checkVisibility({ visibilityProperty: true });
         const controls = all('button,input,select,textarea,summary,[tabindex]').filter((node) => isShown(node) && !node.disabled);
         return controls.map((node) => `${node.localName}.${node.className}#${node.dataset.testid ?? ''}`).filter((name) => !arguments[0].includes(name));",
        json!(reached),
    )?;
    assert_eq!(missing, json!([]), "not reached by Tab");

    let focus = |selector: &str| {
        run(
            &site,
            "root.querySelector(arguments[0]).focus();",
            json!(selector),
        )
        .map(drop)
    };
    focus(".answer h2 .mark")?;
    key(&site, "Enter", 13, 0)?;
    let drawer = run(
        &site,
        "await until('the drawer', () => part('mark-detail')); return text(part('mark-detail').querySelector('p'))",
        json!(null),
    )?;
    assert!(
        drawer
            .as_str()
            .is_some_and(|words| words.starts_with("Said to look back")),
        "{drawer}"
    );
    key(&site, "Escape", 27, 0)?;
    let back = run(
        &site,
        "await until('no drawer', () => !part('mark-detail')); return root.activeElement.className",
        json!(null),
    )?;
    assert!(
        back.as_str()
            .is_some_and(|class| class.starts_with("mark stated")),
        "the focus went astray: {back}"
    );
    let second = recorded::solution();
    run(
        &site,
        "await element.replay(arguments[0]); await settledLight();",
        recorded::object(&second)?,
    )?;
    focus("[data-testid=compare]")?;
    key(&site, "Enter", 13, 0)?;
    run(
        &site,
        "await until('the comparison', () => part('comparison')); await followed();",
        json!(null),
    )?;
    key(&site, "Escape", 27, 0)?;
    let focused = run(
        &site,
        "await until('the answer', () => !part('comparison')); await followed(); return root.activeElement?.dataset.testid ?? null",
        json!(null),
    )?;
    assert_eq!(focused, "compare", "the focus comes back to where it was");
    Ok(())
}

/// A screen reader hears sentences, looks back with their figures, and where the light is.
#[test]
fn a_screen_reader_hears_the_answer_and_the_looks_back() -> Outcome {
    let Some(site) = answered()? else {
        return Ok(());
    };
    let heard = run(
        &site,
        "return { live: part('announcer').ariaLive, sentences: all('p', part('announcer')).map(text) }",
        json!(null),
    )?;
    assert_eq!(heard["live"], "polite");
    let sentences: Vec<&str> = list(&heard, "sentences")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(sentences.contains(&"Looks back."), "{sentences:?}");
    let told = sentences.join(" ");
    for words in [
        "1 stated",
        "Said to look back: image attention ×",
        "mostly lower right, ",
    ] {
        assert!(told.contains(words), "{words:?} is not told: {told}");
    }
    Ok(())
}
