//! Keeping and sharing: the recording as a file, chart and light as pictures, the answer and a link as text.

pub mod chart;
pub mod download;
pub mod import;
pub mod light_sheet;
pub mod record;
pub mod svg;

use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::address;
use crate::asking::Asking;
use crate::host::Host;
use crate::keep::chart::{CHART_PX, chart_svg};
use crate::keep::download::{Kind, download, download_png};
use crate::keep::import::OpenRecording;
use crate::keep::light_sheet::{SHEET_PX, light_svg};
use crate::keep::record::{file_stem, picture_of_trace, recording};
use crate::run::Run;

/// Something that can be kept; the order is that of the buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Recording,
    Chart(Kind),
    Light(Kind),
    Answer,
    Link,
}

impl Way {
    /// Each with the words that a screen reader hears and those on its button.
    const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Recording, "Save the recording", "Save"),
        (Self::Chart(Kind::Svg), "Save the chart as SVG", "SVG"),
        (Self::Chart(Kind::Png), "Save the chart as PNG", "PNG"),
        (Self::Light(Kind::Svg), "Save the light as SVG", "SVG"),
        (Self::Light(Kind::Png), "Save the light as PNG", "PNG"),
        (Self::Answer, "Copy the answer", "Answer"),
        (Self::Link, "Copy a link", "Link"),
    ];

    /// The word that a row begins with, before its first way.
    fn heading(self) -> Option<&'static str> {
        match self {
            Self::Recording => Some("Recording"),
            Self::Chart(Kind::Svg) => Some("Chart"),
            Self::Light(Kind::Svg) => Some("Light"),
            Self::Answer => Some("Copy"),
            _ => None,
        }
    }

    /// Whether there is something to keep; tracked.
    fn is_open(self, run: Run) -> bool {
        match self {
            Self::Link => true,
            Self::Light(_) => has_light(run),
            Self::Recording | Self::Chart(_) | Self::Answer => run.n_replayable() > 0,
        }
    }

    /// Keeps it, and says so.
    async fn keep(self, run: Run, host: &Host) -> &'static str {
        match self {
            Self::Recording => save_recording(run),
            Self::Chart(kind) => save_chart(run, kind).await,
            Self::Light(kind) => save_light(run, kind).await,
            Self::Answer => {
                let answer = run.with_whole(|trace| trace.answer.clone());
                copy(&answer.unwrap_or_default(), "Answer copied.").await
            }
            Self::Link => {
                let told = match address::has_linked_picture(run, host) {
                    true => "Link copied.",
                    false => "Link copied; it does not carry the picture.",
                };
                copy(&address::link(run, host), told).await
            }
        }
    }
}

/// Four rows of two: recording, chart, light, clipboard. Only a page of its own has a link.
#[component]
pub fn Keep(asking: Asking) -> impl IntoView {
    let run = asking.run;
    let (told, set_told) = signal("");
    let has_link = address::is_page(&asking.host);
    let host = StoredValue::new_local(asking.host);
    let keep = move |way: Way| {
        leptos::task::spawn_local(async move {
            let words = way.keep(run, &host.get_value()).await;
            // Gone with the element.
            let _ = set_told.try_set(words);
        });
    };
    let button = move |(way, label, word): (Way, &'static str, &'static str)| {
        let heading = way
            .heading()
            .map(|heading| view! { <span>{heading}</span> });
        let open = (way == Way::Recording).then(|| view! { <OpenRecording run /> });
        view! {
            {heading}
            <button type="button" aria-label=label title=label disabled=move || !way.is_open(run) on:click=move |_| keep(way)>
                {word}
            </button>
            {open}
        }
    };
    let ways = Way::ALL
        .into_iter()
        .filter(|(way, ..)| has_link || *way != Way::Link);
    view! {
        <details class="keep" data-testid="keep">
            <summary>"Keep and share"</summary>
            <div class="ways">{ways.map(button).collect::<Vec<_>>()}</div>
            <p class="told" role="status" data-testid="kept">{told}</p>
        </details>
    }
}

fn has_light(run: Run) -> bool {
    run.looking.map.with(Option::is_some)
}

fn save_recording(run: Run) -> &'static str {
    let saved = recording(run).and_then(|json| {
        let name = format!("{}.lookback.json", file_stem(run));
        download(&name, &json, Kind::Json)
    });
    match saved {
        Some(()) => "Recording saved.",
        None => "This browser did not take the file; free some space, then save again.",
    }
}

async fn save_chart(run: Run, kind: Kind) -> &'static str {
    let Some(svg) = run.with_whole(chart_svg) else {
        return "There is no complete answer to draw.";
    };
    save_svg(&format!("{}-chart", file_stem(run)), &svg, CHART_PX, kind).await
}

async fn save_light(run: Run, kind: Kind) -> &'static str {
    let image = run.looking.image.get_untracked();
    let picture = run
        .trace
        .with_untracked(|trace| picture_of_trace(run, trace, image));
    let svg = run.looking.shown.get_untracked().and_then(|span| {
        let per_token = run.per_token.get_untracked();
        run.trace
            .with_untracked(|trace| light_svg(trace, span, image, per_token, picture.as_ref()))
    });
    let Some(svg) = svg else {
        return "There is no light to draw.";
    };
    save_svg(&format!("{}-light", file_stem(run)), &svg, SHEET_PX, kind).await
}

async fn save_svg(stem: &str, svg: &str, size_px: (u32, u32), kind: Kind) -> &'static str {
    let saved = match kind {
        Kind::Png => download_png(&format!("{stem}.png"), svg, size_px).await,
        Kind::Svg | Kind::Json => download(&format!("{stem}.svg"), svg, Kind::Svg),
    };
    match (saved, kind) {
        (Some(()), _) => "Saved.",
        (None, Kind::Png) => "This browser could not draw it; take the SVG.",
        (None, Kind::Svg | Kind::Json) => {
            "This browser did not take the file; free some space, then save again."
        }
    }
}

async fn copy(text: &str, told: &'static str) -> &'static str {
    let refused = "This browser did not let the page copy; select the text and copy it yourself.";
    let clipboard = js_sys::Reflect::get(&window().navigator(), &"clipboard".into());
    // Browsers have it over https and on localhost only.
    if !clipboard.is_ok_and(|clipboard| clipboard.is_object()) {
        return refused;
    }
    match JsFuture::from(window().navigator().clipboard().write_text(text)).await {
        Ok(_) => told,
        Err(_) => refused,
    }
}
