//! What the tests across crates share: the reference cases and comparison with them.
//!
//! * [`cases`]: the project's fixtures (`fixtures/`, made by `reference.py`) and the oracle beside the checkout.
//! * [`Tensors`] and [`Array`]: safetensors files as plain numbers.
//! * [`built`]: the programs that a test runs.
//! * [`variants`]: the texts of the kernels.
//! * [`difference`] and [`mismatches`]: where two arrays differ most.

mod array;
mod built;
mod case;
mod compare;
mod wgsl;

pub use array::{Array, Tensors};
pub use built::built;
pub use case::{Case, cases, fixtures_dir, oracle_dir};
pub use compare::{Difference, difference, mismatches};
pub use wgsl::{FORMATS, Variant, variants};
