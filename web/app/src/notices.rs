//! What the reader must know about the question, the picture, this browser and the model: one line, the rest on demand.

use leptos::prelude::*;

use crate::device::{self, Device};
use crate::maker::world::{foreign_picture, unknown_words_of};
use crate::run::Run;

/// What the notices are about, the most pressing first; also what tests call them.
const ABOUT: [&str; 4] = ["unknown-words", "foreign-picture", "device", "notice"];

/// The first of them in a line whose place is kept, so that nothing moves when there is something to say; all of
/// them lie over what is below.
#[component]
pub fn Notices(run: Run) -> impl IntoView {
    let notices = Memo::new(move |_| notices(run));
    let said =
        move || notices.with(|notices| notices.iter().flatten().cloned().collect::<Vec<_>>());
    let more = move || match said().len() {
        0 | 1 => "More".to_owned(),
        n => format!("All {n}"),
    };
    let whole = |index: usize| {
        view! { <p data-testid=ABOUT[index]>{move || notices.with(|notices| notices[index].clone())}</p> }
    };
    view! {
        <div class="notices" class:vacant=move || said().is_empty()>
            <p role="status" data-testid="first-notice">{move || said().into_iter().next()}</p>
            <details data-testid="all-notices">
                <summary aria-label=move || format!("{} notices", more())>{more}</summary>
                <div>{[0, 1, 2, 3].map(whole)}</div>
            </details>
        </div>
    }
}

/// In the order of [`ABOUT`].
fn notices(run: Run) -> [Option<String>; 4] {
    let of_model = run
        .loaded
        .with(|loaded| loaded.as_ref()?.notice.clone())
        .filter(|words| !words.trim().is_empty());
    let of_device = device::chosen().and_then(Device::notice);
    [
        unknown_words_of(run),
        foreign_picture(run).map(str::to_owned),
        of_device.map(str::to_owned),
        of_model,
    ]
}
