//! The methods a question can be asked with, in words.

use leptos::prelude::*;

use crate::run::Run;

/// Methods that any model can be asked with.
const COMMON: [&str; 2] = ["cot", "plain"];

/// What the reader reads for a method's name.
pub fn method_words(name: &str) -> &str {
    match name {
        "semantic-back" => "Look back midway",
        "solution-back" => "Look back at the end",
        "cot" => "Chain of thought",
        "plain" => "Plain",
        _ => name,
    }
}

/// The loaded model's own methods, then those that any model takes; none before a model is loaded.
pub fn methods(run: Run) -> Vec<String> {
    run.loaded.with(|loaded| {
        let Some(loaded) = loaded else {
            return Vec::new();
        };
        let mut methods = loaded.methods.clone();
        let common = COMMON.map(str::to_owned);
        methods.extend(
            common
                .into_iter()
                .filter(|name| !loaded.methods.contains(name)),
        );
        methods
    })
}

/// How the question is asked.
#[component]
pub fn MethodSelect(run: Run) -> impl IntoView {
    let option = |name: String| {
        let words = method_words(&name).to_owned();
        view! { <option value=name>{words}</option> }
    };
    view! {
        <label>
            "Method"
            <select prop:value=move || run.method.get() on:change=move |event| run.method.set(event_target_value(&event))>
                <option value="">"The model’s own"</option>
                <For each=move || methods(run) key=Clone::clone children=option />
            </select>
        </label>
    }
}
