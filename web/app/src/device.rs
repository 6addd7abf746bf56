//! Which of the two engines answers in this tab: the GPU's, or the processor's, fetched only then.

use std::cell::RefCell;

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use trace::Event;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, Worker};

use crate::engine::message_of;
use crate::worker_script;

/// Where the faster one of two is remembered; a person may set it to `gpu` or `cpu`.
const KEY: &str = "lookback-device";

/// Where the engine's tuning is remembered: release and adapter, a line break, the tuning.
const TUNING: &str = "lookback-tuning";

/// Names that drivers which compute on the processor give themselves.
const SOFTWARE: [&str; 5] = [
    "swiftshader",
    "llvmpipe",
    "lavapipe",
    "warp",
    "basic render",
];

/// What answers, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// WebGPU.
    Gpu,
    /// WebGPU, which computes on the processor, but was faster than our own code there.
    SoftwareGpu,
    /// The processor: there is no WebGPU, at least not for workers.
    NoWebGpu,
    /// The processor: there is WebGPU, but no GPU for it.
    NoAdapter,
    /// The processor: WebGPU computes there, too, and was slower.
    FasterCpu,
}

impl Device {
    /// The engine's script.
    pub fn script(self) -> &'static str {
        match self {
            Self::Gpu | Self::SoftwareGpu => "worker_loader.js",
            Self::NoWebGpu | Self::NoAdapter | Self::FasterCpu => "worker_cpu_loader.js",
        }
    }

    /// Whether the processor's own engine answers.
    pub fn is_cpu(self) -> bool {
        matches!(self, Self::NoWebGpu | Self::NoAdapter | Self::FasterCpu)
    }

    /// What a person should know about it, in a few words.
    pub fn line(self) -> Option<&'static str> {
        match self {
            Self::Gpu => None,
            Self::SoftwareGpu => Some("No GPU here: answers are slow."),
            Self::NoWebGpu => Some("No WebGPU here: the processor answers."),
            Self::NoAdapter => Some("No GPU was found: the processor answers."),
            Self::FasterCpu => Some("No GPU here: the processor answers."),
        }
    }

    /// What a person should know about it.
    pub fn notice(self) -> Option<&'static str> {
        match self {
            Self::Gpu => None,
            Self::SoftwareGpu => Some(
                "WebGPU runs on the processor here, without a GPU: answers are slow, and only small models will do.",
            ),
            Self::NoWebGpu if window().is_secure_context() => Some(
                "This browser offers no WebGPU: the processor answers, and only small models will do. Chrome and Edge have WebGPU from 113, Firefox from 141, Safari from 26.",
            ),
            Self::NoAdapter => Some(
                "This browser has WebGPU but found no GPU for it: the processor answers, and only small models will do. A newer driver may help, or hardware acceleration in the browser’s settings, or another browser: Chrome and Edge have WebGPU from 113, Firefox from 141, Safari from 26.",
            ),
            Self::NoWebGpu => Some(
                "Browsers offer WebGPU over https or on localhost only: here the processor answers, and only small models will do.",
            ),
            Self::FasterCpu => Some(
                "WebGPU runs on the processor here, and our own code for it is faster: that answers, and only small models will do.",
            ),
        }
    }
}

thread_local! {
    static CHOSEN: ArcRwSignal<Option<Device>> = ArcRwSignal::new(is_webgpu_missing().then_some(Device::NoWebGpu));
    static ADAPTER: RefCell<String> = RefCell::default();
}

/// What answers, once that is known; tracked.
pub fn chosen() -> Option<Device> {
    CHOSEN.with(|chosen| chosen.get())
}

/// Finds out what answers from now on; the engines' scripts lie in the folder `base`.
pub async fn choose(base: &str) {
    let device = match software_adapter().await {
        None => Device::NoAdapter,
        Some(false) => Device::Gpu,
        Some(true) => faster(base).await,
    };
    CHOSEN.with(|chosen| chosen.set(Some(device)));
}

/// Lets the processor answer instead of the GPU, whose engine found none in its worker.
pub fn fall_back(has_webgpu: bool) {
    let device = match has_webgpu {
        true => Device::NoAdapter,
        false => Device::NoWebGpu,
    };
    CHOSEN.with(|chosen| chosen.set(Some(device)));
}

fn is_webgpu_missing() -> bool {
    Reflect::get(&window().navigator(), &"gpu".into()).map_or(true, |gpu| gpu.is_undefined())
}

/// Whether the adapter computes on the processor; `None` where there is no adapter.
async fn software_adapter() -> Option<bool> {
    let gpu = Reflect::get(&window().navigator(), &"gpu".into()).ok()?;
    let request: Function = Reflect::get(&gpu, &"requestAdapter".into())
        .ok()?
        .dyn_into()
        .ok()?;
    let adapter = request.call0(&gpu).ok()?.dyn_into::<Promise>().ok()?;
    let adapter = JsFuture::from(adapter).await.ok()?;
    if adapter.is_null() {
        return None;
    }
    let info = Reflect::get(&adapter, &"info".into()).unwrap_or(JsValue::UNDEFINED);
    let field =
        |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let is_fallback = [&adapter, &info]
        .into_iter()
        .any(|of| field(of, "isFallbackAdapter").is_truthy());
    let names = ["vendor", "architecture", "device", "description"]
        .map(|name| field(&info, name).as_string().unwrap_or_default());
    ADAPTER.set(names.join("/"));
    Some(is_fallback || names.iter().any(|name| is_software(name)))
}

/// Which GPU, by which release: what is known of another says nothing.
fn tuning_key() -> String {
    ADAPTER.with_borrow(|adapter| format!("{} {adapter}\n", env!("CARGO_PKG_VERSION")))
}

/// What the engine's tuner chose for this GPU before; empty where that is not known.
pub fn known_tuning() -> String {
    let storage = window().local_storage().ok().flatten();
    let kept = storage.and_then(|storage| storage.get_item(TUNING).ok()?);
    let tuning = kept.and_then(|kept| Some(kept.strip_prefix(&tuning_key())?.to_owned()));
    tuning.unwrap_or_default()
}

/// Remembers what the engine's tuner chose.
pub fn keep_tuning(tuning: &str) {
    if tuning.is_empty() {
        return;
    }
    if let Ok(Some(storage)) = window().local_storage() {
        // Where nothing can be kept, the next visit tries again.
        let _ = storage.set_item(TUNING, &format!("{}{tuning}", tuning_key()));
    }
}

fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    SOFTWARE.iter().any(|software| name.contains(software))
}

/// The faster of two engines that both compute on the processor, as remembered or by a trial.
async fn faster(base: &str) -> Device {
    let storage = window().local_storage().ok().flatten();
    let remembered = storage
        .as_ref()
        .and_then(|storage| storage.get_item(KEY).ok()?);
    match remembered.as_deref() {
        Some("gpu") => return Device::SoftwareGpu,
        Some("cpu") => return Device::FasterCpu,
        _ => {}
    }
    let cpu_millis = trial(base, Device::FasterCpu).await;
    let gpu_millis = trial(base, Device::SoftwareGpu).await;
    // One that failed counts as slowest; the engine itself says what is wrong.
    let is_gpu_faster = gpu_millis.unwrap_or(f64::MAX) < cpu_millis.unwrap_or(f64::MAX);
    if let Some(storage) = storage {
        // Where nothing can be kept, the next visit tries again.
        let _ = storage.set_item(KEY, if is_gpu_faster { "gpu" } else { "cpu" });
    }
    if is_gpu_faster {
        Device::SoftwareGpu
    } else {
        Device::FasterCpu
    }
}

/// Milliseconds that the engine takes for a little work; `None` where it fails.
async fn trial(base: &str, device: Device) -> Option<f64> {
    let worker = worker_script::start(base, device.script()).ok()?;
    let mut heard = None;
    let measured = Promise::new(&mut |resolve, reject| {
        worker.set_onerror(Some(&reject));
        heard = Some(hear(worker.clone(), resolve, reject));
    });
    let measured = JsFuture::from(measured).await;
    worker.terminate();
    measured.ok()?.as_f64()
}

/// Asks for the trial when the engine is ready, and resolves with its milliseconds.
fn hear(worker: Worker, resolve: Function, reject: Function) -> Closure<dyn FnMut(MessageEvent)> {
    let listening = worker.clone();
    let closure = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        // Settling a promise throws nothing.
        let _ = match serde_wasm_bindgen::from_value(message.data()) {
            Ok(Event::Ready) => message_of(&trace::Command::Trial)
                .and_then(|message| worker.post_message(&message))
                .or_else(|error| reject.call1(&JsValue::UNDEFINED, &error).map(drop)),
            Ok(Event::Trial { millis, tuning }) => {
                keep_tuning(&tuning);
                resolve.call1(&JsValue::UNDEFINED, &millis.into()).map(drop)
            }
            _ => reject.call0(&JsValue::UNDEFINED).map(drop),
        };
    });
    listening.set_onmessage(Some(closure.as_ref().unchecked_ref()));
    closure
}
