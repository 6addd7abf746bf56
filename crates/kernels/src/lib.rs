//! Hand-written WGSL for every hot operation of Qwen2.5-VL, as functions on Burn tensors.
//!
//! For a stem `S`: `shaders/S.wgsl` is the kernel, `src/S.rs` launches it, `src/cpu/S.rs` is its twin in
//! plain Rust with f64 accumulation, `tests/kernels/S.rs` holds them against each other. The forms of one product
//! (`matvec`, `matmul`, `matmul_tile`, `matmul_bytes`, `matmul_halves`) share twin and tests, `scan` has that of `sample`.
//!
//! Natively both are there. A wasm module has one of them, by what it is built for: `simd128` makes one that
//! computes with the twins, without it the module needs WebGPU.

#[cfg(not(target_feature = "simd128"))]
mod adapter;
#[cfg(not(target_feature = "simd128"))]
mod attention_trial;
mod backend;
#[cfg(not(target_feature = "simd128"))]
pub mod cache;
#[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
pub mod cpu;
mod device;
#[cfg(not(target_family = "wasm"))]
pub mod gradients;
#[cfg(not(target_feature = "simd128"))]
mod launch;
mod linear;
mod recorder;
#[cfg(not(target_feature = "simd128"))]
pub mod rounded;
pub mod sizes;
mod step;
#[cfg(all(target_family = "wasm", not(target_feature = "simd128")))]
mod subgroups;
mod tensor;
pub mod trial;
#[cfg(not(target_feature = "simd128"))]
mod tuner;
#[cfg(not(target_feature = "simd128"))]
mod tuning;
mod upload;

#[cfg(not(target_feature = "simd128"))]
pub mod attention_decode;
#[cfg(not(target_feature = "simd128"))]
pub mod attention_merge;
#[cfg(not(target_feature = "simd128"))]
pub mod attention_prefill;
#[cfg(not(target_feature = "simd128"))]
pub mod attention_window;
#[cfg(not(target_feature = "simd128"))]
pub mod embedding;
#[cfg(not(target_feature = "simd128"))]
pub mod gelu;
#[cfg(not(target_feature = "simd128"))]
pub mod matmul;
#[cfg(not(target_feature = "simd128"))]
pub mod matmul_bytes;
#[cfg(not(target_feature = "simd128"))]
pub mod matmul_halves;
#[cfg(not(target_feature = "simd128"))]
pub mod matmul_tile;
#[cfg(not(target_feature = "simd128"))]
pub mod matvec;
#[cfg(not(target_feature = "simd128"))]
pub mod matvec_gated;
#[cfg(not(target_feature = "simd128"))]
pub mod mrope;
#[cfg(not(target_feature = "simd128"))]
pub mod norm;
#[cfg(not(target_feature = "simd128"))]
pub mod readout;
#[cfg(not(target_feature = "simd128"))]
pub mod rope;
#[cfg(not(target_feature = "simd128"))]
pub mod sample;
#[cfg(not(target_feature = "simd128"))]
pub mod scan;
#[cfg(not(target_feature = "simd128"))]
pub mod swiglu;

pub use device::{Gpu, GpuError, first_line, flush, read_words, run_constructors, wait};
#[cfg(not(target_feature = "simd128"))]
pub use launch::{Constant, ENABLE_F16, ENABLE_SUBGROUPS, Shader};
#[cfg(all(debug_assertions, not(target_feature = "simd128")))]
pub use launch::{Mutation, mutate};
pub use linear::{
    DenseMatrix, Linear, Matrix, Norm, PackedMatrix, Packing, gated, project, project_normed,
    side_by_side,
};
pub use recorder::Recorder;
pub use sizes::{
    BLOCK_TOKEN, Blocks, Choice, Heads, IMAGE_ROW, LayerOf, MAX_HEAD_DIM, ROLE_COUNTED,
    ROLE_GENERATED, ROLE_IMAGE, ROLE_OUTSIDE, ROLE_QUESTION, RopeHeads, Sampling, Shares,
};
pub use step::{Step, StepBuffer};
pub use tensor::{
    Angles, KeyValues, Outcome, Reading, Scratch, attention_decode, attention_merge,
    attention_prefill, attention_window, choose, gelu, mrope, norm, readout, rope, swiglu,
};
#[cfg(not(target_family = "wasm"))]
pub use tensor::{attention_spans, cross_entropy};
#[cfg(not(target_feature = "simd128"))]
pub use tuning::{
    BATCHES, BLOCKINGS, Blocking, Features, KV_FORMATS, KvFormat, SPREADS, SUBGROUPS, Spread,
    Tuning, Unit, UnknownTuning, set_tuning, tuning,
};
pub use upload::Upload;
