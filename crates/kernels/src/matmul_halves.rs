//! `x · wᵀ` for many rows of x and weights of q4 or q8 with products in halves, for adapters that compute in
//! f16; `matmul` launches it.

use crate::{
    launch::{Constant, Shader},
    rounded,
    sizes::Product,
    tuning::Features,
};

/// Constants of `matmul_halves.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatmulHalves {
    /// What to compute; see [`rounded::takes`].
    pub product: Product,
    /// What of the adapter is used.
    pub features: Features,
}

impl Shader for MatmulHalves {
    fn parts(&self) -> Vec<&'static str> {
        let own = include_str!("../../../shaders/matmul_halves.wgsl");
        rounded::parts(self.features, own)
    }

    fn uses_f16(&self) -> bool {
        true
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        self.product.constants()
    }
}
