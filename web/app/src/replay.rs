//! Replaying a complete answer: the trace that is shown becomes what it was after its first tokens.

pub mod schedule;

use leptos::prelude::*;
use trace::Trace;

use crate::gaze::now_millis;
use crate::replay::schedule::{RECORDED_SPEED, SPEEDS, Schedule};
use crate::run::Run;

/// Tokens by which one frame may move: what they add to the page is drawn within 50 ms on a slow machine.
const N_FRAME_TOKENS: usize = 100;
/// The most recorded time that passes between two frames; a tab in the background stands still.
const FRAME_MILLIS: f64 = 250.0;

/// The replay of one run; a handle to signals, so copies are the same replay.
#[derive(Clone, Copy)]
pub struct Replay {
    /// The complete answer; none while nothing was replayed.
    whole: StoredValue<Option<Whole>>,
    /// Its tokens; 0 while there is none.
    n_whole: RwSignal<usize>,
    /// Whether time passes.
    pub is_playing: RwSignal<bool>,
    /// Which of [`SPEEDS`].
    pub speed: RwSignal<usize>,
    /// Whether the page opened with this recording and invites to ask.
    pub is_opening: RwSignal<bool>,
    /// Tokens that are to be shown; a far way there takes some frames.
    pub goal: RwSignal<usize>,
    clock: StoredValue<Clock>,
    is_frame_due: StoredValue<bool>,
}

struct Whole {
    trace: Trace,
    schedule: Schedule,
}

/// Where the playing stands.
#[derive(Clone, Copy, Default)]
struct Clock {
    /// In the recording.
    at_millis: f64,
    /// The last frame, in the browser's time.
    frame_millis: f64,
}

impl Replay {
    /// Nothing to replay.
    pub fn new() -> Self {
        Self {
            whole: StoredValue::new(None),
            n_whole: RwSignal::default(),
            is_playing: RwSignal::default(),
            speed: RwSignal::new(RECORDED_SPEED),
            is_opening: RwSignal::default(),
            goal: RwSignal::default(),
            clock: StoredValue::default(),
            is_frame_due: StoredValue::default(),
        }
    }

    /// Forgets the answer at hand.
    pub fn clear(&self) {
        self.whole.set_value(None);
        self.n_whole.set(0);
        self.is_playing.set(false);
        self.is_opening.set(false);
    }

    /// Whether a complete answer was gone back into; tracked.
    pub fn is_begun(&self) -> bool {
        self.n_whole.get() > 0
    }

    /// Whether an answer was gone back into, and nobody plays it; tracked.
    pub fn is_at_rest(&self) -> bool {
        self.is_begun() && !self.is_playing.get()
    }

    fn take(&self, trace: Trace) {
        self.n_whole.set(trace.tokens.len());
        self.goal.set(trace.tokens.len());
        let schedule = Schedule::of(&trace.tokens);
        self.whole.set_value(Some(Whole { trace, schedule }));
    }
}

impl Run {
    /// Tokens of the complete answer, shown or not; 0 while there is none. Tracked.
    pub fn n_replayable(&self) -> usize {
        let of_shown = |trace: &Trace| match trace.is_complete() {
            true => trace.tokens.len(),
            false => 0,
        };
        match self.replay.n_whole.get() {
            0 => self.trace.with(of_shown),
            n_whole => n_whole,
        }
    }

    /// Reads the complete answer, also while less of it is shown; none while it is on its way.
    pub fn with_whole<T>(&self, read: impl FnOnce(&Trace) -> T) -> Option<T> {
        let is_begun = self.replay.whole.with_value(Option::is_some);
        if is_begun {
            return self
                .replay
                .whole
                .with_value(|whole| Some(read(&whole.as_ref()?.trace)));
        }
        self.trace
            .with_untracked(|trace| trace.is_complete().then(|| read(trace)))
    }

    /// Puts a recorded answer in the place of the one at hand: played from its beginning, or shown at its
    /// end.
    pub fn open_recording(&self, whole: Trace, plays: bool) {
        let mut shown = Trace::new(whole.model.clone());
        shown.prompt = whole.prompt.clone();
        let n_tokens = whole.tokens.len();
        self.show(shown);
        self.replay.take(whole);
        if plays && n_tokens > 0 {
            let speed = self.replay.whole.with_value(|whole| {
                whole
                    .as_ref()
                    .map_or(RECORDED_SPEED, |whole| whole.schedule.followable_speed())
            });
            self.replay.speed.set(speed);
            self.play();
        } else {
            self.go_to(n_tokens);
        }
    }

    /// Plays on, from the beginning when everything is shown; or stands still.
    pub fn toggle_play(&self) {
        if self.replay.is_playing.get_untracked() {
            self.replay.is_playing.set(false);
        } else {
            self.play();
        }
    }

    fn play(&self) {
        if !self.begin_replay() {
            return;
        }
        let is_at_end = self.n_shown() >= self.replay.n_whole.get_untracked();
        self.go_to(if is_at_end { 0 } else { self.n_shown() });
        self.replay.is_playing.set(true);
        self.request_frame();
    }

    /// Shows the first `n_tokens` tokens of the complete answer, all of them at most, and looks at the last of them.
    pub fn seek(&self, n_tokens: usize) {
        self.go_to(n_tokens);
        let n_whole = self.replay.n_whole.get_untracked();
        if n_tokens >= n_whole {
            self.pinned.set(n_whole.checked_sub(1));
        }
    }

    fn go_to(&self, n_tokens: usize) {
        if !self.begin_replay() {
            return;
        }
        self.hovered.set(None);
        self.pinned.set(None);
        let goal = n_tokens.min(self.replay.n_whole.get_untracked());
        self.replay.goal.set(goal);
        let at_millis = self.replay.whole.with_value(|whole| {
            whole
                .as_ref()
                .map_or(0.0, |whole| whole.schedule.due_millis(goal))
        });
        self.replay.clock.set_value(Clock {
            at_millis,
            frame_millis: now_millis(),
        });
        self.approach();
        self.request_frame();
    }

    /// Moves the replay by `n_tokens` and stops there.
    pub fn nudge(&self, n_tokens: isize) {
        self.replay.is_playing.set(false);
        self.seek(self.n_shown().saturating_add_signed(n_tokens));
    }

    /// Chooses a place on the time line: while less than everything is shown it is the replay's, else
    /// the token to look at.
    pub fn point_at(&self, token: usize) {
        if self.is_midway() {
            self.seek(token.saturating_add(1));
        } else {
            self.pin(token);
        }
    }

    /// Whether less than the complete answer is shown, or it plays.
    pub fn is_midway(&self) -> bool {
        let is_playing = self.replay.is_playing.get_untracked();
        is_playing || self.n_shown() < self.replay.n_whole.get_untracked()
    }

    fn n_shown(&self) -> usize {
        self.trace.with_untracked(|trace| trace.tokens.len())
    }

    /// Keeps a copy of the answer at hand before it is gone back into; false when it is not complete.
    fn begin_replay(&self) -> bool {
        if self.replay.whole.with_value(Option::is_some) {
            return true;
        }
        let whole = self.trace.with_untracked(|trace| {
            let can_replay = trace.is_complete() && !trace.tokens.is_empty();
            can_replay.then(|| trace.clone())
        });
        let can_replay = whole.is_some();
        if let Some(whole) = whole {
            self.replay.take(whole);
        }
        can_replay
    }

    fn request_frame(&self) {
        if self.replay.is_frame_due.get_value() {
            return;
        }
        self.replay.is_frame_due.set_value(true);
        let run = *self;
        request_animation_frame(move || run.on_frame());
    }

    fn on_frame(&self) {
        let replay = self.replay;
        // Gone with the element.
        let Some(is_playing) = replay.is_playing.try_get_untracked() else {
            return;
        };
        replay.is_frame_due.set_value(false);
        if replay.whole.with_value(Option::is_none) {
            return;
        }
        if is_playing {
            self.advance_clock();
        }
        self.approach();
        let n_shown = self.n_shown();
        if is_playing && n_shown == replay.n_whole.get_untracked() {
            replay.is_playing.set(false);
        } else if is_playing || n_shown != replay.goal.get_untracked() {
            self.request_frame();
        }
    }

    /// Time passes once the place that was chosen is reached.
    fn advance_clock(&self) {
        let replay = self.replay;
        let mut clock = replay.clock.get_value();
        let now = now_millis();
        if self.n_shown().abs_diff(replay.goal.get_untracked()) <= N_FRAME_TOKENS {
            let passed_millis = (now - clock.frame_millis).clamp(0.0, FRAME_MILLIS);
            let (speed, _) = SPEEDS[replay.speed.get_untracked().min(SPEEDS.len() - 1)];
            clock.at_millis += passed_millis * speed;
        }
        clock.frame_millis = now;
        replay.clock.set_value(clock);
        let n_due = replay.whole.with_value(|whole| {
            whole
                .as_ref()
                .map_or(0, |whole| whole.schedule.n_due(clock.at_millis))
        });
        replay.goal.set(n_due);
    }

    /// Goes towards the goal as far as one frame may.
    fn approach(&self) {
        let (goal, n_shown) = (self.replay.goal.get_untracked(), self.n_shown());
        let is_complete = self.trace.with_untracked(Trace::is_complete);
        let n_whole = self.replay.n_whole.get_untracked();
        if goal == n_shown && is_complete == (goal == n_whole) {
            return;
        }
        let n_next = goal.clamp(
            n_shown.saturating_sub(N_FRAME_TOKENS),
            n_shown + N_FRAME_TOKENS,
        );
        self.replay.whole.with_value(|whole| {
            if let Some(whole) = whole {
                self.trace
                    .update(|trace| trace.replay(&whole.trace, n_next));
            }
        });
    }
}
