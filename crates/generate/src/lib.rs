//! Image and question in, a stream of trace events out.

mod error;
mod files;
#[cfg(not(target_family = "wasm"))]
mod folder;
mod generator;
mod loader;
mod method;
mod prepare;
mod readout;
mod recording;
mod sampler;
mod trial;

pub use burn::tensor::Device;
pub use error::Error;
pub use files::{Files, Host};
#[cfg(not(target_family = "wasm"))]
pub use folder::open_folder;
pub use generator::Generator;
pub use loader::{Loader, Target};
pub use method::{METHODS, Method};
pub use prepare::{Prepared, Settings};
pub use qwen_vl::{Gpu, Sampling, prompt::Message, run_constructors};
pub use readout::{Readout, shares};
pub use recording::Recording;
pub use sampler::Sampler;
pub use trial::trial;
use weights::Format;

/// Opens the GPU of this process, a software one if there is no other.
///
/// # Errors
/// [`Error::Gpu`] where there is none.
#[cfg(not(target_feature = "simd128"))]
pub async fn open_gpu() -> Result<Gpu, Error> {
    open_known_gpu(|_| String::new()).await
}

/// The same; an earlier [`tuning`] of this GPU, which `known` is given the description of, saves the trials of its
/// kernels' variants. Words that are none are passed over.
///
/// # Errors
/// [`Error::Gpu`] where there is none.
#[cfg(not(target_feature = "simd128"))]
pub async fn open_known_gpu(known: impl FnOnce(&str) -> String) -> Result<Gpu, Error> {
    Ok(Gpu::open(|adapter| known(adapter).parse().ok()).await?)
}

/// Which variants of the kernels the open GPU likes, for [`open_known_gpu`]; nothing on a CPU.
pub fn tuning() -> String {
    #[cfg(not(target_feature = "simd128"))]
    return qwen_vl::tuning().to_string();
    #[cfg(target_feature = "simd128")]
    String::new()
}

/// Storage of the language model's matrices: `f32`, `f16`, `q8` or `q4`.
fn quantization(model: &qwen_vl::model::Model) -> String {
    let layers = model.network.model.layers.first();
    let name = layers.map_or("", |layer| match layer.self_attn.qkv_proj.weight.format() {
        Format::F32 => "f32",
        Format::F16 => "f16",
        Format::Q8 { .. } => "q8",
        Format::Q4 { .. } => "q4",
    });
    name.to_owned()
}
