//! Every kernel against its CPU twin: on lavapipe or SwiftShader, over real, ragged and extreme shapes; and
//! the gradients against differences.

mod attention_decode;
mod attention_merge;
mod attention_prefill;
mod attention_window;
mod bench;
mod embedding;
#[cfg(debug_assertions)]
mod faults;
mod gelu;
mod gradients;
mod matmul;
mod matvec;
mod matvec_gated;
mod mrope;
#[cfg(debug_assertions)]
mod mutations;
mod norm;
mod readout;
mod rope;
mod sample;
mod scan;
mod swiglu;
mod tuning;
mod wgsl;
