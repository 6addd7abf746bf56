//! The question, its options, and the one button that asks or stops.

use leptos::prelude::*;
use web_sys::{KeyboardEvent, SubmitEvent};

use crate::asking::Asking;
use crate::maker::Maker;
use crate::maker::offers::OfferList;
use crate::methods::MethodSelect;
use crate::models::ModelSelect;
use crate::run::Phase;
use crate::status::{LoadBar, Status};

/// The form; Enter asks.
#[component]
pub fn QuestionForm(asking: Asking, maker: Maker) -> impl IntoView {
    let run = asking.run;
    let stored = StoredValue::new_local(asking);
    let act = move || {
        let asking = stored.get_value();
        if run.phase.with_untracked(Phase::is_running) {
            asking.stop();
        } else {
            leptos::task::spawn_local(async move { asking.ask(None).await });
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        act();
    };
    let on_key = move |event: KeyboardEvent| {
        let asks = event.key() == "Enter" && !event.shift_key() && !event.is_composing();
        if asks {
            event.prevent_default();
            match run.phase.with_untracked(Phase::is_running) {
                true => stored.with_value(Asking::ask_once_loaded),
                false => act(),
            }
        }
    };
    view! {
        <form on:submit=on_submit>
            <div class="head">
                <label for="question">"Question"</label>
                <Status run />
            </div>
            <div class="ask">
                <textarea
                    id="question"
                    dir="auto"
                    rows="2"
                    placeholder="What do you want to know about the picture?"
                    enterkeyhint="send"
                    data-testid="question"
                    prop:value=move || run.question.get()
                    on:input=move |event| run.question.set(event_target_value(&event))
                    on:keydown=on_key
                ></textarea>
                <button class="act" type="submit" class:stop=move || run.is_running() data-testid="ask">
                    {move || if run.is_running() { "Stop" } else { "Ask" }}
                </button>
            </div>
            <LoadBar run />
            <OfferList maker />
            <Options asking=stored.get_value() />
        </form>
    }
}

/// How to answer: model, method, limit, chance.
#[component]
fn Options(asking: Asking) -> impl IntoView {
    let run = asking.run;
    view! {
        <details class="options">
            <summary>"Options"</summary>
            <div>
                <ModelSelect run />
                <MethodSelect run />
                <label>
                    "Most tokens"
                    <input
                        type="number"
                        name="tokens"
                        min="1"
                        max="32768"
                        placeholder="as needed"
                        prop:value=move || run.max_tokens.get().map(|n| n.to_string()).unwrap_or_default()
                        on:input=move |event| run.max_tokens.set(event_target_value(&event).parse().ok())
                    />
                </label>
                <label>
                    "Temperature"
                    <input
                        type="number"
                        name="temperature"
                        min="0"
                        max="2"
                        step="0.1"
                        placeholder="the model’s own"
                        prop:value=move || run.temperature.get().map(|t| t.to_string()).unwrap_or_default()
                        on:input=move |event| run.temperature.set(event_target_value(&event).parse().ok())
                    />
                </label>
                <label>
                    "Seed"
                    <input
                        type="number"
                        name="seed"
                        min="0"
                        prop:value=move || run.seed.get().to_string()
                        on:input=move |event| run.seed.set(event_target_value(&event).parse().unwrap_or_default())
                    />
                </label>
            </div>
        </details>
    }
}
