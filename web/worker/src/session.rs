//! One command after the other: load a model, answer, wait.

use generate::{Generator, Target};
use trace::{Ask, Command, Event, StopReason, Timing};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::MessageEvent;

use crate::download::{DownloadError, download};
use crate::mailbox::Mailbox;
use crate::port::{now_millis, post, post_failure, scope};

/// What the worker keeps between commands.
#[derive(Default)]
struct Session {
    generator: Option<Generator>,
    load_millis: f64,
}

/// Listens, announces that it listens, and serves until the page ends the worker.
pub fn start() {
    let mailbox = Mailbox::default();
    let put = mailbox.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        match serde_wasm_bindgen::from_value(message.data()) {
            Ok(command) => put.put(command),
            Err(error) => {
                let message = "The engine did not understand the page; reload to get the same release of both.";
                post_failure(message.to_owned(), error.to_string(), true);
            }
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // Listens as long as the worker lives.
    on_message.forget();
    wasm_bindgen_futures::spawn_local(async move {
        if let Err(missing) = find_device().await {
            return post(&missing);
        }
        post(&Event::Ready);
        let mut session = Session::default();
        loop {
            match mailbox.next().await {
                Command::Load { url, tuning } => session.load(&url, &tuning, &mailbox).await,
                Command::Ask(ask) => session.ask(&ask, &mailbox).await,
                Command::Stop => {}
                Command::Trial => trial().await,
            }
        }
    });
}

impl Session {
    async fn load(&mut self, url: &str, tuning: &str, mailbox: &Mailbox) {
        let began = now_millis();
        // The old model's memory is free before the new one needs it.
        self.generator = None;
        match open(url, tuning, mailbox).await {
            Ok(generator) => {
                let mut loaded = generator.loaded();
                self.load_millis = now_millis() - began;
                loaded.load_millis = self.load_millis;
                loaded.wasm_bytes = wasm_bytes();
                loaded.tuning = generate::tuning();
                self.generator = Some(generator);
                post(&Event::Loaded(loaded));
            }
            Err(_) if mailbox.is_stopped() => {
                let timing = Timing {
                    load_millis: now_millis() - began,
                    ..Timing::default()
                };
                post(&Event::Done {
                    stop: StopReason::Stopped,
                    timing,
                });
            }
            Err(error) => post_failure(error.to_string(), error.detail(), error.is_fatal()),
        }
    }

    async fn ask(&mut self, ask: &Ask, mailbox: &Mailbox) {
        let Some(generator) = &mut self.generator else {
            return post_failure(
                "No model is loaded; load one, then ask.".to_owned(),
                String::new(),
                false,
            );
        };
        let load_millis = self.load_millis;
        let mut emit = |mut event: Event| {
            if let Event::Done { timing, .. } = &mut event {
                timing.load_millis = load_millis;
            }
            post(&event);
        };
        let answered = generator
            .ask(ask, &mut emit, &|| mailbox.is_stopped())
            .await;
        if let Err(error) = answered {
            post_failure(error.to_string(), format!("{error:?}"), error.fatal());
        }
    }
}

async fn open(url: &str, tuning: &str, mailbox: &Mailbox) -> Result<Generator, DownloadError> {
    let target = target(tuning).await?;
    download(url, target, mailbox).await
}

/// Whether this worker gets an adapter: some browsers offer WebGPU to pages only, some offer it and have no GPU for it.
#[cfg(not(target_feature = "simd128"))]
async fn find_device() -> Result<(), Event> {
    let gpu = js_sys::Reflect::get(&scope().navigator(), &"gpu".into()).unwrap_or_default();
    let has_webgpu = gpu.is_object();
    let adapter = async {
        let request: js_sys::Function =
            js_sys::Reflect::get(&gpu, &"requestAdapter".into())?.dyn_into()?;
        let adapter: js_sys::Promise = request.call0(&gpu)?.dyn_into()?;
        wasm_bindgen_futures::JsFuture::from(adapter).await
    };
    match adapter.await {
        Ok(adapter) if adapter.is_object() => Ok(()),
        _ => Err(Event::NoGpu { has_webgpu }),
    }
}

/// The processor is always there.
#[cfg(target_feature = "simd128")]
async fn find_device() -> Result<(), Event> {
    Ok(())
}

/// What this module was built for: the GPU, or with `simd128` the processor.
#[cfg(not(target_feature = "simd128"))]
async fn target(tuning: &str) -> Result<Target, generate::Error> {
    // The page has kept them for the adapter that it sees.
    let gpu = generate::open_known_gpu(|_| tuning.to_owned()).await?;
    Ok(Target::Gpu(gpu))
}

#[cfg(target_feature = "simd128")]
async fn target(_tuning: &str) -> Result<Target, generate::Error> {
    Ok(Target::Cpu(generate::Device::flex()))
}

async fn trial() {
    let measured = async { generate::trial(&target("").await?).await };
    match measured.await {
        Ok(millis) => post(&Event::Trial {
            millis,
            tuning: generate::tuning(),
        }),
        Err(error) => post_failure(error.to_string(), format!("{error:?}"), error.fatal()),
    }
}

/// Linear memory of this module.
fn wasm_bytes() -> u64 {
    let memory = wasm_bindgen::memory().unchecked_into::<js_sys::WebAssembly::Memory>();
    memory
        .buffer()
        .unchecked_into::<js_sys::ArrayBuffer>()
        .byte_length()
        .into()
}
