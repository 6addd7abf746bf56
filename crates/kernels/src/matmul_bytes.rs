//! `x · wᵀ` for many rows of x and weights of q4 or q8 with products of packed bytes; `matmul` launches it.

use weights::Format;

use crate::{
    launch::{Constant, Shader},
    sizes::Product,
    tuning::Features,
};

/// Rows of w and of x that a workgroup of `shared/rounded.wgsl` covers.
const W_ROWS: usize = 32;
const X_ROWS: usize = 64;

/// Constants of `matmul_bytes.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatmulBytes {
    /// What to compute; see [`takes`].
    pub product: Product,
    /// What of the adapter is used.
    pub features: Features,
}

impl Shader for MatmulBytes {
    fn parts(&self) -> Vec<&'static str> {
        vec![
            self.features.half_part(),
            include_str!("../../../shaders/shared/product.wgsl"),
            include_str!("../../../shaders/shared/rounded.wgsl"),
            include_str!("../../../shaders/matmul_bytes.wgsl"),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        self.product.constants()
    }
}

/// Whether numbers of this storage are small whole ones.
pub fn takes(format: Format) -> bool {
    format.group().is_some()
}

/// Workgroups for `n_rows` rows of w and `n_x` rows of x.
pub(crate) fn groups(n_rows: usize, n_x: usize) -> [u32; 3] {
    [
        n_rows.div_ceil(W_ROWS) as u32,
        n_x.div_ceil(X_ROWS) as u32,
        1,
    ]
}
