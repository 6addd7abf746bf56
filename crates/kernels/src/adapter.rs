//! Opening the GPU, once per process.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use burn::tensor::{
    Device, DeviceKind,
    wgpu::{MemoryConfiguration, WgpuInitError, WgpuSetup},
};

use cubecl::wgpu::wgpu::Features;

#[cfg(target_family = "wasm")]
use crate::subgroups;
use crate::{
    device::{FIRST_ERROR, Gpu, GpuError, LOST},
    tuner,
    tuning::{Blocking, SUBGROUPS, Tuning},
};

/// Launches that are submitted together, unless something asks for it earlier: more than a step has.
const N_MOST_TASKS: usize = 4096;

static GPU: OnceLock<Gpu> = OnceLock::new();

/// Whether its variants were chosen: one failure on the way leaves that to the next who opens it.
static IS_TUNED: AtomicBool = AtomicBool::new(false);

impl Gpu {
    /// Opens the best adapter, a software one if there is no other. Later calls return the same. The kernels' variants
    /// are those that were `chosen` before for an adapter of this description, where they are still right, or else tried.
    ///
    /// # Errors
    /// [`GpuError::Missing`] without WebGPU, adapter or device; else what went wrong when the kernels' variants were tried.
    pub async fn open(chosen: impl FnOnce(&str) -> Option<Tuning>) -> Result<Gpu, GpuError> {
        let gpu = match GPU.get() {
            Some(gpu) => gpu,
            None => Self::find().await?,
        };
        if !IS_TUNED.load(Ordering::Relaxed) {
            let known = chosen(&gpu.adapter).filter(|chosen| gpu.has(*chosen));
            let is_tuned = gpu.tune(known).await;
            // What was tried is not needed any more.
            gpu.device.memory_cleanup();
            is_tuned?;
            IS_TUNED.store(true, Ordering::Relaxed);
        }
        Ok(gpu.clone())
    }

    async fn tune(&self, known: Option<Tuning>) -> Result<(), GpuError> {
        if let Some(known) = known
            && tuner::take(&self.device, known).await?
        {
            return Ok(());
        }
        tuner::tune(self).await
    }

    /// Whether it has what these variants ask for.
    pub(crate) fn has(&self, tuning: Tuning) -> bool {
        tuning.features.subgroup <= self.subgroup
            && (tuning.blocking != Blocking::Halves || self.has_f16)
    }

    async fn find() -> Result<&'static Gpu, GpuError> {
        #[cfg(target_family = "wasm")]
        subgroups::ask_for();
        let (device, setup) = match setup(DeviceKind::DefaultDevice).await {
            Ok(opened) => opened,
            Err(reason) => setup(DeviceKind::Cpu)
                .await
                .map_err(|_| GpuError::Missing(reason))?,
        };
        watch(&setup);
        let gpu = Gpu::describe(device, &setup);
        Ok(GPU.get_or_init(|| gpu))
    }

    fn describe(device: Device, setup: &WgpuSetup) -> Gpu {
        let info = setup.adapter.get_info();
        let limits = setup.device.limits();
        let name = if info.name.is_empty() {
            "WebGPU adapter without a name"
        } else {
            &info.name
        };
        let features = setup.device.features();
        #[cfg(target_family = "wasm")]
        let has_subgroups = subgroups::are_there();
        #[cfg(not(target_family = "wasm"))]
        let has_subgroups = features.contains(Features::SUBGROUP);
        let widest = if has_subgroups {
            info.subgroup_min_size
        } else {
            1
        };
        let known = SUBGROUPS.into_iter().filter(|&width| width <= widest);
        Gpu {
            device,
            adapter: format!("{name} ({:?})", info.backend),
            max_binding_bytes: limits
                .max_storage_buffer_binding_size
                .min(limits.max_buffer_size),
            subgroup: known.max().unwrap_or(1),
            has_f16: features.contains(Features::SHADER_F16),
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
