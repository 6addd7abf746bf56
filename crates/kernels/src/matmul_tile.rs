//! `x · wᵀ` for many rows of x in square tiles; `matmul` launches it.

use crate::{
    launch::{Constant, Shader},
    sizes::Product,
    tuning::Features,
};

/// Rows of x and of w that a workgroup covers.
const TILE_ROWS: usize = 64;

/// Constants of `matmul_tile.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatmulTile {
    /// What to compute.
    pub product: Product,
    /// What of the adapter is used.
    pub features: Features,
}

impl Shader for MatmulTile {
    fn parts(&self) -> Vec<&'static str> {
        vec![
            self.features.half_part(),
            include_str!("../../../shaders/shared/product.wgsl"),
            include_str!("../../../shaders/shared/weight.wgsl"),
            include_str!("../../../shaders/matmul_tile.wgsl"),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        self.product.constants()
    }
}

/// Workgroups for `n_rows` rows of w and `n_x` rows of x.
pub(crate) fn groups(n_rows: usize, n_x: usize) -> [u32; 3] {
    [n_rows, n_x, 1].map(|n| n.div_ceil(TILE_ROWS) as u32)
}
