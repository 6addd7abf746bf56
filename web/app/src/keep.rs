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
use crate::keep::chart::{CHART_PX, chart_svg};
use crate::keep::download::{Kind, download, download_png};
use crate::keep::import::OpenRecording;
use crate::keep::light_sheet::{SHEET_PX, light_svg};
use crate::keep::record::{file_stem, picture_of_trace, recording};
use crate::run::Run;

/// Four rows of two: recording, chart, light, clipboard.
#[component]
pub fn Keep(asking: Asking) -> impl IntoView {
    let run = asking.run;
    let host = asking.host.clone();
    let is_page = address::is_page(&host);
    let (told, set_told) = signal(String::new());
    let tell = move |words: &str| {
        // Gone with the element.
        let _ = set_told.try_set(words.to_owned());
    };
    let has_answer = Memo::new(move |_| run.n_replayable() > 0);
    let has_light = Memo::new(move |_| {
        let current = run.current.get();
        run.trace.with(|trace| {
            let token = current.and_then(|current| trace.tokens.get(current));
            token.is_some_and(|token| !token.map.is_empty())
        })
    });
    let save = move |_| tell(save_recording(run));
    let chart =
        move |kind| leptos::task::spawn_local(async move { tell(save_chart(run, kind).await) });
    let light =
        move |kind| leptos::task::spawn_local(async move { tell(save_light(run, kind).await) });
    let copy_answer = move |_| {
        let answer = run
            .with_whole(|trace| trace.answer.clone())
            .unwrap_or_default();
        leptos::task::spawn_local(async move { tell(copy(&answer, "Answer copied.").await) });
    };
    let host = StoredValue::new_local(host);
    let copy_link = move |_| {
        let link = host.with_value(|host| address::link(run, host));
        let told = match host.with_value(|host| address::has_linked_picture(run, host)) {
            true => "Link copied.",
            false => "Link copied; it does not carry the picture.",
        };
        leptos::task::spawn_local(async move { tell(copy(&link, told).await) });
    };
    view! {
        <details class="keep" data-testid="keep">
            <summary>"Keep and share"</summary>
            <div class="ways">
                <span id="keep-recording">"Recording"</span>
                <button type="button" aria-describedby="keep-recording" data-testid="save" disabled=move || !has_answer.get() on:click=save>"Save"</button>
                <OpenRecording run />
                <span id="keep-chart">"Chart"</span>
                <button type="button" aria-describedby="keep-chart" data-testid="chart-svg" disabled=move || !has_answer.get() on:click=move |_| chart(Kind::Svg)>"SVG"</button>
                <button type="button" aria-describedby="keep-chart" data-testid="chart-png" disabled=move || !has_answer.get() on:click=move |_| chart(Kind::Png)>"PNG"</button>
                <span id="keep-light">"Light"</span>
                <button type="button" aria-describedby="keep-light" data-testid="light-svg" disabled=move || !has_light.get() on:click=move |_| light(Kind::Svg)>"SVG"</button>
                <button type="button" aria-describedby="keep-light" data-testid="light-png" disabled=move || !has_light.get() on:click=move |_| light(Kind::Png)>"PNG"</button>
                <span id="keep-copy">"Copy"</span>
                <button type="button" aria-describedby="keep-copy" data-testid="copy-answer" disabled=move || !has_answer.get() on:click=copy_answer>"Answer"</button>
                <button type="button" aria-describedby="keep-copy" data-testid="copy-link" hidden=!is_page on:click=copy_link>"Link"</button>
            </div>
            <p class="told" role="status" data-testid="kept">{move || told.get()}</p>
        </details>
    }
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
    let picture = run
        .trace
        .with_untracked(|trace| picture_of_trace(run, trace));
    let svg = run.current.get_untracked().and_then(|token| {
        let per_token = run.per_token.get_untracked();
        run.trace
            .with_untracked(|trace| light_svg(trace, token, per_token, picture.as_ref()))
    });
    let Some(svg) = svg else {
        return "This word has no light to draw.";
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
