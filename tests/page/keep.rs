//! What is kept: recordings that come back as they were, drawings, copies; and files that are refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::WebGpu;
use crate::played::{HELPERS, published};
use crate::site::Site;
use crate::{Outcome, PICTURE, QUESTION, judge};

/// Files that the page offers, by name and content, instead of the browser's dialogue.
const CATCH: &str = "
    const kept = [];
    const blobs = new Map();
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => { const url = make.call(URL, blob); blobs.set(url, blob); return url; };
    HTMLAnchorElement.prototype.click = function () { kept.push({ name: this.download, blob: blobs.get(this.href) }); };
    const way = (label) => all('.ways button').find((button) => button.ariaLabel === label);
    const keep = async (name) => {
      const n = kept.length;
      way(name).click();
      await until(`the file of ${name}`, () => kept.length > n);
      return kept.at(-1);
    };
    const drawn = async (name) => {
      const { blob } = await keep(name);
      const bitmap = await createImageBitmap(blob);
      return coloursOf(bitmap);
    };
";

fn run(site: &Site, body: &str, argument: Value) -> Result<Value, Box<dyn std::error::Error>> {
    site.run(&format!("{HELPERS}{CATCH}{body}"), argument)
}

#[test]
fn an_answer_is_saved_and_opened_with_the_same_words_and_the_same_light() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    let answer = site.ask(PICTURE, QUESTION, 12)?;
    assert!(answer.get("error").is_none(), "{answer}");
    let seen = run(
        &site,
        "element.shadowRoot.querySelector('details.keep').open = true;
         const look = async () => ({ words: words(), light: await light(), figures: [...'iqg'].map((_, n) => all('.shares dd')[n].textContent) });
         const before = await look();
         const { name, blob } = await keep('Save the recording');
         const saved = await blob.text();
         // Another picture and no answer in between.
         all('button.sample')[1].click();
         await until('no words', () => words() === '');
         await choose(name, saved);
         await until('the end', () => place() === `${before.words && JSON.parse(saved).tokens.length} of ${JSON.parse(saved).tokens.length} tokens` && part('play').ariaLabel === 'Play');
         const after = await look();
         const again = await (await keep('Save the recording')).blob.text();
         // Times of more than 15 digits may change in the last one.
         const numbers = (key, value) => typeof value === 'number' ? Number(value.toPrecision(12)) : value;
         const isSame = JSON.stringify(JSON.parse(saved, numbers)) === JSON.stringify(JSON.parse(again, numbers));
         return { name, before, after, saved: JSON.parse(saved), isSame };",
        json!(null),
    )?;
    assert_eq!(seen["name"], "how-many-red-objects-are-there.lookback.json");
    assert_eq!(seen["before"], seen["after"]);
    assert_eq!(seen["isSame"], true, "the file changed on the way");
    let mut saved = seen["saved"].clone();
    let file = saved["prompt"]["images"][0]
        .as_object_mut()
        .and_then(|image| image.remove("file"));
    assert_eq!(saved, answer["value"], "the file is not the trace");
    let file = file.and_then(|file| STANDARD.decode(file.as_str()?).ok());
    let picture = std::fs::read(site.models().join("..").join(PICTURE))?;
    assert_eq!(
        file,
        Some(picture),
        "the picture is not the one asked about"
    );
    site.photograph("kept")
}

#[test]
fn a_recording_without_its_picture_plays_on_a_plain_ground() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "await choose('answer.json', arguments[0]);
         await until('words', () => words() !== '');
         await scrub(158);
         const onGround = { told: part('no-picture').textContent, colours: coloursOf(part('light')), words: words().length };
         return { onGround };",
        json!(published().to_json()?),
    )?;
    let ground = &seen["onGround"];
    let told = ground["told"].as_str().unwrap_or_default();
    assert!(
        told.contains("hostel.jpg") && told.contains("224 × 168 px"),
        "{told}"
    );
    assert!(ground["colours"].as_u64().is_some_and(|n| n > 16), "{seen}");
    site.photograph("no-picture")?;
    let dropped = run(
        &site,
        "const canvas = new OffscreenCanvas(224, 168);
         canvas.getContext('2d').fillRect(8, 8, 30, 20);
         const data = new DataTransfer();
         data.items.add(new File([await canvas.convertToBlob()], 'found.png', { type: 'image/png' }));
         element.shadowRoot.querySelector('.stage').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
         await until('the picture', () => part('no-picture').textContent === '');
         return words().length;",
        json!(null),
    )?;
    assert_eq!(dropped, ground["words"], "the answer went");
    Ok(())
}

#[test]
fn malformed_and_hostile_files_are_refused_and_the_answer_stays() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    let good = published().to_json()?;
    run(&site, "await element.replay(arguments[0])", json!(good))?;
    let replaced = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let refused = [
        (
            "no JSON",
            "<script>window.broken = true</script>".to_owned(),
            "no trace file",
        ),
        (
            "half a file",
            good[..good.len() / 2].to_owned(),
            "no trace file",
        ),
        (
            "another version",
            replaced(
                "lookback-trace/1",
                "lookback-trace/<img src=x onerror=broken=true>",
            ),
            "has the format",
        ),
        (
            "a billion cells",
            replaced("\"rows\":6,\"cols\":8", "\"rows\":50000,\"cols\":20000"),
            "1000000000 image tokens",
        ),
        (
            "no number",
            replaced("\"logprob\":-0.5", "\"logprob\":NaN"),
            "no trace file",
        ),
        (
            "infinity",
            replaced("\"map_max\":0.01", "\"map_max\":1e39"),
            "not finite",
        ),
        (
            "a mark beyond the end",
            replaced("\"end\":126", "\"end\":9999"),
            "must lie within",
        ),
        (
            "a short map",
            replaced("\"map\":\"", "\"map\":\"AAAA"),
            "has a map of",
        ),
    ];
    for (name, file, reason) in refused {
        let seen = run(
            &site,
            "const [name, file] = arguments[0];
             await choose(`${name}.json`, file);
             await until('the message', () => part('error')?.textContent.includes(name));
             return { told: part('error').textContent, words: words(), markup: all('script, img[src=x]').length, broken: window.broken ?? null };",
            json!([name, file]),
        )?;
        let told = seen["told"].as_str().unwrap_or_default();
        assert!(told.contains(reason) && told.len() < 500, "{name}: {told}");
        assert!(
            seen["words"]
                .as_str()
                .is_some_and(|words| words.starts_with("The image")),
            "{name}: the answer went"
        );
        assert_eq!(
            (&seen["markup"], &seen["broken"]),
            (&json!(0), &json!(null)),
            "{name}"
        );
    }
    site.photograph("refused")
}

#[test]
fn what_a_hostile_recording_says_is_text_everywhere() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    let hostile = "<img src=x onerror=broken=true><script>broken=true</script>]]>&amp;\u{8}\"'";
    let mut trace = published();
    trace.model.name = hostile.to_owned();
    trace.prompt.question = hostile.to_owned();
    trace.prompt.images[0].name = hostile.to_owned();
    trace.answer = hostile.to_owned();
    trace.tokens[5].text = hostile.to_owned();
    let seen = run(
        &site,
        "await choose('hostile.json', arguments[0]);
         await until('words', () => words() !== '');
         await scrub(158);
         const svgs = [];
         for (const name of ['Save the chart as SVG', 'Save the light as SVG']) svgs.push(await (await keep(name)).blob.text());
         const parsed = svgs.map((svg) => new DOMParser().parseFromString(svg, 'image/svg+xml'));
         return { broken: window.broken ?? null, markup: all('script, img[src=x]').length,
           wellFormed: parsed.every((svg) => !svg.querySelector('parsererror')),
           foreign: parsed.map((svg) => svg.querySelectorAll('script, img').length),
           titles: parsed.map((svg) => svg.querySelector('title').textContent), name: kept[0].name, words: words() };",
        json!(trace.to_json()?),
    )?;
    assert_eq!(
        (&seen["broken"], &seen["markup"]),
        (&json!(null), &json!(0)),
        "{seen}"
    );
    assert_eq!(
        (&seen["wellFormed"], &seen["foreign"]),
        (&json!(true), &json!([0, 0])),
        "{seen}"
    );
    let title = hostile.replace('\u{8}', " ");
    assert_eq!(seen["titles"], json!([title, title]));
    assert!(
        seen["words"]
            .as_str()
            .is_some_and(|words| words.contains("<script>")),
        "{seen}"
    );
    let name = seen["name"].as_str().unwrap_or_default();
    assert!(!name.contains(['<', '/', '"', '\\']), "{name}");
    Ok(())
}

#[test]
fn chart_and_light_are_drawn_and_the_answer_is_copied() -> Outcome {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "await element.replay(arguments[0]);
         element.shadowRoot.querySelector('details.keep').open = true;
         await scrub(105);
         let copied;
         Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { copied = text; } }, configurable: true });
         const colours = { chart: await drawn('Save the chart as PNG'), light: await drawn('Save the light as PNG') };
         const chart = await (await keep('Save the chart as SVG')).blob.text();
         const sheet = await (await keep('Save the light as SVG')).blob.text();
         way('Copy the answer').click();
         await until('the copy', () => part('kept').textContent === 'Answer copied.');
         return { colours, chart, light: sheet, copied, names: kept.map(({ name }) => name) };",
        json!(published().to_json()?),
    )?;
    let chart = seen["chart"].as_str().unwrap_or_default();
    for part in [
        "Semantic-back-7B · semantic-back · q4 · 158 tokens",
        "youth hostel?",
        "1 stated",
        "generated token",
    ] {
        assert!(chart.contains(part), "{part} is not in {chart}");
    }
    let light = seen["light"].as_str().unwrap_or_default();
    assert_eq!(
        light.matches("<rect").count(),
        1 + 1 + 48 + 2,
        "paper, ground, cells, scale"
    );
    assert!(light.contains("Token 105"), "{light}");
    for drawing in ["chart", "light"] {
        assert!(
            seen["colours"][drawing].as_u64().is_some_and(|n| n > 16),
            "{seen}"
        );
    }
    assert_eq!(seen["copied"], published().answer);
    let names = judge::list(&seen, "names");
    assert_eq!(names[0], "is-this-photo-taken-in-a-place-of-chart.png");
    if let Some(folder) = std::env::var_os("LOOKBACK_SHOTS").map(std::path::PathBuf::from) {
        std::fs::write(folder.join("chart.svg"), chart)?;
        std::fs::write(folder.join("light.svg"), light)?;
    }
    Ok(())
}
