//! The engine's worker, one for the whole document: its life, its queue of jobs, its events.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::Reflect;
use leptos::prelude::untrack;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use trace::{Ask, Command, Event, Failure, Loaded, StopReason, Timing};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker};

use crate::device::{self, Device};
use crate::worker_script;

/// Load `model` and, unless it is only to be loaded, answer one question with it.
pub struct Job {
    /// Absolute address of a Lookback folder, ending in `/`.
    pub model: String,
    /// The question; an empty method takes the one the model prefers.
    pub ask: Option<Ask>,
    /// Gets the job's events: `Loaded`, with the method that is asked with, once the model is at hand,
    /// also when it was before; `Done`, `Error` or, without a question, `Loaded` is the last.
    pub sink: Rc<dyn Fn(Event)>,
}

/// Names a submitted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobId(u64);

#[derive(Default)]
struct Engine {
    /// Address of the folder that holds the engines' scripts.
    base: String,
    /// What answers is being found out.
    choosing: bool,
    worker: Option<Running>,
    loaded: Option<(String, Loaded)>,
    current: Option<(JobId, Job)>,
    queue: VecDeque<(JobId, Job)>,
    /// The current job was cancelled and the worker told so.
    stopping: bool,
    n_jobs: u64,
}

/// A worker and what keeps its callbacks alive.
struct Running {
    worker: Worker,
    ready: bool,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

/// An event on its way to a sink, delivered when the engine is no longer borrowed:
/// whoever hears it may submit the next job at once.
type Delivery = (Rc<dyn Fn(Event)>, Event);

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::default();
}

/// Queues a job; the worker's script lies in the folder `base`.
pub fn submit(base: &str, job: Job) -> JobId {
    let mut id = JobId(0);
    change(|engine| {
        engine.base = base.to_owned();
        engine.n_jobs += 1;
        id = JobId(engine.n_jobs);
        engine.queue.push_back((id, job));
        engine.advance()
    });
    id
}

/// Ends a job: a waiting one at once, a running one within one token; asked twice, with its worker.
pub fn cancel(id: JobId) {
    change(|engine| engine.cancel(id));
}

fn change(apply: impl FnOnce(&mut Engine) -> Vec<Delivery>) {
    let deliveries = ENGINE.with_borrow_mut(apply);
    for (sink, event) in deliveries {
        sink(event);
    }
}

impl Engine {
    /// Starts the next job if none is running, and sends what it needs next.
    fn advance(&mut self) -> Vec<Delivery> {
        if self.current.is_none() {
            self.stopping = false;
            self.current = self.queue.pop_front();
            if self.current.is_some() {
                return self.send_next();
            }
        }
        Vec::new()
    }

    /// The current job's next command: start the worker, load the model, ask.
    fn send_next(&mut self) -> Vec<Delivery> {
        let Some((_, job)) = &self.current else {
            return Vec::new();
        };
        let Some(running) = &self.worker else {
            return self.start();
        };
        if !running.ready {
            return Vec::new();
        }
        match &self.loaded {
            Some((url, loaded)) if *url == job.model => {
                let mut loaded = loaded.clone();
                let Some(ask) = job.ask.clone() else {
                    return self.end(Event::Loaded(loaded));
                };
                let ask = with_method(ask, &loaded);
                loaded.model.method.clone_from(&ask.method);
                let mut deliveries = vec![(job.sink.clone(), Event::Loaded(loaded))];
                deliveries.extend(self.send(&Command::Ask(ask)));
                deliveries
            }
            _ => {
                let (url, tuning) = (job.model.clone(), device::known_tuning());
                self.loaded = None;
                self.send(&Command::Load { url, tuning })
            }
        }
    }

    fn start(&mut self) -> Vec<Delivery> {
        let Some(device) = untrack(device::chosen) else {
            self.choose();
            return Vec::new();
        };
        match Running::new(&self.base, device) {
            Ok(running) => {
                self.worker = Some(running);
                Vec::new()
            }
            Err(detail) => self.crash(
                "the engine's worker could not start; allow workers for this site and reload",
                detail,
            ),
        }
    }

    /// Finds out what answers, then goes on.
    fn choose(&mut self) {
        if self.choosing {
            return;
        }
        self.choosing = true;
        let base = self.base.clone();
        leptos::task::spawn_local(async move {
            device::choose(&base).await;
            change(|engine| {
                engine.choosing = false;
                engine.send_next()
            });
        });
    }

    fn send(&mut self, command: &Command) -> Vec<Delivery> {
        let Some(running) = &self.worker else {
            return Vec::new();
        };
        match message_of(command).and_then(|message| running.worker.post_message(&message)) {
            Ok(()) => Vec::new(),
            Err(error) => self.crash(
                "the engine's worker took no message; reload the page",
                format!("{error:?}"),
            ),
        }
    }

    fn receive(&mut self, event: Event) -> Vec<Delivery> {
        match event {
            Event::Ready => {
                if let Some(running) = &mut self.worker {
                    running.ready = true;
                }
                self.send_next()
            }
            Event::NoGpu { has_webgpu } => {
                self.drop_worker();
                device::fall_back(has_webgpu);
                self.send_next()
            }
            Event::Loaded(loaded) => {
                device::keep_tuning(&loaded.tuning);
                if let Some((_, job)) = &self.current {
                    self.loaded = Some((job.model.clone(), loaded));
                }
                self.send_next()
            }
            Event::Error(Failure { fatal: true, .. }) => {
                self.drop_worker();
                self.end(event)
            }
            Event::Done { .. } | Event::Error(_) => self.end(event),
            Event::Progress { .. }
            | Event::Prompt(_)
            | Event::Prefill { .. }
            | Event::Token(_)
            | Event::Trial { .. } => self
                .current
                .iter()
                .map(|(_, job)| (job.sink.clone(), event.clone()))
                .collect(),
        }
    }

    /// Delivers the current job's last event and starts the next one.
    fn end(&mut self, event: Event) -> Vec<Delivery> {
        let ended = self.current.take().map(|(_, job)| (job.sink, event));
        ended.into_iter().chain(self.advance()).collect()
    }

    fn cancel(&mut self, id: JobId) -> Vec<Delivery> {
        if let Some(at) = self.queue.iter().position(|(queued, _)| *queued == id) {
            return self
                .queue
                .remove(at)
                .map(|(_, job)| (job.sink, stopped()))
                .into_iter()
                .collect();
        }
        if self
            .current
            .as_ref()
            .is_none_or(|(current, _)| *current != id)
        {
            return Vec::new();
        }
        let is_ready = self.worker.as_ref().is_some_and(|running| running.ready);
        if self.stopping || !is_ready {
            self.drop_worker();
            return self.end(stopped());
        }
        self.stopping = true;
        self.send(&Command::Stop)
    }

    fn crash(&mut self, message: &str, detail: String) -> Vec<Delivery> {
        self.drop_worker();
        self.end(Event::Error(Failure {
            message: message.to_owned(),
            detail,
            fatal: true,
        }))
    }

    /// The next job starts a new worker and loads its model again.
    fn drop_worker(&mut self) {
        if let Some(running) = self.worker.take() {
            // What it said last may still be on its way to callbacks that are about to go.
            running.worker.set_onmessage(None);
            running.worker.set_onerror(None);
            running.worker.terminate();
        }
        self.loaded = None;
    }
}

impl Running {
    fn new(base: &str, device: Device) -> Result<Self, String> {
        let worker =
            worker_script::start(base, device.script()).map_err(|error| format!("{error:?}"))?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(|message: MessageEvent| {
            match serde_wasm_bindgen::from_value(message.data()) {
                Ok(event) => change(|engine| engine.receive(event)),
                Err(error) => change(|engine| {
                    engine.crash(
                        "the engine and this page are of different releases; reload the page",
                        error.to_string(),
                    )
                }),
            }
        });
        let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(|error: web_sys::Event| {
            // A script that did not arrive is told by an event without a message.
            let message = Reflect::get(&error, &"message".into()).ok();
            let detail = message.and_then(|message| message.as_string());
            let detail = detail.unwrap_or_else(|| "the engine's script did not arrive".to_owned());
            change(|engine| {
                engine.crash(
                    "the engine stopped unexpectedly; ask again to start a new one",
                    detail,
                )
            });
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            ready: false,
            _on_message: on_message,
            _on_error: on_error,
        })
    }
}

/// A command as the worker takes it.
pub fn message_of(command: &Command) -> Result<JsValue, JsValue> {
    let serializer = Serializer::json_compatible().serialize_bytes_as_arrays(false);
    Ok(command.serialize(&serializer)?)
}

fn with_method(mut ask: Ask, loaded: &Loaded) -> Ask {
    if ask.method.is_empty() {
        ask.method = loaded
            .methods
            .first()
            .cloned()
            .unwrap_or_else(|| "plain".to_owned());
    }
    ask
}

fn stopped() -> Event {
    Event::Done {
        stop: StopReason::Stopped,
        timing: Timing::default(),
    }
}
