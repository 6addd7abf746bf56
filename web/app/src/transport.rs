//! The replay's controls, a row below the time line.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::replay::schedule::SPEEDS;
use crate::run::Run;

/// Play or pause, step, scrub, speed; vacant while there is nothing to replay.
#[component]
pub fn Transport(run: Run) -> impl IntoView {
    let n_tokens = Memo::new(move |_| run.n_replayable());
    let n_shown = Memo::new(move |_| run.trace.with(|trace| trace.tokens.len()));
    let is_vacant = move || n_tokens.get() == 0;
    let is_playing = move || run.replay.is_playing.get();
    let goal = move || match run.replay.is_begun() {
        true => run.replay.goal.get(),
        false => n_shown.get().min(n_tokens.get()),
    };
    let place = move || format!("{} of {} tokens", n_shown.get(), n_tokens.get());
    let seek = move |event| {
        if let Ok(n_tokens) = event_target_value(&event).parse() {
            run.seek(n_tokens);
        }
    };
    view! {
        <div class="transport" role="group" aria-label="Replay" class:vacant=is_vacant>
            <button
                type="button"
                class="play"
                data-testid="play"
                disabled=is_vacant
                aria-label=move || if is_playing() { "Pause" } else { "Play" }
                title="Space plays and pauses"
                on:click=move |_| run.toggle_play()
            >
                <svg viewBox="0 0 16 16" aria-hidden="true">
                    <path d=move || if is_playing() { "M4 3h3v10H4zM9 3h3v10H9z" } else { "M4 2.5 13 8 4 13.5z" }></path>
                </svg>
            </button>
            <StepButton run by=-1 />
            <StepButton run by=1 />
            <input
                type="range"
                min="0"
                max=move || n_tokens.get()
                step="1"
                disabled=is_vacant
                data-testid="scrub"
                aria-label="Replay position"
                aria-valuetext=place
                prop:value=move || goal().to_string()
                on:input=seek
                on:keydown=move |event| on_scrub_key(run, &event)
            />
            <output class="counter" data-testid="place">{move || if is_vacant() { String::new() } else { place() }}</output>
            <Speed run />
        </div>
    }
}

/// One token back or on; the replay stands still there.
#[component]
fn StepButton(run: Run, by: isize) -> impl IntoView {
    let n_shown = Memo::new(move |_| run.trace.with(|trace| trace.tokens.len()));
    let (label, path) = match by {
        ..0 => ("One token back", "M12 3 5.5 8 12 13zM3.5 3h1.5v10H3.5z"),
        _ => ("One token on", "M4 3l6.5 5L4 13zM11 3h1.5v10H11z"),
    };
    let is_at_border = move || match by {
        ..0 => n_shown.get() == 0,
        _ => n_shown.get() >= run.n_replayable(),
    };
    view! {
        <button
            type="button"
            data-testid=if by < 0 { "step-back" } else { "step-on" }
            disabled=is_at_border
            aria-label=label
            title=label
            on:click=move |_| run.nudge(by)
        >
            <svg viewBox="0 0 16 16" aria-hidden="true"><path d=path></path></svg>
        </button>
    }
}

#[component]
fn Speed(run: Run) -> impl IntoView {
    let option = |(speed, (_, words)): (usize, (f64, &'static str))| view! { <option value=speed.to_string()>{words}</option> };
    let options = SPEEDS.into_iter().enumerate().map(option);
    view! {
        <select
            aria-label="Speed"
            data-testid="speed"
            disabled=move || run.n_replayable() == 0
            prop:value=move || run.replay.speed.get().to_string()
            on:change=move |event| if let Ok(speed) = event_target_value(&event).parse() { run.replay.speed.set(speed) }
        >
            {options.collect::<Vec<_>>()}
        </select>
    }
}

/// Everything else a range does by itself: arrows, Page Up and Down, Home, End.
fn on_scrub_key(run: Run, event: &KeyboardEvent) {
    if event.key() == " " {
        event.prevent_default();
        run.toggle_play();
    }
}
