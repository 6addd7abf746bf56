//! Files from elsewhere: a recording or a picture.

use leptos::prelude::*;
use trace::{Failure, MAX_FILE_BYTES};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, HtmlInputElement};

use crate::gaze::prefers_less_motion;
use crate::picture_choice::choose_picture;
use crate::recording::{show_recording, trace_of};
use crate::run::{Phase, Run};

/// Takes a dropped file for what its name or type says.
pub fn take_file(run: Run, file: File) {
    let is_recording = file.type_() == "application/json" || file.name().ends_with(".json");
    if is_recording {
        open_file(run, file);
    } else {
        choose_picture(run, file.into());
    }
}

/// Plays the recording in a file, or shows its end where less motion is wished for; what is wrong with it
/// is the run's failure, the answer at hand stays.
fn open_file(run: Run, file: File) {
    if run.phase.with_untracked(Phase::is_running) {
        return;
    }
    leptos::task::spawn_local(async move {
        match read(&file).await {
            Ok(trace) => {
                show_recording(run, trace, !prefers_less_motion()).await;
            }
            Err(message) => run.phase.set(Phase::Failed(Failure {
                message,
                ..Failure::default()
            })),
        }
    });
}

async fn read(file: &File) -> Result<trace::Trace, String> {
    let name: String = file.name().chars().take(60).collect();
    if file.size() > MAX_FILE_BYTES as f64 {
        let most = MAX_FILE_BYTES >> 20;
        return Err(format!(
            "{name} is larger than {most} MiB, the most that a recording may have; choose a file that Lookback exported."
        ));
    }
    let text = JsFuture::from(file.text()).await;
    let text = text.map_err(|_| format!("{name} could not be read; choose it again."))?;
    trace_of(&text).map_err(|message| format!("{name} cannot be played: {message}."))
}

/// The button that chooses a recording from the disk.
#[component]
pub fn OpenRecording(run: Run) -> impl IntoView {
    let on_file = move |event: web_sys::Event| {
        let input = event_target::<HtmlInputElement>(&event);
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            open_file(run, file);
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    view! {
        <label class="open" class:disabled=move || run.is_running()>
            <input
                type="file"
                accept=".json,application/json"
                aria-label="Open a recording"
                data-testid="open"
                disabled=move || run.is_running()
                on:change=on_file
            />
            "Open"
        </label>
    }
}
