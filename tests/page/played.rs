//! Recorded answers for the tests: a published one with light laid out by hand, and a long one.

use std::fs;

use trace::{
    Event, ModelInfo, Prompt, PromptImage, Shares, StopReason, Timing, Token, Trace, encode_map,
};

use crate::Outcome;
use crate::recorded::published::{SEMANTIC, SEMANTIC_CURVE, share};
use crate::site::Site;

/// Waiting, reading and setting the page, before each script.
pub const HELPERS: &str = "
    const until = async (what, isSo) => {
      for (let n = 0; !isSo(); n++) {
        if (n > 3000) throw new Error(`waited in vain for ${what}; at ${part('place')?.textContent}, scrub ${part('scrub')?.value}`);
        await new Promise((done) => setTimeout(done, 20));
      }
    };
    await customElements.whenDefined('look-back');
    window.element = document.querySelector('look-back');
    window.part = (name) => element.shadowRoot.querySelector(`[data-testid=\"${name}\"]`);
    await until('the page', () => part('scrub'));
    const all = (selector) => [...element.shadowRoot.querySelectorAll(selector)];
    const followed = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const place = () => part('place').textContent;
    // Moves the scrubber as a hand does, and waits until the page is there.
    const scrub = async (n) => {
      part('scrub').value = n;
      part('scrub').dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
      await until(`token ${n}`, () => place().startsWith(`${n} of `));
      await followed();
    };
    const press = async (target, key, more = {}) => {
      target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...more }));
      await followed();
    };
    // One number for every pixel of the light, once it has arrived.
    const light = async () => {
      await new Promise((done) => setTimeout(done, 300));
      await followed();
      const canvas = part('light');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, level) => (sum * 31 + level) | 0, 7);
    };
    const words = () => all('[data-token]').map((word) => word.textContent).join('');
    const choose = async (name, text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name, { type: 'application/json' }));
      part('open').files = data.files;
      part('open').dispatchEvent(new Event('change', { bubbles: true }));
    };
";

/// The published answer of Semantic-back; the light moves over a grid of 6 × 8 cells.
pub fn published() -> Trace {
    let texts: Vec<&str> = SEMANTIC.split('|').collect();
    let tokens = texts.into_iter().enumerate().map(|(index, text)| {
        let image = share(&SEMANTIC_CURVE, index);
        (text.to_owned(), image, map(48, index), 30.0)
    });
    trace(
        "Is this photo taken in a place of youth hostel?",
        (6, 8),
        tokens,
    )
}

/// `n_tokens` tokens of a recording with 35 × 35 cells, one look back.
pub fn long(n_tokens: usize) -> Trace {
    let tokens = (0..n_tokens).map(|index| {
        let text = match index {
            0 => "<think>".to_owned(),
            _ if index == n_tokens / 2 => "</think><back>".to_owned(),
            _ if index % 20 == 19 => format!(" word{index}.\n"),
            _ => format!(" word{index}"),
        };
        (
            text,
            0.1 + 0.4 * (index % 50) as f32 / 50.0,
            map(1_225, index),
            8.0,
        )
    });
    trace("What is there to say?", (35, 35), tokens)
}

/// Most of the light on one cell, the rest around it.
fn map(n_cells: usize, index: usize) -> Vec<f32> {
    let brightest = index * 7 % n_cells;
    let level = |cell: usize| 0.01 / (1.0 + cell.abs_diff(brightest) as f32);
    (0..n_cells).map(level).collect()
}

fn trace(
    question: &str,
    (rows, cols): (u32, u32),
    tokens: impl Iterator<Item = (String, f32, Vec<f32>, f64)>,
) -> Trace {
    let mut trace = Trace::new(ModelInfo {
        name: "Semantic-back-7B".to_owned(),
        method: "semantic-back".to_owned(),
        quantization: "q4".to_owned(),
        sha256: "ab".to_owned(),
    });
    trace.apply(&Event::Prompt(Prompt {
        system: "You are a helpful assistant.".to_owned(),
        question: question.to_owned(),
        images: vec![PromptImage {
            name: "hostel.jpg".to_owned(),
            width_px: 28 * cols,
            height_px: 28 * rows,
            rows,
            cols,
            file: Vec::new(),
        }],
    }));
    for (id, (text, image, map, millis)) in (0..).zip(tokens) {
        let (map, map_max) = encode_map(&map);
        let shares = Shares {
            image,
            question: 0.25,
            generated: 0.74 - image,
        };
        trace.apply(&Event::Token(Token {
            id,
            text,
            logprob: -0.5,
            millis,
            shares,
            map,
            map_max,
        }));
    }
    trace.apply(&Event::Done {
        stop: StopReason::End,
        timing: Timing::default(),
    });
    trace
}

/// Opens a copy of the page that opens with `trace`, with the other attributes of `more`.
pub fn open_with(site: &Site, trace: &Trace, more: &str) -> Outcome {
    let folder = site.models().join("..");
    fs::write(folder.join("recording.json"), trace.to_json()?)?;
    let page = fs::read_to_string(folder.join("index.html"))?;
    let opening = page.replace(
        "<look-back ",
        &format!("<look-back trace=\"recording.json\" {more} "),
    );
    fs::write(folder.join("opening.html"), opening)?;
    open(site, "opening.html")
}

/// Opens a file beside the page.
pub fn open(site: &Site, name: &str) -> Outcome {
    site.browser.open(&format!("{}{name}", site.url()))
}
