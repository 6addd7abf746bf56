//! One question on its way: from the element to the engine, its events back into the run.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;
use serde_json::json;
use trace::{Ask, Event, Failure, Marker, ModelInfo, Trace};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::engine::{self, Job, JobId};
use crate::host::{Host, object_of};
use crate::picture::Picture;
use crate::recording::object_of_trace;
use crate::run::{Phase, Progress, Run};

/// Hears once how it ended: the trace, or the failure's sentence.
pub type Ended = Box<dyn FnOnce(Result<JsValue, String>)>;

/// The questions of one element, one at a time; clones share them.
#[derive(Clone)]
pub struct Asking {
    /// What the element shows.
    pub run: Run,
    /// The element in its document.
    pub host: Host,
    /// Address of the folder the page's own files lie in.
    pub base: Rc<str>,
    course: Rc<Course>,
}

/// What changes while a question is on its way.
#[derive(Default)]
struct Course {
    job: Cell<Option<JobId>>,
    is_load_only: Cell<bool>,
    ended: RefCell<Option<Ended>>,
    /// Events for the next frame.
    inbox: RefCell<Vec<Event>>,
    /// Empties the inbox; `None` once the element is gone.
    frame: RefCell<Option<Closure<dyn FnMut()>>>,
    is_frame_due: Cell<bool>,
}

impl Asking {
    /// No question yet.
    pub fn new(run: Run, host: Host, base: &str) -> Self {
        let asking = Self {
            run,
            host,
            base: base.into(),
            course: Rc::default(),
        };
        let on_frame = asking.clone();
        *asking.course.frame.borrow_mut() = Some(Closure::new(move || on_frame.empty_inbox()));
        asking
    }

    /// Loads the run's model, and no more.
    pub fn load(&self, ended: Option<Ended>) {
        if self.begin(ended) {
            self.course.is_load_only.set(true);
            self.submit(None);
        }
    }

    /// Asks the run's question about its picture, once that is read.
    pub async fn ask(&self, ended: Option<Ended>) {
        if !self.begin(ended) {
            return;
        }
        if let Some(reading) = self.run.reading.get_value()
            && let Err(error) = JsFuture::from(reading).await
        {
            self.run.reading.set_value(None);
            return self.fail(&error.as_string().unwrap_or_default());
        }
        if self.run.lacks_picture() {
            return self.fail("This recording came without its picture; choose one, then ask.");
        }
        let ask = self.question();
        if ask.question.trim().is_empty() {
            return self.fail("The question is empty; type one, then ask.");
        }
        self.submit(Some(ask));
    }

    /// Asks when the load that is on its way has ended well; nothing happens while an answer is on its way.
    pub fn ask_once_loaded(&self) {
        let is_loading = self.run.phase.with_untracked(Phase::is_running);
        self.run
            .is_asked_next
            .set(is_loading && self.course.is_load_only.get());
    }

    /// Stops the answer or the load; nothing happens when none is on its way.
    pub fn stop(&self) {
        if let Some(job) = self.course.job.get() {
            engine::cancel(job);
        }
    }

    /// The element is gone: stops, and lets go of the page.
    pub fn close(&self) {
        self.stop();
        *self.course.frame.borrow_mut() = None;
    }

    /// Ends the run with a failure of the page itself.
    pub fn fail(&self, message: &str) {
        self.end(Phase::Failed(Failure {
            message: message.to_owned(),
            ..Failure::default()
        }));
    }

    /// False, with `ended` told why, while another answer is on its way.
    fn begin(&self, ended: Option<Ended>) -> bool {
        if self.run.phase.with_untracked(Phase::is_running) {
            if let Some(ended) = ended {
                ended(Err(
                    "An answer is on its way; stop it first, or wait for it.".to_owned(),
                ));
            }
            return false;
        }
        self.course.is_load_only.set(false);
        *self.course.ended.borrow_mut() = ended;
        let mut trace = Trace::new(ModelInfo::default());
        trace.prompt.question = self.run.question.get_untracked();
        self.run.show(trace);
        self.run
            .asked_seed
            .set_value(Some(self.run.seed.get_untracked()));
        self.run.phase.set(Phase::Waiting);
        true
    }

    fn question(&self) -> Ask {
        let run = &self.run;
        Ask {
            question: run.question.get_untracked(),
            images: run.pictures().iter().filter_map(Picture::to_file).collect(),
            method: run.method.get_untracked(),
            max_tokens: run.max_tokens.get_untracked(),
            temperature: run.temperature.get_untracked(),
            seed: run.seed.get_untracked(),
            ..Ask::default()
        }
    }

    fn submit(&self, ask: Option<Ask>) {
        let Some(model) = self.host.model_url(&self.run.model.get_untracked()) else {
            return self.fail("No model is set; give the element a model attribute, the address of a Lookback folder.");
        };
        let receiver = self.clone();
        let sink = Rc::new(move |event| receiver.receive(event));
        let job = engine::submit(&self.base, Job { model, ask, sink });
        // The job may have ended before its name was known.
        self.course.job.set(
            self.run
                .phase
                .with_untracked(Phase::is_running)
                .then_some(job),
        );
    }

    /// Keeps an event for the next frame; the last one, and all in the background, are taken in at once.
    fn receive(&self, event: Event) {
        let is_last = matches!(
            event,
            Event::Done { .. } | Event::Error(_) | Event::Loaded(_)
        );
        self.course.inbox.borrow_mut().push(event);
        if is_last || self.host.is_hidden() {
            return self.empty_inbox();
        }
        if let (false, Some(window), Some(frame)) = (
            self.course.is_frame_due.replace(true),
            web_sys::window(),
            &*self.course.frame.borrow(),
        ) {
            // Refused only by a document that is going away.
            let _ = window.request_animation_frame(frame.as_ref().unchecked_ref());
        }
    }

    fn empty_inbox(&self) {
        self.course.is_frame_due.set(false);
        let events = self.course.inbox.take();
        let opened = self.fold(&events);
        for marker in opened {
            self.host.tell("marker", &object_of(&marker));
        }
        for event in events {
            self.take_in(event);
        }
    }

    /// Folds events into the trace, with one update of the page, and returns the marks they opened.
    fn fold(&self, events: &[Event]) -> Vec<Marker> {
        let mut opened = Vec::new();
        if events
            .iter()
            .all(|event| matches!(event, Event::Progress { .. }))
        {
            return opened;
        }
        self.run.trace.update(|trace| {
            for event in events {
                if let Event::Loaded(loaded) = event {
                    trace.model.clone_from(&loaded.model);
                }
                let new = trace.apply(event);
                opened.extend_from_slice(trace.markers.get(new).unwrap_or_default());
            }
        });
        opened
    }

    fn take_in(&self, event: Event) {
        match event {
            Event::Ready | Event::NoGpu { .. } | Event::Trial { .. } => {}
            Event::Progress {
                loaded_bytes,
                total_bytes,
            } => {
                self.run.progress.set(Some(Progress {
                    loaded_bytes,
                    total_bytes,
                }));
                let detail = json!({ "loaded_bytes": loaded_bytes, "total_bytes": total_bytes });
                self.host.tell("progress", &object_of(&detail));
            }
            Event::Loaded(loaded) => {
                self.run.progress.set(None);
                self.run.loaded.set(Some(loaded));
                if self.course.is_load_only.get() {
                    self.end(Phase::Idle);
                }
            }
            Event::Prompt(_) => self.run.phase.set(Phase::Reading(None)),
            Event::Prefill {
                read_tokens,
                prompt_tokens,
            } => self
                .run
                .phase
                .set(Phase::Reading(Some((read_tokens, prompt_tokens)))),
            Event::Token(token) => {
                if self
                    .run
                    .phase
                    .with_untracked(|phase| *phase != Phase::Answering)
                {
                    self.run.phase.set(Phase::Answering);
                }
                self.host.tell("token", &object_of(&token));
            }
            Event::Done { .. } => self.end(Phase::Done),
            Event::Error(failure) => self.end(Phase::Failed(failure)),
        }
    }

    fn end(&self, phase: Phase) {
        self.course.job.set(None);
        self.run.progress.set(None);
        self.run.phase.set(phase.clone());
        let result = match &phase {
            Phase::Failed(failure) => {
                self.host.tell("error", &object_of(failure));
                Err(failure.message.clone())
            }
            Phase::Done if self.course.is_load_only.get() => Err("Loading was stopped.".to_owned()),
            _ => Ok(self.run.trace.with_untracked(object_of_trace)),
        };
        if let (Phase::Done, Ok(trace)) = (&phase, &result) {
            self.host.tell("done", trace);
        }
        let is_loaded = self.course.is_load_only.get() && phase == Phase::Idle;
        let is_asked_next = self.run.is_asked_next.get_untracked();
        self.run.is_asked_next.set(false);
        if let Some(ended) = self.course.ended.take() {
            ended(result);
        }
        if is_asked_next && is_loaded {
            let asking = self.clone();
            leptos::task::spawn_local(async move { asking.ask(None).await });
        }
    }
}
