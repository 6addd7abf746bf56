//! The first ten seconds: a recording plays, and one button leads to asking oneself.

use js_sys::{Array, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, HtmlElement, RequestInit, Response, ShadowRoot};

use crate::asking::Asking;
use crate::status::megabytes;

/// The recorded question and the button, in the place of the form, until the recording is left.
#[component]
pub fn Opening(asking: Asking) -> impl IntoView {
    let run = asking.run;
    let (n_bytes, set_n_bytes) = signal(None::<u64>);
    let asking = StoredValue::new_local(asking);
    let is_opening = Memo::new(move |_| run.replay.is_opening.get());
    Effect::new(move |_| {
        if is_opening.get() && n_bytes.get_untracked().is_none() {
            leptos::task::spawn_local(async move {
                let n_bytes = load_bytes(&asking.get_value()).await;
                // Gone with the element.
                let _ = set_n_bytes.try_set(n_bytes);
            });
        }
    });
    let ask = move |event: Event| {
        asking.with_value(|asking| asking.load(None));
        focus_question(&event);
    };
    let size = move || {
        n_bytes
            .get()
            .map(|n_bytes| format!("loads {}", megabytes(n_bytes)))
    };
    view! {
        <div class="opening" data-testid="opening" hidden=move || !is_opening.get()>
            <p class="head">"A recorded answer to"</p>
            <div class="ask">
                <p class="asked" dir="auto">{move || run.question.get()}</p>
                <button class="act" type="button" data-testid="ask-yourself" on:click=move |event| ask(event.into())>
                    "Ask it yourself" <small>{size}</small>
                </button>
            </div>
        </div>
    }
}

/// The form is there with the next frame.
fn focus_question(event: &Event) {
    let button = event.current_target();
    let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    request_animation_frame(move || {
        let root = button.get_root_node().dyn_into::<ShadowRoot>().ok();
        let question = root.and_then(|root| root.get_element_by_id("question"));
        if let Some(question) =
            question.and_then(|question| question.dyn_into::<HtmlElement>().ok())
        {
            // Nothing to be done where a browser refuses.
            let _ = question.focus();
        }
    });
}

/// What the first question loads: the model as its manifest lists it, and the engine as the server sends it.
async fn load_bytes(asking: &Asking) -> Option<u64> {
    let model = asking.run.model.get_untracked();
    let folder = asking.host.model_url(&model)?;
    let manifest = fetch(&format!("{folder}manifest.json"), "GET").await?;
    let manifest = JsFuture::from(manifest.json().ok()?).await.ok()?;
    let n_shard_bytes: f64 = items(&manifest, "shards")
        .iter()
        .map(|shard| length(shard, "chunks"))
        .sum();
    let n_model_bytes = n_shard_bytes + length(&manifest, "files");
    let engine = fetch(&format!("{}worker_bg.wasm", asking.base), "HEAD").await;
    let n_engine_bytes = engine.and_then(|engine| {
        let length = engine.headers().get("content-length").ok()??;
        length.parse::<u32>().ok()
    });
    let n_engine_bytes = u64::from(n_engine_bytes.unwrap_or_default());
    (n_model_bytes > 0.0).then_some(n_model_bytes as u64 + n_engine_bytes)
}

async fn fetch(url: &str, method: &str) -> Option<Response> {
    let init = RequestInit::new();
    init.set_method(method);
    let window = web_sys::window()?;
    let response = JsFuture::from(window.fetch_with_str_and_init(url, &init))
        .await
        .ok()?;
    let response: Response = response.dyn_into().ok()?;
    response.ok().then_some(response)
}

/// The sum of `length` over a list; what is not there counts as 0.
fn length(of: &JsValue, list: &str) -> f64 {
    let length = |item: &JsValue| Reflect::get(item, &"length".into()).ok()?.as_f64();
    items(of, list).iter().filter_map(length).sum()
}

fn items(of: &JsValue, list: &str) -> Vec<JsValue> {
    let list = Reflect::get(of, &list.into()).unwrap_or_default();
    list.dyn_ref::<Array>()
        .map(|list| list.to_vec())
        .unwrap_or_default()
}
