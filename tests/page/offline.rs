//! Visits without a server, and the change from one release to the next.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use xtask::release;

use crate::browser::WebGpu;
use crate::site::Site;
use crate::{Outcome, PICTURE, QUESTION, judge};

/// How often, and after what time each, something is looked for that comes by itself.
const N_LOOKS: usize = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

const READY: &str = "await navigator.serviceWorker.ready";

#[test]
fn after_one_visit_the_page_answers_without_its_server() -> Outcome {
    let Some(mut site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    site.run(READY, json!(null))?;
    let url = site.url();
    site.stop_server();
    site.visit(&url)?;
    let answer = site.ask(PICTURE, QUESTION, 8)?;
    assert!(answer.get("error").is_none(), "{answer}");
    assert_ne!(judge::list(&answer["value"], "tokens").len(), 0, "{answer}");

    let part = site.run(
        "const response = await fetch('models/demo/weights-00000.bin', { headers: { Range: 'bytes=4-9' } });
         const whole = new Uint8Array(await (await fetch('models/demo/weights-00000.bin')).arrayBuffer());
         const bytes = new Uint8Array(await response.arrayBuffer());
         return {
           status: response.status,
           range: response.headers.get('content-range'),
           is_same: bytes.join() === whole.slice(4, 10).join(),
           n_bytes: whole.length,
         };",
        json!(null),
    )?;
    assert_eq!(
        (&part["status"], &part["is_same"]),
        (&json!(206), &json!(true)),
        "{part}"
    );
    assert_eq!(part["range"], format!("bytes 4-9/{}", part["n_bytes"]));
    assert_eq!(site.observed()?["uncaught"], json!([]));

    site.visit(&format!("{url}examples.html"))
}

#[test]
fn a_new_release_replaces_the_old_one_as_a_whole() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    site.run(READY, json!(null))?;
    let url = site.url();
    site.visit(&url)?;

    // A release half arrived: its list is there, one of its files is still another one.
    publish(&site, "Half")?;
    let page = site.folder.path().join("index.html");
    let half = fs::read_to_string(&page)?;
    fs::write(&page, half.replace("Half", "Other"))?;
    assert_eq!(update(&site)?, json!("refused"));
    site.visit(&url)?;
    assert_eq!(title(&site)?, json!("Lookback"));

    publish(&site, "Next")?;
    assert_eq!(update(&site)?, json!("waiting"));
    let page = site.run(
        "return await (await fetch('index.html')).text()",
        json!(null),
    )?;
    let is_old = page
        .as_str()
        .is_some_and(|page| page.contains("<title>Lookback</title>"));
    assert!(is_old, "an open page found a file of the new release");
    reload(&site, "Next")?;
    assert_only_cache(&site)?;
    let answer = site.run(
        "await customElements.whenDefined('look-back');
         const element = document.querySelector('look-back');
         return (await element.ask({ question: 'What?', maxTokens: 2 })).tokens.length",
        json!(null),
    )?;
    assert_eq!(answer, json!(2));
    Ok(())
}

/// What is open stays with its release, the workers that it starts included; what is reloaded begins with the new one.
#[test]
fn each_of_two_open_pages_keeps_its_release_until_it_is_reloaded() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    site.run(READY, json!(null))?;
    site.visit(&site.url())?;
    let probe = "fetch('index.html').then((page) => page.text()).then(postMessage);";
    fs::write(site.folder.path().join("probe.js"), probe)?;
    publish(&site, "First")?;
    assert_eq!(update(&site)?, json!("waiting"));
    reload(&site, "First")?;

    publish(&site, "Next")?;
    let seen = site.run(
        "const until = async (isSo) => { for (let n = 0; n < 400 && !isSo(); n++) await new Promise((done) => setTimeout(done, 25)); };
         const other = open(location.href.split('#')[0]);
         await until(() => other.document.title === 'First' && other.document.readyState === 'complete');
         const registration = await navigator.serviceWorker.getRegistration();
         await registration.update();
         await until(() => registration.waiting);
         other.location.reload();
         await until(() => other.document.title === 'Next');
         const titleOf = (page) => /<title>(.*)<.title>/.exec(page)[1];
         const worker = new Worker('probe.js');
         const ofWorker = await new Promise((done) => { worker.onmessage = ({ data }) => done(titleOf(data)); });
         await customElements.whenDefined('look-back');
         const { tokens } = await document.querySelector('look-back').ask({ question: 'What?', maxTokens: 2 });
         const here = titleOf(await (await fetch('index.html')).text());
         const there = titleOf(await (await other.fetch('index.html')).text());
         other.close();
         return { other: other.document?.title, here, there, ofWorker, n_tokens: tokens.length };",
        json!(null),
    )?;
    assert_eq!(
        (&seen["here"], &seen["ofWorker"], &seen["there"]),
        (&json!("First"), &json!("First"), &json!("Next")),
        "{seen}"
    );
    assert_eq!(seen["n_tokens"], 2);
    reload(&site, "Next")?;
    assert_only_cache(&site)
}

/// Reloads the page, which is then of the release with this title.
fn reload(site: &Site, expected: &str) -> Outcome {
    site.run(
        "location.reload(); await new Promise(() => addEventListener('pagehide', () => {}));",
        json!(null),
    )
    .ok();
    for _ in 0..N_LOOKS {
        if title(site)? == json!(expected) {
            break;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    assert_eq!(title(site)?, json!(expected));
    Ok(())
}

/// An earlier release is dropped once nothing is open that needs it.
fn assert_only_cache(site: &Site) -> Outcome {
    for _ in 0..N_LOOKS {
        let n_caches = site.run(
            "await fetch('index.html'); return (await caches.keys()).length",
            json!(null),
        )?;
        if n_caches == json!(1) {
            return Ok(());
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    Err("the old release was not dropped".into())
}

/// Writes a release whose page has this title.
fn publish(site: &Site, title: &str) -> Outcome {
    let page = site.folder.path().join("index.html");
    let text = fs::read_to_string(&page)?;
    let (before, rest) = text.split_once("<title>").ok_or("no title")?;
    let (_, after) = rest.split_once("</title>").ok_or("no title")?;
    fs::write(&page, format!("{before}<title>{title}</title>{after}"))?;
    release::seal(site.folder.path())?;
    Ok(())
}

/// Looks for a new release: whether it waits, or was refused.
fn update(site: &Site) -> Result<Value, Box<dyn std::error::Error>> {
    site.run(
        "const registration = await navigator.serviceWorker.getRegistration();
         await registration.update().catch(() => {});
         while (registration.installing) await new Promise((done) => setTimeout(done, 50));
         return registration.waiting ? 'waiting' : 'refused';",
        json!(null),
    )
}

fn title(site: &Site) -> Result<Value, Box<dyn std::error::Error>> {
    site.run("return document.title", json!(null))
}
