//! What one element shows: the question, the answer so far, the token being looked at.

use js_sys::Promise;
use leptos::prelude::*;
use trace::{Failure, Loaded, ModelInfo, Trace};

use crate::earlier::Earlier;
use crate::gaze::full_light;
use crate::light::View;
use crate::looking::Looking;
use crate::models::ModelChoice;
use crate::picture::Picture;
use crate::replay::Replay;
use crate::span::Span;

/// Where the element is in the life of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// Nothing was asked yet, or a recorded answer is shown.
    #[default]
    Idle,
    /// Asked; the picture, the model or the prompt is on its way.
    Waiting,
    /// The picture and the question go through the network; of a long prompt, how many tokens of how many have.
    Reading(Option<(u32, u32)>),
    /// Tokens arrive.
    Answering,
    /// The answer is complete.
    Done,
    /// It failed; the trace holds what came before.
    Failed(Failure),
}

impl Phase {
    /// Whether an answer is on its way.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Waiting | Self::Reading(_) | Self::Answering)
    }
}

/// Bytes of the model on the GPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Loaded so far.
    pub loaded_bytes: u64,
    /// The whole model.
    pub total_bytes: u64,
}

/// The state of one element; a handle to signals, so copies are the same run.
#[derive(Clone, Copy)]
pub struct Run {
    /// Address of the model's folder as the author wrote it.
    pub model: RwSignal<String>,
    /// Text of the question box.
    pub question: RwSignal<String>,
    /// The last text that the page itself put into it.
    pub suggested: StoredValue<String>,
    /// Method to ask with; empty is the model's own choice.
    pub method: RwSignal<String>,
    /// Most tokens to generate.
    pub max_tokens: RwSignal<Option<u32>>,
    /// Seed of the sampler.
    pub seed: RwSignal<u64>,
    /// Chance in the choice of tokens; `None` is the model's own.
    pub temperature: RwSignal<Option<f32>>,
    /// The seed that the answer was asked with; `None` of a recorded one.
    pub asked_seed: StoredValue<Option<u64>>,
    /// Models that the page's author offers.
    pub models: RwSignal<Vec<ModelChoice>>,
    /// The picture on the stage.
    pub picture: RwSignal<Option<Picture>, LocalStorage>,
    /// The pictures of a question about several, in the order of the prompt; empty of one.
    pub gallery: RwSignal<Vec<Picture>, LocalStorage>,
    /// Settles when the picture last asked for is read.
    pub reading: StoredValue<Option<Promise>, LocalStorage>,
    /// Counts the pictures asked for, so that a late one is told.
    pub picture_turn: StoredValue<u32>,
    /// The answer so far.
    pub trace: RwSignal<Trace>,
    /// The answer before it.
    pub earlier: RwSignal<Option<Earlier>, LocalStorage>,
    /// Both are shown side by side.
    pub is_comparing: RwSignal<bool>,
    /// Where the element is in the life of an answer.
    pub phase: RwSignal<Phase>,
    /// The question is asked once the model is loaded.
    pub is_asked_next: RwSignal<bool>,
    /// Loading, if it goes on.
    pub progress: RwSignal<Option<Progress>>,
    /// The model at hand.
    pub loaded: RwSignal<Option<Loaded>>,
    /// Token under the pointer.
    pub hovered: RwSignal<Option<usize>>,
    /// Token chosen by a click or the keys; `None` follows the newest, and rests when there is no newer.
    pub pinned: RwSignal<Option<usize>>,
    /// The newest token, or the one that was chosen; its attention is shown unless that of a stretch is.
    pub current: Memo<Option<usize>>,
    /// How it is shown.
    pub view: RwSignal<View>,
    /// Going back into the answer.
    pub replay: Replay,
    /// The seed of a scene that a link asks for.
    pub wished_scene: RwSignal<Option<u64>>,
    /// Brightness relative to what is shown alone instead of the whole answer's peak.
    pub per_token: RwSignal<bool>,
    /// How the reader looks at it.
    pub looking: Looking,
    /// The probability that is full light; 0 where there is none.
    pub full_light: Memo<f32>,
}

impl Run {
    /// An idle run; call it under the owner that is to dispose of it.
    pub fn new() -> Self {
        let trace = RwSignal::new(Trace::new(ModelInfo::default()));
        let hovered = RwSignal::new(None);
        let pinned = RwSignal::new(None);
        let current = Memo::new(move |_| {
            let last = trace.with(|trace| trace.tokens.len()).checked_sub(1)?;
            Some(hovered.get().or(pinned.get()).unwrap_or(last).min(last))
        });
        let replay = Replay::new();
        let mark = RwSignal::<Option<usize>>::new(None);
        // Of a mark that was opened its tokens, until another token is chosen.
        let at_rest = Memo::new(move |_| {
            let (is_playing, pinned) = (replay.is_playing.get(), pinned.get());
            let mark = mark.get();
            if is_playing || hovered.get().is_some() {
                return None;
            }
            trace.with(|trace| match pinned {
                Some(token) => {
                    let marker = trace.markers.get(mark?)?;
                    (marker.start == token).then(|| Span::from(*marker))
                }
                None => Span::at_rest(trace).filter(|_| trace.is_complete()),
            })
        });
        let per_token = RwSignal::new(false);
        let looking = Looking::new(trace, current, at_rest, mark);
        let full_light = Memo::new(move |_| {
            let (shown, by_itself) = (looking.shown.get(), per_token.get());
            let light = looking.map.with(|map| {
                let (map, span) = map.as_ref().zip(shown)?;
                Some(trace.with(|trace| full_light(trace, span, map, by_itself)))
            });
            light.unwrap_or_default()
        });
        Self {
            model: RwSignal::default(),
            question: RwSignal::default(),
            suggested: StoredValue::default(),
            method: RwSignal::default(),
            max_tokens: RwSignal::default(),
            seed: RwSignal::default(),
            temperature: RwSignal::default(),
            asked_seed: StoredValue::default(),
            models: RwSignal::default(),
            picture: RwSignal::new_local(None),
            gallery: RwSignal::new_local(Vec::new()),
            reading: StoredValue::new_local(None),
            picture_turn: StoredValue::default(),
            trace,
            earlier: RwSignal::new_local(None),
            is_comparing: RwSignal::default(),
            phase: RwSignal::default(),
            is_asked_next: RwSignal::default(),
            progress: RwSignal::default(),
            loaded: RwSignal::default(),
            hovered,
            pinned,
            current,
            view: RwSignal::default(),
            replay,
            wished_scene: RwSignal::default(),
            per_token,
            looking,
            full_light,
        }
    }

    /// Whether an answer is on its way; tracks the phase.
    pub fn is_running(&self) -> bool {
        self.phase.with(Phase::is_running)
    }

    /// Whether a ground holds the place of a picture.
    pub fn lacks_picture(&self) -> bool {
        self.pictures().iter().any(Picture::is_ground)
    }

    /// Puts a question of the page's own into the box.
    pub fn suggest(&self, question: String) {
        self.suggested.set_value(question.clone());
        self.question.set(question);
    }

    /// Whether the box is empty or holds what the page put there: a person's own words are left alone.
    pub fn is_question_suggested(&self) -> bool {
        self.question.with_untracked(|question| {
            question.trim().is_empty() || self.suggested.with_value(|text| text == question)
        })
    }

    /// Shows `trace` and follows its newest token; the answer before it is set aside, a replay is over.
    pub fn show(&self, trace: Trace) {
        self.set_aside();
        self.asked_seed.set_value(None);
        self.looking.forget();
        self.replay.clear();
        self.hovered.set(None);
        self.pinned.set(None);
        self.trace.set(trace);
    }

    /// Moves the chosen token by `n_tokens`, staying within the answer.
    pub fn step(&self, n_tokens: isize) {
        if let Some(current) = self.current.get_untracked() {
            self.pin(current.saturating_add_signed(n_tokens));
        }
    }

    /// Chooses a token; beyond the end is the newest, and in a replay the recording goes on up to it.
    pub fn pin(&self, token: usize) {
        let (n_tokens, is_complete) = self
            .trace
            .with_untracked(|trace| (trace.tokens.len(), trace.is_complete()));
        if token >= n_tokens && self.is_midway() {
            return self.seek(token.saturating_add(1));
        }
        self.hovered.set(None);
        self.looking.span.set(None);
        let last = n_tokens.saturating_sub(1);
        self.pinned
            .set((token < last || is_complete).then_some(token.min(last)));
    }

    /// Chooses the start of the next mark, or of the one before.
    pub fn step_mark(&self, forward: bool) {
        let Some(current) = self.current.get_untracked() else {
            return;
        };
        let start = self.trace.with_untracked(|trace| {
            let starts = trace.markers.iter().map(|marker| marker.start);
            if forward {
                starts.filter(|&start| start > current).min()
            } else {
                starts.filter(|&start| start < current).max()
            }
        });
        if let Some(start) = start {
            self.pin(start);
        }
    }
}
