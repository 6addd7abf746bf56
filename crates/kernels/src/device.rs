//! What is known of the GPU, and what goes wrong with it.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

#[cfg(not(target_feature = "simd128"))]
use std::task::{Context, Poll, Waker};

#[cfg(not(target_feature = "simd128"))]
use burn::backend::DispatchDevice;
use burn::tensor::{Device, Int, Tensor};
#[cfg(not(target_feature = "simd128"))]
use burn_wgpu::{CubeTensor, Wgpu};

/// What goes wrong with the GPU itself.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GpuError {
    /// No adapter.
    #[error(
        "no usable GPU was found ({0}); use a browser with WebGPU (Chrome or Edge 113, Safari 26, Firefox 141 or newer), install a Vulkan driver, or run `lookback` with --device cpu"
    )]
    Missing(String),
    /// The device went away; only a new process or worker can open another.
    #[error("the GPU was lost ({0}); close other programs that use it and load the model again")]
    Lost(String),
    /// A kernel or an allocation failed.
    #[error(
        "the GPU reported an error ({0}); it may be out of memory: try a smaller model or image, or load the model again"
    )]
    Failed(String),
}

/// An open GPU.
#[derive(Clone, Debug)]
pub struct Gpu {
    /// Burn's handle.
    pub device: Device,
    /// The adapter's own description.
    pub adapter: String,
    /// Largest buffer that a kernel can be given.
    pub max_binding_bytes: u64,
    /// So many neighbouring invocations are said to lie in one subgroup; 1 where kernels cannot use subgroups.
    pub subgroup: u32,
    /// Whether kernels may compute in halves.
    pub has_f16: bool,
}

pub(crate) static LOST: AtomicBool = AtomicBool::new(false);
pub(crate) static FIRST_ERROR: Mutex<Option<String>> = Mutex::new(None);

impl Gpu {
    /// The first error that the GPU reported since the last call; work since then is not to be trusted.
    pub fn take_error() -> Option<GpuError> {
        let message = FIRST_ERROR.lock().ok()?.take()?;
        Some(if LOST.load(Ordering::Relaxed) {
            GpuError::Lost(message)
        } else {
            GpuError::Failed(message)
        })
    }
}

/// Hands what was asked of `device` so far to it, so that it works while more is asked.
pub fn flush(device: &Device) {
    match device.as_dispatch() {
        #[cfg(not(target_feature = "simd128"))]
        DispatchDevice::Cube(cube) => {
            // A failed flush leaves its error on the queue, where the next read finds it.
            let _ = cube.client().flush();
        }
        #[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
        _ => {}
    }
}

/// Waits until `device` has done everything asked of it; a CPU already has.
///
/// # Errors
/// [`GpuError`] when it failed on the way.
pub async fn wait(device: &Device) -> Result<(), GpuError> {
    match device.as_dispatch() {
        #[cfg(not(target_feature = "simd128"))]
        DispatchDevice::Cube(cube) => {
            let waited = cube.client().sync().await;
            if let Some(error) = Gpu::take_error() {
                return Err(error);
            }
            waited.map_err(|error| GpuError::Failed(first_line(&error.to_string())))
        }
        #[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
        _ => Ok(()),
    }
}

/// Runs a module's static constructors once. Left to itself, the linker wraps every export with them, and each
/// call from JavaScript would register cubecl's kernels again (6 ms instead of 26 µs).
#[cfg(target_family = "wasm")]
pub fn run_constructors() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: the linker defines the function; it takes and returns nothing, and every module's `main` calls it first.
    unsafe { __wasm_call_ctors() }
}

/// Natively the loader has run them.
#[cfg(not(target_family = "wasm"))]
pub fn run_constructors() {}

/// The first line of what a library says: its errors go on with a backtrace.
pub fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Asks for the words of a tensor as they are now; what is asked of the device afterwards does not change them.
pub fn read_words(
    tensor: &Tensor<1, Int>,
) -> impl Future<Output = Result<Vec<u32>, GpuError>> + use<> {
    #[cfg(not(target_feature = "simd128"))]
    let copy = copied(tensor);
    #[cfg(target_feature = "simd128")]
    let copy: Option<std::future::Ready<_>> = None;
    let tensor = copy.is_none().then(|| tensor.clone());
    async move {
        match (copy, tensor) {
            (Some(copy), _) => copy.await,
            (None, Some(tensor)) => Ok(tensor.into_data().iter::<u32>().collect()),
            (None, None) => Ok(Vec::new()),
        }
    }
}

/// The words on their way from a GPU; `None` where the tensor is on the CPU.
#[cfg(not(target_feature = "simd128"))]
fn copied(
    tensor: &Tensor<1, Int>,
) -> Option<impl Future<Output = Result<Vec<u32>, GpuError>> + use<>> {
    let CubeTensor { client, handle, .. } = tensor.clone().try_into_primitive::<Wgpu>().ok()?;
    let mut copy = Box::pin(async move { client.read_async(vec![handle]).await });
    // The first poll is what asks the device.
    let first = copy.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    Some(async move {
        let read = match first {
            Poll::Ready(read) => read,
            Poll::Pending => copy.await,
        };
        if let Some(error) = Gpu::take_error() {
            return Err(error);
        }
        let bytes = read.map_err(|error| GpuError::Failed(first_line(&error.to_string())))?;
        let words = bytes.iter().flat_map(|bytes| bytes.chunks_exact(4));
        Ok(words
            .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            .collect())
    })
}
