//! What `look-back.js` holds of one element: the methods of the contract.

use std::any::Any;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use trace::Failure;
use wasm_bindgen::prelude::*;
use web_sys::{
    ClipboardEvent, Document, Element, EventTarget, HtmlElement, KeyboardEvent, ShadowRoot,
};

use crate::address;
use crate::asking::{Asking, Ended};
use crate::element::LookBack;
use crate::gaze::prefers_less_motion;
use crate::host::Host;
use crate::keep::import::take_file;
use crate::picture_choice::{choose_picture, file_of};
use crate::recording::{fetch_trace, show_recording, trace_of};
use crate::run::{Phase, Run};
use crate::sheet;

/// One mounted element.
#[wasm_bindgen]
pub struct Player {
    asking: Asking,
    /// Unmounts the element when dropped.
    mounted: Option<Box<dyn Any>>,
    listeners: Vec<Listener>,
    /// The address said what to show, so no recording opens.
    is_linked: Cell<bool>,
}

/// A listener on the document or its window, removed when dropped.
struct Listener {
    target: EventTarget,
    event: &'static str,
    callback: Function,
    _closure: Box<dyn Any>,
}

/// Fills the shadow root of `element`; the page's own files lie in the folder `base`.
///
/// # Errors
/// When the browser lacks constructable style sheets.
#[wasm_bindgen]
pub fn mount(element: HtmlElement, root: ShadowRoot, base: &str) -> Result<Player, JsValue> {
    sheet::adopt(&root)?;
    let document = element
        .owner_document()
        .ok_or("the element has no document")?;
    let container: HtmlElement = document.create_element("div")?.unchecked_into();
    root.replace_children_with_node_1(&container);
    let host = Host { element };
    // The run's signals belong to the owner that mounting makes.
    let made = Rc::new(OnceCell::new());
    let (make, made_host, base) = (Rc::clone(&made), host.clone(), base.to_owned());
    let mounted = leptos::mount::mount_to(container, move || {
        let asking = make
            .get_or_init(|| Asking::new(Run::new(), made_host, &base))
            .clone();
        if address::is_page(&asking.host) {
            address::follow(asking.run, asking.host.clone());
        }
        view! { <LookBack asking /> }
    });
    let asking = made
        .get()
        .cloned()
        .ok_or("the element could not be filled")?;
    let mut listeners = vec![
        listen_keys(&document, &asking)?,
        listen_paste(&document, &asking, host)?,
    ];
    listeners.extend(listen_address(&asking)?);
    Ok(Player {
        asking,
        mounted: Some(Box::new(mounted)),
        listeners,
        is_linked: Cell::default(),
    })
}

#[wasm_bindgen]
impl Player {
    /// Takes a changed attribute.
    pub fn set(&self, name: &str, value: Option<String>) {
        let run = self.asking.run;
        let value = value.unwrap_or_default();
        match name {
            "model" => run.model.set(value),
            "question" => run.question.set(value),
            "src" if !value.is_empty() => choose_picture(run, value.into()),
            "page" => self.is_linked.set(address::restore(run, &self.asking.host)),
            "trace" if !value.is_empty() && !self.is_linked.get() => open_with(run, value),
            _ => {}
        }
    }

    /// Loads the model at `url`; the promise settles when it can be asked.
    pub fn load(&self, url: String) -> Promise {
        self.asking.run.model.set(url);
        let asking = self.asking.clone();
        promise(move |ended| asking.load(Some(ended)))
    }

    /// Asks `{ image, question, method, maxTokens, temperature, seed }`, each optional; gives the trace.
    pub fn ask(&self, options: &JsValue) -> Promise {
        let run = self.asking.run;
        let asking = self.asking.clone();
        let option = |name: &str| {
            Reflect::get(options, &name.into())
                .ok()
                .filter(|value| !value.is_null() && !value.is_undefined())
        };
        if !run.phase.with_untracked(Phase::is_running) {
            if let Some(question) = option("question").and_then(|value| value.as_string()) {
                run.question.set(question);
            }
            if let Some(image) = option("image") {
                choose_picture(run, image);
            }
            run.method.set(
                option("method")
                    .and_then(|value| value.as_string())
                    .unwrap_or_default(),
            );
            run.max_tokens.set(
                option("maxTokens")
                    .and_then(|value| value.as_f64())
                    .map(|n| n as u32),
            );
            run.temperature.set(
                option("temperature")
                    .and_then(|value| value.as_f64())
                    .map(|t| t as f32),
            );
            run.seed.set(
                option("seed")
                    .and_then(|value| value.as_f64())
                    .unwrap_or_default() as u64,
            );
        }
        promise(move |ended| {
            leptos::task::spawn_local(async move { asking.ask(Some(ended)).await })
        })
    }

    /// Stops the answer or the load.
    pub fn stop(&self) {
        self.asking.stop();
    }

    /// Shows a recorded answer, a trace object or the text of a trace file, at its end, to be played. The
    /// promise fails when it is no trace, with the reason as a sentence, or while an answer is on its way.
    pub fn replay(&self, recorded: JsValue) -> Promise {
        let run = self.asking.run;
        wasm_bindgen_futures::future_to_promise(async move {
            if run.phase.with_untracked(Phase::is_running) {
                let message = "An answer is on its way; stop it first, or wait for it.";
                return Err(js_sys::Error::new(message).into());
            }
            let trace = trace_of(&recorded).map_err(|message| js_sys::Error::new(&message))?;
            show_recording(run, trace, false).await;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Takes the element down; a running answer stops.
    pub fn unmount(mut self) {
        self.asking.close();
        self.listeners.clear();
        self.mounted.take();
    }
}

/// Opens with the recording at `url`: it plays, unless less motion is wished for, and invites to ask. While
/// it is on its way no sample takes its place.
fn open_with(run: Run, url: String) {
    let earlier = run.reading.get_value();
    let opened = wasm_bindgen_futures::future_to_promise(async move {
        match fetch_trace(&url).await {
            Ok(trace) => {
                run.reading.set_value(earlier);
                let is_shown = show_recording(run, trace, !prefers_less_motion()).await;
                run.replay.is_opening.set(is_shown);
            }
            Err(message) => run.phase.set(Phase::Failed(Failure {
                message,
                ..Failure::default()
            })),
        }
        Ok(JsValue::UNDEFINED)
    });
    run.reading.set_value(Some(opened));
}

/// A promise settled by whoever gets its `Ended`.
fn promise(begin: impl FnOnce(Ended)) -> Promise {
    let mut begin = Some(begin);
    Promise::new(&mut |resolve, reject| {
        let ended: Ended = Box::new(move |result| {
            // Settling a promise throws nothing.
            let _ = match result {
                Ok(value) => resolve.call1(&JsValue::UNDEFINED, &value),
                Err(message) => reject.call1(&JsValue::UNDEFINED, &js_sys::Error::new(&message)),
            };
        });
        if let Some(begin) = begin.take() {
            begin(ended);
        }
    })
}

/// Escape stops an answer and a replay; Space plays where the focus is nowhere and the element is the page.
fn listen_keys(document: &Document, asking: &Asking) -> Result<Listener, JsValue> {
    let asking = asking.clone();
    let is_page = address::is_page(&asking.host);
    listen(document, "keydown", move |event: KeyboardEvent| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        let is_nowhere = target.is_some_and(|target| target.tag_name() == "BODY");
        match event.key().as_str() {
            "Escape" => {
                asking.run.replay.is_playing.set(false);
                asking.stop();
            }
            " " if is_page && is_nowhere && untrack(|| asking.run.n_replayable()) > 0 => {
                event.prevent_default();
                asking.run.toggle_play();
            }
            _ => {}
        }
    })
}

/// A link that is put into the address bar of the open page.
fn listen_address(asking: &Asking) -> Result<Option<Listener>, JsValue> {
    let Some(window) = web_sys::window().filter(|_| address::is_page(&asking.host)) else {
        return Ok(None);
    };
    let asking = asking.clone();
    let on_change = move |_: web_sys::Event| {
        address::restore(asking.run, &asking.host);
    };
    listen(&window, "hashchange", on_change).map(Some)
}

/// A pasted picture goes to the element that has the focus, or to the document's first.
fn listen_paste(document: &Document, asking: &Asking, host: Host) -> Result<Listener, JsValue> {
    let run = asking.run;
    let of = document.clone();
    listen(document, "paste", move |event: ClipboardEvent| {
        let active = of.active_element();
        let is_focused = active.as_ref() == Some(host.element.as_ref());
        let is_unclaimed = active.is_none_or(|active| active.tag_name() == "BODY");
        let is_first =
            of.query_selector("look-back").ok().flatten().as_ref() == Some(host.element.as_ref());
        let file = event.clipboard_data().and_then(|data| file_of(&data));
        if let Some(file) = file.filter(|_| is_focused || is_unclaimed && is_first) {
            event.prevent_default();
            take_file(run, file);
        }
    })
}

fn listen<E: wasm_bindgen::convert::FromWasmAbi + 'static>(
    target: &EventTarget,
    event: &'static str,
    handle: impl FnMut(E) + 'static,
) -> Result<Listener, JsValue> {
    let closure = Closure::<dyn FnMut(E)>::new(handle);
    let callback: Function = closure.as_ref().unchecked_ref::<Function>().clone();
    target.add_event_listener_with_callback(event, &callback)?;
    Ok(Listener {
        target: target.clone(),
        event,
        callback,
        _closure: Box::new(closure),
    })
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A listener that is not there cannot be removed, which is as good.
        let _ = self
            .target
            .remove_event_listener_with_callback(self.event, &self.callback);
    }
}
