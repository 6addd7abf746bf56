//! What the reader must know about the question, the picture, this browser and the model: one line, the rest on demand.

use leptos::prelude::*;

use crate::device;
use crate::maker::world::{foreign_picture, unknown_words_of};
use crate::run::Run;

/// What the notices are about, the most pressing first; also what tests call them.
const ABOUT: [&str; 4] = ["unknown-words", "foreign-picture", "device", "notice"];

/// One thing to know.
#[derive(Clone, PartialEq)]
struct Notice {
    /// What is said in the line; what does not fit is cut.
    line: String,
    /// All of it.
    words: String,
}

impl From<String> for Notice {
    fn from(words: String) -> Self {
        Self {
            line: words.clone(),
            words,
        }
    }
}

/// The first of them in a line whose place is kept, so that nothing moves when there is something to say; all of
/// them lie over what is below.
#[component]
pub fn Notices(run: Run) -> impl IntoView {
    let notices = Memo::new(move |_| notices(run));
    let first = move || {
        let first = |notices: &[Option<Notice>; 4]| notices.iter().flatten().next().cloned();
        notices.with(first).map(|notice| notice.line)
    };
    let n_said = move || notices.with(|notices| notices.iter().flatten().count());
    let more = move || match n_said() {
        0 | 1 => "More".to_owned(),
        n => format!("All {n}"),
    };
    let whole = |index: usize| {
        let words = move || notices.with(|notices| Some(notices[index].as_ref()?.words.clone()));
        view! { <p data-testid=ABOUT[index]>{words}</p> }
    };
    view! {
        <div class="notices" class:vacant=move || n_said() == 0>
            <p role="status" data-testid="first-notice">{first}</p>
            <details data-testid="all-notices">
                <summary aria-label=move || format!("{} notices", more())>{more}</summary>
                <div>{[0, 1, 2, 3].map(whole)}</div>
            </details>
        </div>
    }
}

/// In the order of [`ABOUT`].
fn notices(run: Run) -> [Option<Notice>; 4] {
    let of_model = run
        .loaded
        .with(|loaded| loaded.as_ref()?.notice.clone())
        .filter(|words| !words.trim().is_empty());
    let of_device = device::chosen().and_then(|device| {
        Some(Notice {
            line: device.line()?.to_owned(),
            words: device.notice()?.to_owned(),
        })
    });
    [
        unknown_words_of(run).map(Notice::from),
        foreign_picture(run).map(|words| words.to_owned().into()),
        of_device,
        of_model.map(Notice::from),
    ]
}
