//! Qwen2.5-VL on Burn and our kernels: from the checkpoint's files to logits and attention.

pub mod cache;
pub mod config;
pub mod grid;
pub mod image;
pub mod load;
mod mlp;
pub mod model;
pub mod mrope;
pub mod prompt;
mod rms_norm;
#[cfg(not(target_family = "wasm"))]
mod save;
pub mod tensors;
pub mod text;
pub mod tokenizer;
pub mod vision;

#[cfg(test)]
mod oracle;

#[cfg(not(target_feature = "simd128"))]
pub use kernels::tuning;
pub use kernels::{
    Choice, Gpu, GpuError, IMAGE_ROW, Sampling, Step, first_line, run_constructors, trial::Trial,
};
