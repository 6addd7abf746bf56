//! A recorded answer as it is drawn: segments, marks, regions, numbers, the time line. No GPU is needed.

use std::error::Error;

use serde_json::{Value, json};
use trace::{MarkerKind, Trace};

use crate::browser::WebGpu;
use crate::judge::list;
use crate::recorded::{self, published};
use crate::site::Site;

type Outcome = Result<(), Box<dyn Error>>;

/// Before each script: waiting, and what is drawn.
pub const HELPERS: &str = "
    const until = async (what, isSo) => {
      for (let n = 0; !isSo(); n++) {
        if (n > 600) throw new Error(`waited in vain for ${what}`);
        await new Promise((done) => setTimeout(done, 25));
      }
    };
    await until('the page', () => part('answer'));
    const root = element.shadowRoot;
    const all = (selector, from = root) => [...from.querySelectorAll(selector)];
    const followed = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const settledLight = async () => { await followed(); await new Promise((done) => setTimeout(done, 200)); };
    const press = async (key, init = {}) => {
      root.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, ...init }));
      await followed();
    };
    const text = (node) => node?.textContent.trim() ?? null;
    const viewBox = () => part('lines').getAttribute('viewBox');
";

/// Runs `body` in the page after [`HELPERS`].
pub fn run(site: &Site, body: &str, argument: Value) -> Result<Value, Box<dyn Error>> {
    site.run(&format!("{HELPERS}{body}"), argument)
}

/// A page with its first sample picture and this answer.
pub fn replayed(trace: &Trace) -> Result<Option<Site>, Box<dyn Error>> {
    let Some(site) = Site::open(WebGpu::Missing)? else {
        return Ok(None);
    };
    run(
        &site,
        "await until('the picture', () => part('light'));
         await element.replay(arguments[0]);
         await settledLight();",
        recorded::object(trace)?,
    )?;
    Ok(Some(site))
}

/// Counted from 1 as its authors do: `<back>` at 96 of 158, `</back>` at 126; 96 and 136 of 165.
#[test]
fn the_published_answers_are_drawn_as_published() -> Outcome {
    for (trace, n_tokens, back_end, answer) in [
        (recorded::semantic(), 158, 126, "Left its answer empty"),
        (recorded::solution(), 165, 136, "Answers"),
    ] {
        let Some(site) = replayed(&trace)? else {
            return Ok(());
        };
        let seen = run(
            &site,
            "const tokens = (passage) => all('[data-token]', passage).map((piece) => Number(piece.dataset.token));
             const passages = all('.answer .passage').map((passage) => ({
               label: text(passage.querySelector('h2')), kind: passage.className,
               first: Math.min(...tokens(passage)), last: Math.max(...tokens(passage)) }));
             const span = root.querySelector('.marks .span.stated').style;
             return { passages, text: part('answer').textContent, left: span.left, right: span.right, viewBox: viewBox(),
               mark: root.querySelector('.answer h2 .mark').ariaLabel, counts: text(part('counts')) };",
            json!(null),
        )?;
        let passages = list(&seen, "passages");
        let labels: Vec<&str> = passages
            .iter()
            .filter_map(|passage| passage["label"].as_str())
            .collect();
        assert_eq!(labels.len(), 4, "{labels:?}");
        assert_eq!(
            (labels[0], labels[2], labels[3]),
            ("Thinks", "Thinks", answer)
        );
        let words = format!(" for {} tokens", back_end - 95);
        assert!(
            labels[1].starts_with("Looks back · image attention ×") && labels[1].ends_with(&words),
            "{labels:?}"
        );
        // The first visible token is the third of the tag, the last holds the full stop before the closing tag.
        let third = if back_end == 126 { 97 } else { 98 };
        assert_eq!(passages[1]["first"], third, "{}", passages[1]);
        assert_eq!(passages[1]["last"], back_end - 1, "{}", passages[1]);
        let shown = seen["text"].as_str().unwrap_or_default();
        for raw in ["<", "back>", "think", "boxed", "\\"] {
            assert!(!shown.contains(raw), "{raw:?} in {shown:?}");
        }
        let percent = |token: usize| format!("{:.3}%", token as f64 * 100.0 / n_tokens as f64);
        assert_eq!(seen["left"], percent(95));
        // Chromium works `100% - …` out.
        let right = format!(
            "calc({:.3}%)",
            100.0 - back_end as f64 * 100.0 / n_tokens as f64
        );
        assert_eq!(seen["right"], right);
        assert_eq!(seen["viewBox"], format!("0 0 {} 1000", 2 * n_tokens));
        let counts = trace.counts();
        assert_eq!(
            seen["counts"],
            format!(
                "Looks back: {} stated, {} measured",
                counts.n_stated, counts.n_measured
            )
        );
        let mark = seen["mark"].as_str().unwrap_or_default();
        assert!(
            mark.starts_with("Said to look back: image attention ×"),
            "{mark}"
        );
        site.photograph(&format!("published-{}", trace.model.method))?;
    }
    Ok(())
}

#[test]
fn a_mark_shows_before_within_and_after_and_magnifies() -> Outcome {
    let trace = recorded::semantic();
    let Some(site) = replayed(&trace)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "root.querySelector('.answer h2 .mark').click();
         await until('the drawer', () => part('mark-detail'));
         await settledLight();
         const maps = ['Before', 'Within', 'After'].map((name) => {
           const map = part(`map-${name}`);
           return { colours: coloursOf(map.querySelector('canvas.light')), words: all('figcaption span', map).map(text) };
         });
         const whole = viewBox();
         part('zoom-mark').click();
         await followed();
         const zoomed = viewBox();
         const token = text(part('token-figure'));
         return { maps, whole, zoomed, token };",
        json!(null),
    )?;
    let mean = |tokens: std::ops::Range<usize>| {
        let n_tokens = tokens.len() as f32;
        trace.tokens[tokens]
            .iter()
            .map(|token| token.shares.image)
            .sum::<f32>()
            / n_tokens
    };
    let expected = [
        ("tokens 76 to 95", mean(75..95), "mostly upper left"),
        ("tokens 96 to 126", mean(95..126), "mostly lower right"),
        ("tokens 127 to 146", mean(126..146), "mostly upper right"),
    ];
    for (map, (tokens, share, place)) in list(&seen, "maps").iter().zip(expected) {
        assert_eq!(map["words"][0], tokens);
        assert_eq!(map["words"][1], format!("Picture {:.1} %", share * 100.0));
        let shown = map["words"][2].as_str().unwrap_or_default();
        assert!(shown.starts_with(place), "{map}");
        assert!(map["colours"].as_u64().is_some_and(|n| n > 8), "{map}");
    }
    assert_eq!(seen["whole"], "0 0 316 1000");
    // Half the span's 31 tokens more on either side.
    assert_eq!(seen["zoomed"], "160 0 122 1000");
    let token = seen["token"].as_str().unwrap_or_default();
    assert!(
        token.starts_with("Mean of tokens 96 to 126 · mostly lower right"),
        "{token}"
    );
    site.photograph("mark")?;
    let closed = run(
        &site,
        "part('answer').focus();
         await press('Escape');
         return { drawer: part('mark-detail') !== null };",
        json!(null),
    )?;
    assert_eq!(closed["drawer"], false);
    Ok(())
}

/// Wherever on the window a mark is clicked, it is still to be seen beside its drawer; where there is room for both
/// nothing moves.
#[test]
fn the_drawer_of_a_mark_does_not_cover_it() -> Outcome {
    let Some(site) = replayed(&recorded::semantic())? else {
        return Ok(());
    };
    for (width_px, height_px) in [(360, 740), (768, 1024), (1280, 800), (1920, 1080)] {
        site.browser.resize(width_px, height_px)?;
        let seen = run(
            &site,
            "await settledLight();
             const seen = [];
             for (const mark of [...all('.answer .mark'), ...all('.marks .mark')]) {
               for (const block of ['start', 'center', 'end']) {
                 mark.scrollIntoView({ block });
                 await followed();
                 const before = mark.getBoundingClientRect();
                 mark.click();
                 await until('the drawer', () => part('mark-detail'));
                 await settledLight();
                 const { x, y, width, height } = mark.getBoundingClientRect();
                 const hit = root.elementFromPoint(x + width / 2, y + height / 2);
                 const drawer = part('mark-detail').getBoundingClientRect();
                 seen.push({ mark: mark.ariaLabel, block, hit: hit?.outerHTML.slice(0, 80), isSeen: hit === mark,
                   isStill: y === before.y || element.clientWidth < 960,
                   isInside: drawer.top >= -1 && drawer.bottom <= innerHeight + 1,
                   drawer: [drawer.top, drawer.bottom, innerHeight] });
                 part('close-mark').click();
                 await until('no drawer', () => !part('mark-detail'));
               }
             }
             return seen;",
            json!(null),
        )?;
        let seen = seen.as_array().ok_or("no list")?;
        assert!(seen.len() >= 6, "{seen:?}");
        for mark in seen {
            let is_so = |what: &str| mark[what] == json!(true);
            assert!(
                is_so("isSeen") && is_so("isStill") && is_so("isInside"),
                "{width_px}: {mark}"
            );
        }
    }
    Ok(())
}

#[test]
fn what_is_pointed_at_is_lit_outlined_and_named() -> Outcome {
    let trace = recorded::semantic();
    let Some(site) = replayed(&trace)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "const state = async () => {
           await settledLight();
           return { token: text(part('token-figure')), share: text(part('share-image')),
             label: root.querySelector('[role=img]').ariaLabel, outlines: all('.outline').map(text) };
         };
         const point = (node, kind) => node.dispatchEvent(new PointerEvent(kind, { bubbles: true, composed: true }));
         point(root.querySelector(\"[data-token='105']\"), 'pointerover');
         const token = await state();
         point(part('answer'), 'pointerleave');
         const back = root.querySelectorAll('.passage h2 > button:not(.mark)')[1];
         back.focus();
         const segment = await state();
         back.blur();
         part('answer').focus();
         await press('Home');
         const first = await state();
         await press('ArrowRight', { shiftKey: true });
         const mark = { ...(await state()), told: text(part('told-token')) };
         return { token, segment, first, mark };",
        json!(null),
    )?;
    let percent = |share: f32| format!("{:.0} %", share * 100.0);
    let token = &trace.tokens[105];
    assert_eq!(seen["token"]["share"], percent(token.shares.image));
    let figure = seen["token"]["token"].as_str().unwrap_or_default();
    let expected = format!("Token 106: “{}” · mostly lower right, ", token.text);
    assert!(figure.starts_with(expected.trim()), "{figure} {expected}");
    let inside = &trace.tokens[95..126];
    let mean = inside.iter().map(|token| token.shares.image).sum::<f32>() / inside.len() as f32;
    assert_eq!(seen["segment"]["share"], percent(mean));
    let figure = seen["segment"]["token"].as_str().unwrap_or_default();
    assert!(
        figure.starts_with("Mean of tokens 96 to 126 · mostly lower right, "),
        "{figure}"
    );
    for (name, place) in [("segment", "lower right, "), ("first", "upper left, ")] {
        let outline = seen[name]["outlines"][0].as_str().unwrap_or_default();
        assert!(
            outline.starts_with(place) && outline.ends_with(" %"),
            "{}",
            seen[name]
        );
        let label = seen[name]["label"].as_str().unwrap_or_default();
        assert!(
            label.contains("% of the attention") && label.contains(outline),
            "{label}"
        );
    }
    let first_mark = trace
        .markers
        .iter()
        .map(|marker| marker.start)
        .min()
        .unwrap_or_default();
    let told = seen["mark"]["told"].as_str().unwrap_or_default();
    assert!(
        told.starts_with(&format!("Token {} of 158: ", first_mark + 1)),
        "{told}"
    );
    Ok(())
}

#[test]
fn the_time_line_is_magnified_with_the_keys() -> Outcome {
    let trace = recorded::semantic();
    let Some(site) = replayed(&trace)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "const chart = root.querySelector('[role=slider]');
         chart.focus();
         await press('Home');
         const boxes = [];
         for (const key of ['+', '+', 'End', '-', '0']) { await press(key); boxes.push(viewBox()); }
         return { boxes, isFocused: root.activeElement === chart, value: chart.ariaValueText };",
        json!(null),
    )?;
    assert_eq!(
        seen["boxes"],
        json!([
            "0 0 158 1000",
            "0 0 78 1000",
            "238 0 78 1000",
            "160 0 156 1000",
            "0 0 316 1000"
        ]),
        "{seen}"
    );
    assert_eq!(seen["isFocused"], true);
    Ok(())
}

#[test]
fn numbers_and_their_sources_are_there_on_demand() -> Outcome {
    let trace = recorded::semantic();
    let Some(site) = replayed(&trace)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "const before = all('tr', part('numbers')).length;
         part('answer').focus();
         await press('Home');
         part('numbers').querySelector('summary').click();
         await until('rows', () => all('tr', part('numbers')).length > 0);
         const rows = Object.fromEntries(all('tr', part('numbers')).map((row) => [text(row.children[0]), [text(row.children[1]), text(row.children[2])]]));
         part('formula').querySelector('summary').click();
         return { before, rows, formula: text(part('formula').querySelector('div')) };",
        json!(null),
    )?;
    assert_eq!(seen["before"], 0);
    let figure = |what: &str| {
        seen["rows"][what][0]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(figure("Token"), "1 of 158");
    assert_eq!(figure("Id"), "1000");
    assert_eq!(figure("Text"), "“<th”");
    assert_eq!(figure("Log probability"), "-0.250 (77.9 %)");
    assert_eq!(figure("Time"), "31.5 ms");
    assert_eq!(
        figure("Picture"),
        format!("{:.2} %", trace.tokens[0].shares.image * 100.0)
    );
    // The light of the first segment is centred on row 2, column 3, counted from 1.
    let peak = format!("{:.3} %", trace.tokens[0].map_max * 100.0);
    assert_eq!(figure("Row 2, column 3"), peak, "{}", seen["rows"]);
    for (_, row) in seen["rows"].as_object().into_iter().flatten() {
        assert!(
            row[1].as_str().is_some_and(|source| source.len() > 8),
            "{row}"
        );
    }
    let formula = seen["formula"].as_str().unwrap_or_default();
    assert!(formula.contains("first image token"), "{formula}");
    site.photograph("numbers")
}

#[test]
fn every_kind_of_mark_has_a_shape_of_its_own() -> Outcome {
    let mut trace = recorded::semantic();
    for (kind, start) in [(MarkerKind::Copied, 30), (MarkerKind::Inserted, 44)] {
        trace.markers.push(trace::Marker {
            kind,
            start,
            end: start + 6,
            gain: 1.5,
        });
    }
    let Some(site) = replayed(&trace)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "const shape = (kind) => {
           const mark = root.querySelector(`.marks .mark.${kind}`);
           const { transform, borderRadius, borderTopWidth, borderLeftWidth, backgroundColor } = getComputedStyle(mark, '::before');
           const { width, height } = mark.getBoundingClientRect();
           return { shape: [transform !== 'none', borderRadius, borderTopWidth, borderLeftWidth, backgroundColor !== 'rgba(0, 0, 0, 0)'].join(), width, height };
         };
         return { shapes: ['stated', 'measured', 'copied', 'inserted'].map(shape),
           inText: ['measured', 'copied', 'inserted'].map((kind) => all(`.answer .in-${kind}`).length),
           rails: all('.answer .mark').map((mark) => mark.className.replace(/^mark /, '')), counts: text(part('counts')) };",
        json!(null),
    )?;
    let shapes = list(&seen, "shapes");
    for (index, shape) in shapes.iter().enumerate() {
        assert!(
            shapes[..index]
                .iter()
                .all(|other| other["shape"] != shape["shape"]),
            "{seen}"
        );
        for side in ["width", "height"] {
            assert!(shape[side].as_f64().is_some_and(|px| px >= 24.0), "{shape}");
        }
    }
    for n_tokens in list(&seen, "inText") {
        assert!(n_tokens.as_u64().is_some_and(|n| n >= 5), "{seen}");
    }
    let rails = list(&seen, "rails").len();
    assert_eq!(rails, trace.markers.len(), "{seen}");
    let counts = seen["counts"].as_str().unwrap_or_default();
    assert!(counts.ends_with("1 copied, 1 inserted"), "{counts}");
    site.photograph("all-marks")
}

/// Arabic runs from right to left under a heading that does not, Japanese breaks without spaces, nothing
/// leaves its column or is cut.
#[test]
fn other_scripts_are_set_in_their_own_direction() -> Outcome {
    let pieces = "<th|ink|>|هناك| ثلاث| دوائر| حمراء|.|</|think|>|<|back|>|赤い|円|は|三つ|あり|ます|。|左上|に|青い|四角形|が|あります|。|</|back|>|\\|boxed|{|三|}";
    let trace = recorded::trace(pieces, &published::SEMANTIC_CURVE, "semantic-back");
    let Some(site) = replayed(&trace)? else {
        return Ok(());
    };
    let seen = run(
        &site,
        "const prose = all('.answer .passage p');
         const rail = root.querySelector('.answer h2 .mark').getBoundingClientRect();
         const box = part('answer').getBoundingClientRect();
         const heading = root.querySelector('.answer h2');
         return { directions: prose.map((p) => getComputedStyle(p).direction), heading: getComputedStyle(heading).direction,
           cut: prose.filter((p) => p.scrollWidth > p.clientWidth || p.scrollHeight > p.clientHeight).length,
           tall: prose.map((p) => parseFloat(getComputedStyle(p).lineHeight) / parseFloat(getComputedStyle(p).fontSize)),
           railIsLeft: rail.left - box.left < 8, lang: getComputedStyle(prose[1]).lineBreak };",
        json!(null),
    )?;
    assert_eq!(seen["directions"], json!(["rtl", "ltr", "ltr"]), "{seen}");
    assert_eq!(seen["heading"], "ltr");
    assert_eq!(
        (&seen["cut"], &seen["railIsLeft"]),
        (&json!(0), &json!(true)),
        "{seen}"
    );
    assert_eq!(seen["lang"], "strict");
    for height in list(&seen, "tall") {
        assert!(height.as_f64().is_some_and(|ratio| ratio >= 1.4), "{seen}");
    }
    site.photograph("scripts")
}
