//! Every kernel against its CPU twin: on lavapipe or SwiftShader, over real, ragged and extreme shapes; and
//! the gradients against differences.

mod attention_decode;
mod attention_prefill;
mod attention_window;
mod bench;
mod embedding;
mod gelu;
mod gradients;
mod matmul;
mod matvec;
mod mrope;
mod norm;
mod probe;
mod rope;
mod swiglu;
mod wgsl;
