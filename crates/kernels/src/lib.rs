//! Hand-written WGSL for every hot operation of Qwen2.5-VL, as functions on Burn tensors.
//!
//! For a stem `S`: `shaders/S.wgsl` is the kernel, `src/S.rs` launches it, `src/cpu/S.rs` is its twin in
//! plain Rust with f64 accumulation, `tests/kernels/S.rs` holds them against each other.

mod backend;
#[cfg(not(target_family = "wasm"))]
pub mod cpu;
mod device;
#[cfg(not(target_family = "wasm"))]
pub mod gradients;
mod launch;
mod linear;
mod tensor;
mod upload;

pub mod attention_decode;
pub mod attention_prefill;
pub mod attention_window;
pub mod embedding;
pub mod gelu;
pub mod matmul;
pub mod matvec;
pub mod mrope;
pub mod norm;
pub mod probe;
pub mod rope;
pub mod swiglu;

pub use device::{Gpu, GpuError, first_line, wait};
pub use embedding::IMAGE_ROW;
pub use launch::{Constant, Shader};
pub use linear::{DenseMatrix, Linear, Matrix, PackedMatrix, Packing, project, side_by_side};
pub use mrope::Heads;
pub use probe::{
    ProbeLayer, ROLE_COUNTED, ROLE_GENERATED, ROLE_IMAGE, ROLE_OUTSIDE, ROLE_QUESTION,
};
pub use rope::RopeHeads;
pub use tensor::{
    Angles, KeyValues, attention_decode, attention_prefill, attention_window, gelu, mrope, norm,
    probe, rope, swiglu,
};
#[cfg(not(target_family = "wasm"))]
pub use tensor::{attention_spans, cross_entropy};
pub use upload::Upload;
