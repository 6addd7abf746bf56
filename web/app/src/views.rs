//! The switches of the stage.

use leptos::prelude::*;

use crate::light::{View, scale_image};
use crate::run::Run;

/// How the light is shown, how strongly, and its scale.
#[component]
pub fn Views(run: Run) -> impl IntoView {
    let switch = move |(view, word): (View, &'static str)| {
        let is_on = move || run.view.get() == view;
        view! {
            <button type="button" aria-pressed=move || is_on().to_string() on:click=move |_| run.view.set(view)>
                {word}
            </button>
        }
    };
    let strength = move |event| {
        if let Ok(percent) = event_target_value(&event).parse::<f64>() {
            run.looking.strength.set(percent / 100.0);
        }
    };
    view! {
        <div class="views" role="group" aria-label="How attention is shown">
            {View::ALL.map(switch)}
            <Legend run />
            <details class="adjust">
                <summary>"Adjust"</summary>
                <div>
                    <Checkbox is_on=run.looking.is_outlined words="Outline" />
                    <Checkbox is_on=run.per_token words="Each word by itself" />
                    <label class="strength">
                        "Light"
                        <input
                            type="range"
                            min="0"
                            max="100"
                            step="5"
                            data-testid="strength"
                            prop:value=move || (run.looking.strength.get() * 100.0).to_string()
                            on:input=strength
                        />
                    </label>
                </div>
            </details>
        </div>
    }
}

#[component]
fn Checkbox(is_on: RwSignal<bool>, words: &'static str) -> impl IntoView {
    view! {
        <label>
            <input
                type="checkbox"
                prop:checked=move || is_on.get()
                on:change=move |event| is_on.set(event_target_checked(&event))
            />
            {words}
        </label>
    }
}

/// What the brightest and the darkest cell stand for; its place is kept while there is no answer.
#[component]
fn Legend(run: Run) -> impl IntoView {
    let peak = run.full_light;
    view! {
        <p class="legend" class:vacant=move || peak.get() <= 0.0>
            "0 %"
            <span class="scale" style:background=move || scale_image(run.view.get())></span>
            {move || format!("{:.2} % per cell", peak.get() * 100.0)}
        </p>
    }
}
