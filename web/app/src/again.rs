//! After an answer: ask again in another way, compare, bring back, clear.

use leptos::html;
use leptos::prelude::*;

use crate::asking::Asking;
use crate::methods::{method_words, methods};
use crate::models::ModelChoice;
use crate::picture_choice::forget_answer;
use crate::run::Run;

/// Chance in the choice of tokens where the model leaves none to it: another seed would change nothing.
const TEMPERATURE: f32 = 0.7;

/// Two quiet rows below the answer; their place is kept while there is none.
#[component]
pub fn Again(asking: Asking) -> impl IntoView {
    let run = asking.run;
    let stored = StoredValue::new_local(asking);
    let ask = move |change: &dyn Fn()| {
        let question = run
            .trace
            .with_untracked(|trace| trace.prompt.question.clone());
        run.question.set(question);
        change();
        let asking = stored.get_value();
        leptos::task::spawn_local(async move { asking.ask(None).await });
    };
    let method = move |name: String| {
        let words = method_words(&name).to_owned();
        let is_own = name.clone();
        let hidden = move || run.trace.with(|trace| trace.model.method == is_own);
        let change = move |_| ask(&|| run.method.set(name.clone()));
        view! { <button type="button" data-testid="again-method" hidden=hidden on:click=change>{words}</button> }
    };
    let model = move |ModelChoice { url, name }: ModelChoice| {
        let is_own = url.clone();
        let hidden = move || run.model.with(|model| *model == is_own);
        let change = move |_| {
            ask(&|| {
                run.model.set(url.clone());
                // The other model may not know this one's method.
                run.method.set(String::new());
            })
        };
        view! { <button type="button" data-testid="again-model" hidden=hidden on:click=change>{name}</button> }
    };
    let reseed = move |_| {
        ask(&|| {
            run.seed.update(|seed| *seed += 1);
            run.temperature.update(|temperature| {
                temperature.get_or_insert(TEMPERATURE);
            });
        })
    };
    let is_quiet = move || !run.is_running();
    let has_answer = move || is_quiet() && run.trace.with(|trace| !trace.tokens.is_empty());
    let can_ask = move || has_answer() && run.loaded.with(Option::is_some);
    view! {
        <div class="again">
            <div role="group" aria-label="Ask again" class:vacant=move || !can_ask()>
                <span aria-hidden="true">"Ask again"</span>
                <For each=move || methods(run) key=Clone::clone children=method />
                <For each=move || run.models.get() key=Clone::clone children=model />
                <button type="button" data-testid="again-seed" on:click=reseed>"Another seed"</button>
            </div>
            <Kept run has_answer=Signal::derive(has_answer) />
        </div>
    }
}

/// What can be done with the answer and the one before it.
#[component]
fn Kept(run: Run, has_answer: Signal<bool>) -> impl IntoView {
    let compare = NodeRef::<html::Button>::new();
    // The focus comes back from what goes.
    Effect::new(move |was_comparing: Option<bool>| {
        let is_comparing = run.is_comparing.get();
        if let Some(compare) = compare
            .get()
            .filter(|_| was_comparing == Some(true) && !is_comparing)
        {
            // Nothing to be done where a browser refuses.
            let _ = compare.focus();
        }
        is_comparing
    });
    let has_earlier = move || !run.is_running() && run.earlier.with(Option::is_some);
    view! {
        <div role="group" aria-label="This answer and the one before" class:vacant=move || !has_answer.get() && !has_earlier()>
            <button
                type="button"
                node_ref=compare
                data-testid="compare"
                hidden=move || !(has_answer.get() && has_earlier())
                on:click=move |_| run.is_comparing.set(true)
            >
                "Compare with the answer before"
            </button>
            <button type="button" data-testid="bring-back" hidden=move || !has_earlier() on:click=move |_| run.bring_back()>
                "Bring back the answer before"
            </button>
            <button type="button" data-testid="clear" hidden=move || !has_answer.get() on:click=move |_| forget_answer(run)>
                "Clear"
            </button>
        </div>
    }
}
