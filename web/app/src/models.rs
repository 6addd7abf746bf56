//! The models that the page's author offers: the element's `<option>` children.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlSlotElement};

use crate::run::Run;

/// `<option value="models/demo/">Demo</option>` of the element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelChoice {
    /// Address of its folder, as the author wrote it.
    pub url: String,
    /// What the author calls it.
    pub name: String,
}

/// The offers among the element's children, in their order.
pub fn models_of(slot: &HtmlSlotElement) -> Vec<ModelChoice> {
    let children = slot.assigned_nodes().into_iter();
    let options = children
        .filter_map(|child| child.dyn_into::<HtmlElement>().ok())
        .filter(|child| child.tag_name() == "OPTION");
    let choice = |option: HtmlElement| {
        let url = option.get_attribute("value")?;
        let name = option.text_content().unwrap_or_default();
        let name = name.trim();
        Some(ModelChoice {
            name: if name.is_empty() { &url } else { name }.to_owned(),
            url,
        })
    };
    options.filter_map(choice).collect()
}

/// Takes the author's offers; the first is asked where the element names no model.
pub fn offer_models(run: Run, models: Vec<ModelChoice>) {
    if let Some(first) = models.first()
        && run.model.with_untracked(String::is_empty)
    {
        run.model.set(first.url.clone());
    }
    run.models.set(models);
}

/// Which of them is asked; nothing where there is no choice.
#[component]
pub fn ModelSelect(run: Run) -> impl IntoView {
    let option = |choice: ModelChoice| view! { <option value=choice.url>{choice.name}</option> };
    view! {
        <label hidden=move || run.models.with(|models| models.len() < 2)>
            "Model"
            <select
                data-testid="model"
                disabled=move || run.is_running()
                prop:value=move || {
                    run.models.track();
                    run.model.get()
                }
                on:change=move |event| run.model.set(event_target_value(&event))
            >
                <For each=move || run.models.get() key=Clone::clone children=option />
            </select>
        </label>
    }
}
