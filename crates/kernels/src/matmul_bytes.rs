//! `x · wᵀ` for many rows of x and weights of q4 or q8 with products of packed bytes; `matmul` launches it.

use crate::{
    launch::{Constant, Shader},
    rounded,
    sizes::Product,
    tuning::Features,
};

/// Constants of `matmul_bytes.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatmulBytes {
    /// What to compute; see [`rounded::takes`].
    pub product: Product,
    /// What of the adapter is used.
    pub features: Features,
}

impl Shader for MatmulBytes {
    fn parts(&self) -> Vec<&'static str> {
        let own = include_str!("../../../shaders/matmul_bytes.wgsl");
        rounded::parts(self.features, own)
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        self.product.constants()
    }
}
