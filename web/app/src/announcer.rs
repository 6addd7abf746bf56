//! The answer for a screen reader: whole sentences, politely, and the looks back.

use leptos::prelude::*;
use trace::Trace;

use crate::run::{Phase, Run};

/// Invisible text of the sentences that are complete.
#[component]
pub fn Announcer(run: Run) -> impl IntoView {
    let heard = Memo::new(move |_| run.trace.with(sentences));
    let ending = move || match run.phase.get() {
        Phase::Waiting => "On its way.",
        Phase::Done => "The answer is complete.",
        Phase::Idle | Phase::Answering | Phase::Failed(_) => "",
    };
    // Scrubbing through an answer is not heard, playing it is.
    let live = move || {
        if run.replay.is_at_rest() {
            "off"
        } else {
            "polite"
        }
    };
    view! {
        <div class="unseen" aria-live=live data-testid="announcer">
            <For each=move || heard.get().into_iter().enumerate() key=Clone::clone let((_, sentence))>
                <p>{sentence}</p>
            </For>
            <p>{ending}</p>
        </div>
    }
}

/// The answer's sentences, each segment's kind before its first; while it runs, without the unfinished one.
fn sentences(trace: &Trace) -> Vec<String> {
    let mut sentences = Vec::new();
    for passage in trace.passages() {
        let is_back = matches!(
            passage.segment.kind,
            trace::SegmentKind::Back | trace::SegmentKind::Reflection
        );
        if is_back && !passage.text.trim().is_empty() {
            sentences.push("Looks back.".to_owned());
        }
        let parts = passage.text.split_inclusive(['.', '!', '?', '\n']);
        let is_whole = |part: &&str| trace.is_complete() || part.ends_with(['.', '!', '?', '\n']);
        let whole = parts.filter(is_whole).map(|part| part.trim().to_owned());
        sentences.extend(whole.filter(|part| !part.is_empty()));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use trace::{Event, ModelInfo, Token};

    use super::*;

    #[test]
    fn only_whole_sentences_are_spoken_while_the_answer_runs() {
        let mut trace = Trace::new(ModelInfo::default());
        let text = "<think>It is red. It is</think><back>Yes, red.</back>\\boxed{red";
        trace.apply(&Event::Token(Token {
            text: text.to_owned(),
            ..Token::default()
        }));
        assert_eq!(
            sentences(&trace),
            ["It is red.", "Looks back.", "Yes, red."]
        );
    }
}
