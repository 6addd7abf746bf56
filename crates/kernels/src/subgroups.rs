//! WebGPU's subgroups for our own WGSL: wgpu 30 does not ask browsers for them, so its request is completed on the way.

use std::sync::atomic::{AtomicBool, Ordering};

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise};

const FEATURE: &str = "subgroups";

static ARE_THERE: AtomicBool = AtomicBool::new(false);

/// Whether the device that was opened last has them.
pub(crate) fn are_there() -> bool {
    ARE_THERE.load(Ordering::Relaxed)
}

/// From now on adapters ask for them where they have them. Where there is no WebGPU, nothing happens.
pub(crate) fn ask_for() {
    // A browser that lets nobody change these objects goes without.
    let _ = complete_adapters();
}

fn complete_adapters() -> Result<(), JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
    let gpu: Object = Reflect::get(&navigator, &"gpu".into())?.dyn_into()?;
    replace(&gpu.clone(), "requestAdapter", move |request, options| {
        let asked = request.call1(&gpu, &options);
        future_to_promise(async move {
            let adapter = JsFuture::from(asked?.dyn_into::<Promise>()?).await?;
            ARE_THERE.store(false, Ordering::Relaxed);
            if let Some(adapter) = adapter.dyn_ref::<Object>() {
                let _ = complete_devices(adapter);
            }
            Ok(adapter)
        })
    })
}

fn complete_devices(adapter: &Object) -> Result<(), JsValue> {
    if !has_feature(adapter)? {
        return Ok(());
    }
    let this = adapter.clone();
    replace(adapter, "requestDevice", move |request, descriptor| {
        // A request that cannot be completed goes as it is.
        let _ = add_feature(&descriptor);
        let asked = request.call1(&this, &descriptor);
        future_to_promise(async move {
            let device = JsFuture::from(asked?.dyn_into::<Promise>()?).await?;
            ARE_THERE.store(has_feature(&device).unwrap_or(false), Ordering::Relaxed);
            Ok(device)
        })
    })
}

/// Of an adapter or a device.
fn has_feature(of: &JsValue) -> Result<bool, JsValue> {
    let features = Reflect::get(of, &"features".into())?;
    let has: Function = Reflect::get(&features, &"has".into())?.dyn_into()?;
    Ok(has.call1(&features, &FEATURE.into())?.is_truthy())
}

fn add_feature(descriptor: &JsValue) -> Result<(), JsValue> {
    let key = "requiredFeatures".into();
    let features: Array = Reflect::get(descriptor, &key)?.dyn_into()?;
    features.push(&FEATURE.into());
    Ok(())
}

/// Puts `with` before the method `name` of `object`: it gets the method and its argument. Done once per object.
fn replace(
    object: &Object,
    name: &str,
    with: impl Fn(&Function, JsValue) -> Promise + 'static,
) -> Result<(), JsValue> {
    let key = JsValue::from(name);
    if Object::has_own(object, &key) {
        return Ok(());
    }
    let method: Function = Reflect::get(object, &key)?.dyn_into()?;
    let with = move |argument: JsValue| with(&method, argument);
    let closure = Closure::<dyn Fn(JsValue) -> Promise>::new(with);
    Reflect::set(object, &key, &closure.into_js_value()).map(drop)
}
