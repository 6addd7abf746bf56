//! The answer for a screen reader: whole sentences, politely, and the looks back.

use leptos::prelude::*;
use trace::{Marker, Trace};

use crate::mark::{counts_words, marker_words};
use crate::run::{Phase, Run};
use crate::share_bar::Share;
use crate::span::Span;

/// Invisible text of the sentences that are complete, and of what the keys have reached.
#[component]
pub fn Announcer(run: Run) -> impl IntoView {
    let heard = Memo::new(move |_| run.trace.with(sentences));
    let ending = move || match run.phase.get() {
        Phase::Waiting => "On its way.".to_owned(),
        Phase::Done => format!("The answer is complete. {}", run.trace.with(looks_back)),
        Phase::Idle => run.trace.with(looks_back),
        Phase::Reading(_) | Phase::Answering | Phase::Failed(_) => String::new(),
    };
    // Scrubbing through an answer is not heard; playing it is, and so is its end.
    let live = move || {
        let is_whole = run.trace.with(|trace| trace.tokens.len()) == run.n_replayable();
        if run.replay.is_at_rest() && !is_whole {
            "off"
        } else {
            "polite"
        }
    };
    view! {
        <div class="unseen" aria-live=live data-testid="announcer">
            <For each=move || heard.get().into_iter().enumerate() key=Clone::clone let((_, sentence))>
                <p dir="auto">{sentence}</p>
            </For>
            <p>{ending}</p>
        </div>
        <p class="unseen" aria-live="polite" data-testid="told-token">{move || run.looking.told.get()}</p>
    }
}

/// "Token 97 of 158: bed. Picture 31 %, question 4 %, own words 60 %; mostly upper left, 31 %."
pub fn token_words(run: Run) -> String {
    let Some(current) = run.current.get_untracked() else {
        return String::new();
    };
    run.trace.with_untracked(|trace| {
        let Some(token) = trace.tokens.get(current) else {
            return String::new();
        };
        let share = |share: Share| {
            format!(
                "{} {:.0} %",
                share.word().to_lowercase(),
                share.of(&token.shares) * 100.0
            )
        };
        let shares = Share::ALL.map(share).join(", ");
        let place = Span::of_token(current).place_words(trace, None);
        let n_tokens = trace.tokens.len();
        format!(
            "Token {} of {n_tokens}: {}. {shares}; {place}.",
            current + 1,
            token.text.trim()
        )
    })
}

/// The looks back of a complete answer, each with where it looked.
fn looks_back(trace: &Trace) -> String {
    if !trace.is_complete() || trace.markers.is_empty() {
        return String::new();
    }
    let looked = |marker: &Marker| {
        let place = Span::from(*marker).place_words(trace, None);
        let words = marker_words(*marker);
        match place.is_empty() {
            true => words,
            false => format!("{}, {place}.", words.trim_end_matches('.')),
        }
    };
    let marks: Vec<String> = trace.markers.iter().map(looked).collect();
    format!("Looks back: {}. {}", counts_words(trace), marks.join(" "))
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
