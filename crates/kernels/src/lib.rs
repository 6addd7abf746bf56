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
mod recorder;
mod step;
mod tensor;
mod upload;

pub mod attention_decode;
pub mod attention_merge;
pub mod attention_prefill;
pub mod attention_window;
pub mod embedding;
pub mod gelu;
pub mod matmul;
pub mod matvec;
pub mod matvec_gated;
pub mod mrope;
pub mod norm;
pub mod readout;
pub mod rope;
pub mod sample;
pub mod scan;
pub mod swiglu;

pub use attention_decode::{BLOCK_TOKEN, Blocks};
pub use attention_merge::{
    LayerOf, ROLE_COUNTED, ROLE_GENERATED, ROLE_IMAGE, ROLE_OUTSIDE, ROLE_QUESTION,
};
pub use device::{Gpu, GpuError, Spread, first_line, flush, read_words, wait};
pub use embedding::IMAGE_ROW;
pub use launch::{Constant, Shader};
pub use linear::{
    DenseMatrix, Linear, Matrix, Norm, PackedMatrix, Packing, gated, project, project_normed,
    side_by_side,
};
pub use mrope::Heads;
pub use readout::Shares;
pub use recorder::Recorder;
pub use rope::RopeHeads;
pub use sample::{Choice, Sampling};
pub use step::{Step, StepBuffer};
pub use tensor::{
    Angles, KeyValues, Outcome, Reading, Scratch, attention_decode, attention_merge,
    attention_prefill, attention_window, choose, gelu, mrope, norm, readout, rope, swiglu,
};
#[cfg(not(target_family = "wasm"))]
pub use tensor::{attention_spans, cross_entropy};
pub use upload::Upload;
