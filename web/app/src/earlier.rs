//! The answer before the one on the page: it can be brought back, and compared with. No more than these two
//! are kept.

use std::mem;

use leptos::prelude::*;
use trace::{ModelInfo, Trace};

use crate::picture::Picture;
use crate::run::{Phase, Run};

/// An answer that another one took the place of.
pub struct Earlier {
    /// The answer.
    pub trace: Trace,
    /// The pictures it is about.
    pub pictures: Vec<Picture>,
    /// Which of them was on the stage.
    pub image: usize,
    /// The seed it was asked with; none of a recorded one.
    pub seed: Option<u64>,
}

impl Run {
    /// Sets the answer aside, if there is one.
    pub fn set_aside(&self) {
        let taken = self.trace.try_update_untracked(|trace| {
            let has_answer = !trace.tokens.is_empty();
            has_answer.then(|| mem::replace(trace, Trace::new(ModelInfo::default())))
        });
        if let Some(trace) = taken.flatten() {
            self.earlier.set(Some(Earlier {
                trace,
                pictures: self.pictures(),
                image: self.looking.image.get_untracked(),
                seed: self.asked_seed.get_value(),
            }));
        }
    }

    /// Exchanges the answer on the page with the one before it; nothing happens without one or in mid answer.
    pub fn bring_back(&self) {
        if self.phase.with_untracked(Phase::is_running) {
            return;
        }
        let Some(Earlier {
            trace,
            pictures,
            image,
            seed,
        }) = self.earlier.try_update(Option::take).flatten()
        else {
            return;
        };
        self.question.set(trace.prompt.question.clone());
        self.show(trace);
        self.set_pictures(pictures, image);
        self.asked_seed.set_value(seed);
        self.phase.set(Phase::Done);
    }
}
