//! What the tests across crates share: the reference cases and comparison with them.
//!
//! * [`cases`]: the project's fixtures (`fixtures/`, made by `reference.py`) and the oracle beside the checkout.
//! * [`Tensors`] and [`Array`]: safetensors files as plain numbers.
//! * [`difference`] and [`mismatches`]: where two arrays differ most.

mod array;
mod case;
mod compare;

pub use array::{Array, Tensors};
pub use case::{Case, cases, fixtures_dir, oracle_dir};
pub use compare::{Difference, difference, mismatches};
