//! What `look-back.js` holds of one element: the methods of the contract.

use std::any::Any;
use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use trace::Failure;
use wasm_bindgen::prelude::*;
use web_sys::{ClipboardEvent, Document, HtmlElement, KeyboardEvent, ShadowRoot};

use crate::asking::{Asking, Ended};
use crate::element::LookBack;
use crate::host::Host;
use crate::picture_choice::{choose_picture, file_of};
use crate::recording::{fetch_trace, trace_of};
use crate::run::{Phase, Run};
use crate::sheet;

/// One mounted element.
#[wasm_bindgen]
pub struct Player {
    asking: Asking,
    /// Unmounts the element when dropped.
    mounted: Option<Box<dyn Any>>,
    listeners: Vec<Listener>,
}

/// A listener on the document, removed when dropped.
struct Listener {
    document: Document,
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
        view! { <LookBack asking /> }
    });
    let asking = made
        .get()
        .cloned()
        .ok_or("the element could not be filled")?;
    let listeners = vec![
        listen_escape(&document, &asking)?,
        listen_paste(&document, &asking, host)?,
    ];
    Ok(Player {
        asking,
        mounted: Some(Box::new(mounted)),
        listeners,
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
            "trace" if !value.is_empty() => leptos::task::spawn_local(async move {
                match fetch_trace(&value).await {
                    Ok(trace) => show_recording(run, trace),
                    Err(message) => run.phase.set(Phase::Failed(Failure {
                        message,
                        ..Failure::default()
                    })),
                }
            }),
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

    /// Shows a recorded answer: a trace object or the text of a trace file.
    ///
    /// # Errors
    /// When it is no trace, with the reason as a sentence, or while an answer is on its way.
    pub fn replay(&self, recorded: &JsValue) -> Result<(), JsError> {
        let run = self.asking.run;
        if run.phase.with_untracked(Phase::is_running) {
            return Err(JsError::new(
                "An answer is on its way; stop it first, or wait for it.",
            ));
        }
        let trace = trace_of(recorded).map_err(|message| JsError::new(&message))?;
        show_recording(run, trace);
        Ok(())
    }

    /// Takes the element down; a running answer stops.
    pub fn unmount(mut self) {
        self.asking.close();
        self.listeners.clear();
        self.mounted.take();
    }
}

fn show_recording(run: Run, trace: trace::Trace) {
    run.question.set(trace.prompt.question.clone());
    run.show(trace);
    run.phase.set(Phase::Idle);
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

fn listen_escape(document: &Document, asking: &Asking) -> Result<Listener, JsValue> {
    let asking = asking.clone();
    listen(document, "keydown", move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            asking.stop();
        }
    })
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
            choose_picture(run, file.into());
        }
    })
}

fn listen<E: wasm_bindgen::convert::FromWasmAbi + 'static>(
    document: &Document,
    event: &'static str,
    handle: impl FnMut(E) + 'static,
) -> Result<Listener, JsValue> {
    let closure = Closure::<dyn FnMut(E)>::new(handle);
    let callback: Function = closure.as_ref().unchecked_ref::<Function>().clone();
    document.add_event_listener_with_callback(event, &callback)?;
    Ok(Listener {
        document: document.clone(),
        event,
        callback,
        _closure: Box::new(closure),
    })
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A listener that is not there cannot be removed, which is as good.
        let _ = self
            .document
            .remove_event_listener_with_callback(self.event, &self.callback);
    }
}
