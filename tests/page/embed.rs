//! The element on other sites: without any header, under a strict security policy, in a frame, ten on one page.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::serve::StaticServer;

use crate::browser::WebGpu;
use crate::site::Site;
use crate::{Outcome, PICTURE, QUESTION, judge};

/// A page of another site with one script tag and one element, and a picture of its own.
struct Guest {
    server: StaticServer,
    _folder: TempDir,
}

impl Guest {
    fn start(site: &Site, policy: Option<String>) -> Result<Self, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let home = site.url();
        let page = format!(
            "<!doctype html><title>Guest</title><script src='{home}look-back.js' async></script>
             <look-back model='{home}models/demo/' src='own.png' question='{QUESTION}'></look-back>"
        );
        fs::write(folder.path().join("index.html"), page)?;
        fs::copy(
            site.folder.path().join(PICTURE),
            folder.path().join("own.png"),
        )?;
        let fields = policy.map(|policy| ("Content-Security-Policy", policy));
        let fields = fields.into_iter().collect();
        let server = StaticServer::start_with(folder.path(), "/", "localhost", 0, fields)?;
        Ok(Self {
            server,
            _folder: folder,
        })
    }

    /// By name, so that the site is another one, not only another port.
    fn url(&self) -> String {
        let url = self.server.url();
        let port = url
            .trim_end_matches('/')
            .rsplit(':')
            .next()
            .unwrap_or_default();
        format!("http://localhost:{port}/")
    }
}

/// Asks about the element's own picture, as its attributes say, and judges what came.
fn ask_and_judge(site: &Site) -> Outcome {
    let answer = site.run(
        "return await settled(element.ask({ question: arguments[0], maxTokens: 6, seed: 1, image: 'own.png' }))",
        json!(QUESTION),
    )?;
    assert!(answer.get("error").is_none(), "{answer}");
    let seen = site.observed()?;
    judge::tokens(&answer["value"], judge::list(&seen, "tokens"));
    judge::progress(judge::list(&seen, "progress"));
    assert_eq!(judge::list(&seen, "done").len(), 1, "{seen}");
    assert_eq!(
        seen["refused"],
        json!([]),
        "the security policy refused something"
    );
    Ok(())
}

fn n_frames(site: &Site) -> Result<Value, Box<dyn std::error::Error>> {
    site.run(
        "return element.shadowRoot.querySelectorAll('iframe').length",
        json!(null),
    )
}

#[test]
fn another_site_embeds_the_element_without_any_header() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let guest = Guest::start(&site, None)?;
    site.visit(&guest.url())?;
    ask_and_judge(&site)?;
    assert_eq!(
        n_frames(&site)?,
        json!(1),
        "nothing but a frame can read files without a header"
    );
    let refused = site.run(
        "return await settled(element.load('nowhere/'))",
        json!(null),
    )?;
    let message = refused["error"].as_str().unwrap_or_default();
    assert!(message.contains("nowhere/"), "{refused}");
    let size = site.run(
        "const frame = element.shadowRoot.querySelector('iframe');
         return frame.getBoundingClientRect().height",
        json!(null),
    )?;
    assert!(
        size.as_f64().is_some_and(|height_px| height_px > 500.0),
        "{size}"
    );
    site.photograph("embedded-in-a-frame")
}

#[test]
fn another_site_embeds_the_element_under_a_strict_policy() -> Outcome {
    let readable = ("Access-Control-Allow-Origin", "*".to_owned());
    let Some(site) = Site::open_at(WebGpu::Software, "", vec![readable])? else {
        return Ok(());
    };
    let url = site.url();
    let origin = url.strip_suffix("/some/where/").ok_or("another sub-path")?;
    let policy = format!(
        "default-src 'none'; script-src {origin} 'wasm-unsafe-eval'; worker-src blob:; connect-src 'self' {origin}"
    );
    let guest = Guest::start(&site, Some(policy))?;
    site.visit(&guest.url())?;
    ask_and_judge(&site)?;
    assert_eq!(n_frames(&site)?, json!(0));
    let is_styled = site.run(
        "return getComputedStyle(part('ask')).cursor === 'pointer'",
        json!(null),
    )?;
    assert_eq!(is_styled, json!(true), "the policy took the style away");
    Ok(())
}

#[test]
fn the_page_itself_works_under_a_strict_policy() -> Outcome {
    let policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; \
                  img-src 'self'; style-src 'self'; manifest-src 'self'";
    let fields = vec![("Content-Security-Policy", policy.to_owned())];
    let Some(site) = Site::open_at(WebGpu::Software, "", fields)? else {
        return Ok(());
    };
    let answer = site.ask(PICTURE, QUESTION, 6)?;
    assert!(answer.get("error").is_none(), "{answer}");
    let seen = site.observed()?;
    assert_eq!(seen["refused"], json!([]));
    assert_eq!(seen["uncaught"], json!([]));
    Ok(())
}

#[test]
fn the_frame_takes_its_settings_from_the_query() -> Outcome {
    let query =
        "embed.html?question=%3Cb%3EHow%20many%3F&src=samples/digits.png&model=models/demo/";
    let Some(site) = Site::open_at(WebGpu::Software, query, Vec::new())? else {
        return Ok(());
    };
    site.run(
        "for (let n = 0; n < 200 && part('question')?.value === undefined; n++) await new Promise((done) => setTimeout(done, 50));",
        json!(null),
    )?;
    let question = site.run("return part('question').value", json!(null))?;
    assert_eq!(question, json!("<b>How many?"));
    let answer = site.run(
        "return await settled(element.ask({ maxTokens: 3, question: 'How many?' }))",
        json!(null),
    )?;
    assert_eq!(judge::list(&answer["value"], "tokens").len(), 3, "{answer}");
    assert_eq!(
        judge::list(&answer["value"]["prompt"], "images").len(),
        1,
        "{answer}"
    );
    for (query, words) in [
        ("model=javascript:alert(1)", "model must be an address"),
        ("trace=data:text/plain,x", "trace must be an address"),
        ("src=http://%5B", "src is no address"),
    ] {
        site.browser
            .open(&format!("{}embed.html?{query}", site.url()))?;
        let shown = site.run("return document.body.textContent", json!(null))?;
        assert!(
            shown.as_str().is_some_and(|shown| shown.contains(words)),
            "{query}: {shown}"
        );
    }
    Ok(())
}

#[test]
fn ten_elements_wait_to_be_seen_and_share_one_engine() -> Outcome {
    let Some(site) = Site::open_at(WebGpu::Software, "examples.html", Vec::new())? else {
        return Ok(());
    };
    let n_filled = "[...document.querySelectorAll('look-back')].filter((one) => one.shadowRoot.childElementCount > 0).length";
    let first = site.run(
        &format!(
            "for (let n = 0; n < 200 && !element.shadowRoot.childElementCount; n++) await new Promise((done) => setTimeout(done, 50));
             await new Promise((done) => setTimeout(done, 500));
             return {{ n_elements: document.querySelectorAll('look-back').length, n_filled: {n_filled} }}"
        ),
        json!(null),
    )?;
    assert_eq!(first["n_elements"], json!(12));
    let n_first = first["n_filled"].as_u64().unwrap_or_default();
    assert!((1..=4).contains(&n_first), "{first}");
    assert_eq!(
        site.observed()?["workers"],
        json!([]),
        "an engine nobody asked for"
    );

    let later = site.run(
        &format!(
            "const all = [...document.querySelectorAll('look-back')];
             const two = await Promise.all(all.slice(10).map((one) => settled(one.ask({{ maxTokens: 3 }}))));
             return {{ n_filled: {n_filled}, n_tokens: two.map(({{ value }}) => value?.tokens.length) }}"
        ),
        json!(null),
    )?;
    assert_eq!(later["n_tokens"], json!([3, 3]));
    assert_eq!(later["n_filled"].as_u64(), Some(n_first + 2), "{later}");
    assert_eq!(judge::list(&site.observed()?, "workers").len(), 1);
    site.photograph("examples")
}
