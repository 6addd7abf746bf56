//! The scene maker: a scene, rolled by chance or arranged by hand, is the picture that is asked about.
//!
//! Read `arrangement` (the scene and what can be done to it), then `offers` (questions with known answers).

pub mod arrangement;
pub mod grip;
pub mod handles;
pub mod offers;
pub mod png;
pub mod room;
pub mod row;
pub mod tools;
pub mod verdict;
pub mod world;

use std::rc::Rc;

use leptos::prelude::*;
use scene::{Dice, Scene};
use trace::Failure;

use crate::maker::arrangement::{Arrangement, Refusal};
use crate::maker::offers::Offers;
use crate::picture::Picture;
use crate::picture_choice::show_picture;
use crate::run::{Phase, Run};

/// The scene maker of one element; a handle to signals, so copies are the same maker.
///
/// The scene itself is the run's picture.
#[derive(Clone, Copy)]
pub struct Maker {
    /// What the element shows.
    pub run: Run,
    /// Whether the tools for arranging are out.
    pub is_open: RwSignal<bool>,
    /// The object that was touched last.
    pub chosen: RwSignal<Option<u32>>,
    /// Questions about the scene.
    pub offers: RwSignal<Offers>,
    /// The scene that was asked about last: changed since, it may offer the same question, with another answer.
    pub asked: RwSignal<Option<Scene>>,
    /// What the last change did, or why it was refused.
    pub told: RwSignal<String>,
}

impl Maker {
    /// A maker without a scene, until one is wished for; its tools go when the scene does and while an answer is on its way.
    pub fn new(run: Run) -> Self {
        let maker = Self {
            run,
            is_open: RwSignal::default(),
            chosen: RwSignal::default(),
            offers: RwSignal::default(),
            asked: RwSignal::default(),
            told: RwSignal::default(),
        };
        Effect::new(move |_| {
            if run.is_running() || maker.arrangement().is_none() {
                maker.is_open.set(false);
            }
        });
        Effect::new(move |_| {
            if run.is_running() {
                // It stays on the stage until the answer is complete.
                let scene = untrack(|| maker.arrangement()).map(|arrangement| arrangement.scene());
                maker.asked.set(scene);
            }
        });
        Effect::new(move |_| {
            if let Some(seed) = run.wished_scene.get() {
                maker.roll_from(seed);
                run.wished_scene.set(None);
            }
        });
        maker
    }

    /// The scene on the stage, tracked; none where another picture is.
    pub fn arrangement(&self) -> Option<Rc<Arrangement>> {
        self.run
            .picture
            .with(|picture| picture.as_ref()?.arrangement())
    }

    /// Puts a new scene on the stage.
    pub fn roll(&self) {
        if self.run.phase.with_untracked(Phase::is_running) {
            return;
        }
        self.roll_from(random_seed());
    }

    /// Puts the scene of this seed on the stage.
    pub fn roll_from(&self, seed: u64) {
        self.chosen.set(None);
        let arrangement = Arrangement::roll(seed);
        let n_objects = arrangement.pieces.len();
        self.told.set(format!("A new scene: {n_objects} objects."));
        self.show(arrangement);
    }

    /// Changes the scene on the stage, and the questions with it, and says so; a refusal is said, too.
    pub fn change(&self, change: impl FnOnce(&mut Arrangement) -> Result<String, Refusal>) {
        let Some(mut changed) = self.copy() else {
            return;
        };
        match change(&mut changed) {
            Ok(words) => {
                self.told.set(words);
                self.show(changed);
            }
            Err(refusal) => self.told.set(refusal.to_string()),
        }
    }

    /// Shows an object on its way; the questions follow when it has arrived.
    pub fn drag(&self, id: u32, center_px: [f32; 2]) {
        if let Some(mut changed) = self.copy() {
            changed.drag(id, center_px);
            self.put(changed);
        }
    }

    /// The scene, to be changed; none while an answer about it is on its way.
    fn copy(&self) -> Option<Arrangement> {
        if self.run.phase.with_untracked(Phase::is_running) {
            return None;
        }
        untrack(|| self.arrangement()).map(|arrangement| Arrangement::clone(&arrangement))
    }

    /// With questions about it, one of them in the box unless a person wrote there.
    fn show(&self, arrangement: Arrangement) {
        // A scene that is rolled again, from a link, offers the same questions.
        let dice = match arrangement.is_changed {
            true => Dice::from_seed(random_seed()),
            false => Dice::from_seed(arrangement.seed),
        };
        let offers = Offers::about(arrangement.scene(), dice);
        if let Some(text) = offers.text(0)
            && self.run.is_question_suggested()
        {
            self.run.suggest(text);
        }
        self.offers.set(offers);
        self.put(arrangement);
    }

    fn put(&self, arrangement: Arrangement) {
        match Picture::of_scene(arrangement) {
            Ok(picture) => show_picture(self.run, picture),
            Err(error) => self.run.phase.set(Phase::Failed(Failure {
                message: error.to_string(),
                ..Failure::default()
            })),
        }
    }
}

/// Up to eight digits, so that a seed can be read out and fits below a narrow picture.
fn random_seed() -> u64 {
    (js_sys::Math::random() * 1e8) as u64
}
