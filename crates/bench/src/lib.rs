//! Single kernels under the clock, at the shapes of real models: what `cargo xtask bench` and `bench.mjs` launch.
//!
//! An operation owns its buffers. [`Operation::launch`] asks the device for one run and returns at once; who
//! measures waits with [`kernels::wait`].

mod attention;
mod choice;
mod product;

pub use attention::{Decode, Prefill};
pub use choice::Choice;
pub use product::{Product, packed_q4};

use burn::tensor::Tensor;

/// Something to measure.
pub enum Operation {
    /// A matrix product.
    Product(Box<Product>),
    /// Attention of one new token, read out over every key.
    Decode(Box<Decode>),
    /// The same, not read out.
    Unread(Box<Decode>),
    /// Attention of a chunk of a prompt.
    Prefill(Box<Prefill>),
    /// The choice of the next token.
    Choice(Box<Choice>),
}

impl Operation {
    /// Asks the device for one run. → what it computes, one row per row of input
    pub fn launch(&self) -> Tensor<2> {
        match self {
            Self::Product(product) => product.launch(),
            Self::Decode(decode) => decode.launch(true),
            Self::Unread(decode) => decode.launch(false),
            Self::Prefill(prefill) => prefill.launch(),
            Self::Choice(choice) => choice.launch(),
        }
    }
}
