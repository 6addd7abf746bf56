//! The GPU: opened once per process, with what the launchers need to know about it.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use burn::backend::DispatchDevice;
use burn::tensor::{
    Device, DeviceKind, Int, Tensor,
    wgpu::{MemoryConfiguration, WgpuInitError, WgpuSetup, wgpu},
};
use burn_wgpu::{CubeTensor, Wgpu};

use crate::launch::Constant;

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
    /// A driver that computes on the CPU, such as lavapipe or SwiftShader.
    pub is_software: bool,
    /// Largest buffer that a kernel can be given.
    pub max_binding_bytes: u64,
}

/// Launches that are submitted together, unless something asks for it earlier: more than a step has.
const N_MOST_TASKS: usize = 4096;

static GPU: OnceLock<Gpu> = OnceLock::new();
static LOST: AtomicBool = AtomicBool::new(false);
static FIRST_ERROR: Mutex<Option<String>> = Mutex::new(None);

impl Gpu {
    /// Opens the best adapter, a software one if there is no other. Later calls return the same.
    ///
    /// # Errors
    /// [`GpuError::Missing`] without WebGPU, adapter or device.
    pub async fn open() -> Result<Gpu, GpuError> {
        if let Some(gpu) = GPU.get() {
            return Ok(gpu.clone());
        }
        let (device, setup) = match setup(DeviceKind::DefaultDevice).await {
            Ok(opened) => opened,
            Err(reason) => setup(DeviceKind::Cpu)
                .await
                .map_err(|_| GpuError::Missing(reason))?,
        };
        watch(&setup);
        let gpu = Gpu::describe(device, &setup);
        Ok(GPU.get_or_init(|| gpu).clone())
    }

    fn describe(device: Device, setup: &WgpuSetup) -> Gpu {
        let info = setup.adapter.get_info();
        let limits = setup.device.limits();
        let is_software = info.device_type == wgpu::DeviceType::Cpu
            || info.name.to_lowercase().contains("swiftshader");
        let name = if info.name.is_empty() {
            "WebGPU adapter without a name"
        } else {
            &info.name
        };
        Gpu {
            device,
            adapter: format!("{name} ({:?})", info.backend),
            is_software,
            max_binding_bytes: limits
                .max_storage_buffer_binding_size
                .min(limits.max_buffer_size),
        }
    }

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

async fn setup(kind: DeviceKind) -> Result<(Device, WgpuSetup), String> {
    Device::wgpu_options()
        .device_kind(kind)
        // One buffer per tensor, as in browsers: kernels bind inputs read-only beside outputs.
        .memory_config(MemoryConfiguration::ExclusivePages)
        // A step is submitted as a whole, by the read that follows it.
        .tasks_max(N_MOST_TASKS)
        .init_with_setup_async()
        .await
        .map_err(|error| match error {
            // Its own text has the selector in debug form in front.
            WgpuInitError::AdapterUnavailable { message, .. } => message,
            error => error.to_string(),
        })
}

fn keep_first(message: String) {
    if let Ok(mut first) = FIRST_ERROR.lock() {
        first.get_or_insert(message);
    }
}

/// Burn's own handler panics, which would take the wasm module down.
fn watch(setup: &WgpuSetup) {
    setup
        .device
        .on_uncaptured_error(Arc::new(|error| keep_first(error.to_string())));
    setup.device.set_device_lost_callback(|reason, message| {
        LOST.store(true, Ordering::Relaxed);
        keep_first(format!("{reason:?}: {message}"));
    });
}

/// How invocations share the rows of a matrix × vector product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spread {
    /// Invocations that share a row: a power of two up to 64.
    pub lanes: u32,
    /// Rows that they take together: 1, 2 or 4.
    pub rows: u32,
}

impl Spread {
    /// The same with fewer rows where they are too many.
    pub(crate) fn at_most(self, rows: u32) -> Spread {
        Spread {
            rows: self.rows.min(rows),
            ..self
        }
    }

    /// Workgroups of 64 invocations for `n_rows` rows.
    pub(crate) fn groups(self, n_rows: usize) -> u32 {
        (n_rows as u32).div_ceil(64 / self.lanes * self.rows)
    }

    pub(crate) fn constants(self) -> [(&'static str, Constant); 2] {
        [
            ("LANES", Constant::U32(self.lanes)),
            ("ROWS", Constant::U32(self.rows)),
        ]
    }
}

/// A software adapter pays for every barrier, a GPU for reads that are not side by side.
pub(crate) fn spread() -> Spread {
    match GPU.get() {
        Some(gpu) if gpu.is_software => Spread { lanes: 1, rows: 4 },
        _ => Spread { lanes: 32, rows: 2 },
    }
}

/// Hands what was asked of `device` so far to it, so that it works while more is asked.
pub fn flush(device: &Device) {
    match device.as_dispatch() {
        DispatchDevice::Cube(cube) => {
            // A failed flush leaves its error on the queue, where the next read finds it.
            let _ = cube.client().flush();
        }
        #[cfg(not(target_family = "wasm"))]
        _ => {}
    }
}

/// Waits until `device` has done everything asked of it; a CPU already has.
///
/// # Errors
/// [`GpuError`] when it failed on the way.
pub async fn wait(device: &Device) -> Result<(), GpuError> {
    match device.as_dispatch() {
        DispatchDevice::Cube(cube) => {
            let waited = cube.client().sync().await;
            if let Some(error) = Gpu::take_error() {
                return Err(error);
            }
            waited.map_err(|error| GpuError::Failed(first_line(&error.to_string())))
        }
        #[cfg(not(target_family = "wasm"))]
        _ => Ok(()),
    }
}

/// The first line of what a library says: its errors go on with a backtrace.
pub fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Asks for the words of a tensor as they are now; what is asked of the device afterwards does not change them.
pub fn read_words(
    tensor: &Tensor<1, Int>,
) -> impl Future<Output = Result<Vec<u32>, GpuError>> + use<> {
    let on_gpu = tensor.clone().try_into_primitive::<Wgpu>().ok();
    let copy = on_gpu.map(|tensor| {
        let CubeTensor { client, handle, .. } = tensor;
        let mut copy = Box::pin(async move { client.read_async(vec![handle]).await });
        // The first poll is what asks the device.
        let first = copy.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        (copy, first)
    });
    let tensor = copy.is_none().then(|| tensor.clone());
    async move {
        let read = match copy {
            Some((_, Poll::Ready(read))) => read,
            Some((copy, Poll::Pending)) => copy.await,
            None => {
                let words = tensor.map(|tensor| tensor.into_data().iter::<u32>().collect());
                return Ok(words.unwrap_or_default());
            }
        };
        if let Some(error) = Gpu::take_error() {
            return Err(error);
        }
        let bytes = read.map_err(|error| GpuError::Failed(first_line(&error.to_string())))?;
        let words = bytes.iter().flat_map(|bytes| bytes.chunks_exact(4));
        Ok(words
            .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            .collect())
    }
}
