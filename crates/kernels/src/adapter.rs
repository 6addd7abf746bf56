//! Opening the GPU, once per process.

use std::sync::{Arc, OnceLock, atomic::Ordering};

use burn::tensor::{
    Device, DeviceKind,
    wgpu::{MemoryConfiguration, WgpuInitError, WgpuSetup, wgpu},
};

use crate::{
    device::{FIRST_ERROR, Gpu, GpuError, LOST},
    launch::Constant,
};

/// Launches that are submitted together, unless something asks for it earlier: more than a step has.
const N_MOST_TASKS: usize = 4096;

static GPU: OnceLock<Gpu> = OnceLock::new();

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
