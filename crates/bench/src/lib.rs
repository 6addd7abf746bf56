//! Single kernels under the clock, at the shapes of real models: what `cargo xtask bench` and `bench.mjs` launch.
//!
//! An operation owns its buffers. [`Operation::launch`] asks the device for one run and returns at once; who
//! measures waits with [`kernels::wait`].

mod attention;
mod product;

pub use attention::{Decode, Prefill};
pub use product::{Product, packed_q4};

use burn::tensor::Tensor;

/// Something to measure.
pub enum Operation {
    /// A matrix product.
    Product(Box<Product>),
    /// Attention of one new token.
    Decode(Box<Decode>),
    /// The same without putting its blocks together and without reading it out.
    Blocks(Box<Decode>),
    /// Attention of a chunk of a prompt.
    Prefill(Box<Prefill>),
}

impl Operation {
    /// Asks the device for one run. → what it computes, one row per row of input
    pub fn launch(&self) -> Tensor<2> {
        match self {
            Self::Product(product) => product.launch(),
            Self::Decode(decode) => decode.launch(),
            Self::Blocks(decode) => decode.launch_blocks().contexts,
            Self::Prefill(prefill) => prefill.launch(),
        }
    }
}
