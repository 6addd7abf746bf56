//! The kernels once more in plain Rust with f64 accumulation: what the WGSL is judged by, and the
//! engine where there is no GPU. Nothing here is shared with the launchers.

pub mod attention_decode;
pub mod attention_merge;
pub mod attention_prefill;
pub mod attention_window;
pub mod embedding;
pub mod gelu;
pub mod matmul;
pub mod mrope;
pub mod norm;
pub mod readout;
pub mod rope;
pub mod sample;
mod softmax;
pub(crate) mod step;
pub mod swiglu;
mod weight;
