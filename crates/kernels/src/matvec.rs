//! `x · wᵀ` for one row of x, or few: one launch per row segment of the matrix.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, folded, launch},
    sizes::Product,
};

/// Constants of `matvec.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Matvec {
    /// What to compute.
    pub product: Product,
    /// Invocations per row of w: a power of two up to 64.
    pub lanes: u32,
}

impl Shader for Matvec {
    const WGSL: &'static [&'static str] = &[
        include_str!("../../../shaders/shared/weight.wgsl"),
        include_str!("../../../shaders/matvec.wgsl"),
    ];

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        let mut constants = self.product.constants();
        constants.push(("LANES", Constant::U32(self.lanes)));
        constants
    }
}

/// Launches `matvec.wgsl` over all rows of `x` ([n_x, n_cols]).
pub(crate) fn run(
    product: Product,
    lanes: u32,
    buffers: [&CubeTensor; 4],
    out: &CubeTensor,
    params: &[u32],
    n_rows: u32,
    n_x: u32,
) {
    let [x, words, scales, bias] = buffers;
    let [group_x, group_y, _] = folded(n_rows.div_ceil(64 / lanes));
    launch(
        Matvec { product, lanes },
        [group_x, group_y, n_x],
        &[
            Binding::Read(x),
            Binding::Read(words),
            Binding::Read(scales),
            Binding::Read(bias),
            Binding::Write(out),
        ],
        params,
    );
}
