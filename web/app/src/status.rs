//! What goes on: loading, waiting, figures, failures.

use leptos::prelude::*;
use trace::{Failure, Loaded, Timing, Token};

use crate::device;
use crate::run::{Phase, Progress, Run};

/// What goes on, in a line whose height is kept.
#[component]
pub fn Status(run: Run) -> impl IntoView {
    view! { <p class="status" role="status" data-testid="status">{move || status_words(run)}</p> }
}

/// The line below the question, which fills while the model loads.
#[component]
pub fn LoadBar(run: Run) -> impl IntoView {
    let fraction = move || {
        let progress = run.progress.get()?;
        Some(progress.loaded_bytes as f64 / progress.total_bytes.max(1) as f64)
    };
    view! {
        <progress
            class:idle=move || fraction().is_none()
            max="1"
            prop:value=move || fraction().unwrap_or_default()
            aria-label="Model loaded"
        ></progress>
    }
}

/// What went wrong, over the foot of the answer: what is being read stays where it is.
#[component]
pub fn Failures(run: Run) -> impl IntoView {
    view! {
        <Show when=move || matches!(run.phase.get(), Phase::Failed(_))>
            <FailureBox run />
        </Show>
    }
}

/// One sentence that says what to do, the details a click away.
#[component]
fn FailureBox(run: Run) -> impl IntoView {
    let failure = Memo::new(move |_| match run.phase.get() {
        Phase::Failed(failure) => failure,
        _ => Failure::default(),
    });
    view! {
        <div class="failure" role="alert" data-testid="error">
            <p>{move || failure.get().message}</p>
            <Show when=move || !failure.get().detail.is_empty()>
                <details>
                    <summary>"Details"</summary>
                    <pre>{move || failure.get().detail}</pre>
                </details>
            </Show>
        </div>
    }
}

fn status_words(run: Run) -> String {
    let words = match (run.phase.get(), run.progress.get()) {
        (
            Phase::Waiting,
            Some(Progress {
                loaded_bytes,
                total_bytes,
            }),
        ) => {
            format!(
                "Loading the model: {} of {}",
                megabytes(loaded_bytes),
                megabytes(total_bytes)
            )
        }
        (Phase::Waiting, None) if run.loaded.with(Option::is_none) => {
            "Starting the engine".to_owned()
        }
        (Phase::Waiting, None) | (Phase::Reading(None), _) => "Looking at the picture".to_owned(),
        (Phase::Reading(Some((read_tokens, prompt_tokens))), _) => {
            format!("Reading picture and question: {read_tokens} of {prompt_tokens} tokens")
        }
        (Phase::Answering, _) => run.trace.with(|trace| answering_words(&trace.tokens)),
        (Phase::Idle | Phase::Done | Phase::Failed(_), _) => String::new(),
    };
    match run.is_asked_next.get() {
        true => format!("{words} · your question is next"),
        false => words,
    }
}

/// Tokens so far and, after the first, their rate.
fn answering_words(tokens: &[Token]) -> String {
    let after_first_millis: f64 = tokens.iter().skip(1).map(|token| token.millis).sum();
    let mut words = vec![count_words(tokens.len())];
    words.extend(rate_words(tokens.len(), after_first_millis));
    words.join(" · ")
}

/// Time and memory of the last answer, in plain sight.
#[component]
pub fn Figures(run: Run) -> impl IntoView {
    view! { <p class="figures" data-testid="figures">{move || figures(run)}</p> }
}

fn figures(run: Run) -> String {
    let mut figures = Vec::new();
    run.trace.with(|trace| {
        if trace.is_complete() && !trace.tokens.is_empty() {
            figures.push(count_words(trace.tokens.len()));
            figures.extend(speed_figures(&trace.timing, trace.tokens.len()));
        }
    });
    run.loaded
        .with(|loaded| figures.extend(loaded.iter().flat_map(memory_figures)));
    figures.join(" · ")
}

fn speed_figures(timing: &Timing, n_tokens: usize) -> Vec<String> {
    let mut figures = Vec::new();
    let first_millis = timing.vision_millis + timing.prefill_millis;
    if first_millis > 0.0 {
        figures.push(format!("first after {:.1} s", first_millis / 1000.0));
    }
    figures.extend(rate_words(n_tokens, timing.decode_millis));
    figures
}

/// Rate of the tokens after the first.
fn rate_words(n_tokens: usize, after_first_millis: f64) -> Option<String> {
    let rate = n_tokens.checked_sub(1)? as f64 * 1000.0 / after_first_millis;
    (rate.is_finite() && rate > 0.0).then(|| format!("{rate:.1} a second"))
}

fn memory_figures(loaded: &Loaded) -> Vec<String> {
    let Loaded {
        adapter,
        load_millis,
        gpu_bytes,
        wasm_bytes,
        ..
    } = loaded;
    let place = match untrack(device::chosen) {
        Some(device) if device.is_cpu() => "for the processor",
        _ => "on the GPU",
    };
    vec![
        format!("loaded in {:.1} s", load_millis / 1000.0),
        format!("{} {place}", megabytes(*gpu_bytes)),
        format!("{} in wasm", megabytes(*wasm_bytes)),
        adapter.clone(),
    ]
}

fn count_words(n_tokens: usize) -> String {
    if n_tokens == 1 {
        "1 token".to_owned()
    } else {
        format!("{n_tokens} tokens")
    }
}

/// "5.6 MB", decimal.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
