//! Gradients of the kernels: the fused loops of the CPU and the plain operations of the GPU, each through
//! autodiff, against central differences of f64 forward passes that share no code with them.

mod device;
mod edge;
mod forward;
mod fused;
mod kernel;
mod layer;
mod network;
mod span;
