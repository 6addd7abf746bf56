//! What `matmul_bytes` and `matmul_halves`, which round x and take packed weights only, have from `shared/rounded.wgsl`.

use weights::Format;

use crate::tuning::Features;

/// Rows of w and of x that a workgroup covers.
const W_ROWS: usize = 32;
const X_ROWS: usize = 64;

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

/// The texts that a kernel needs, and its own.
pub(crate) fn parts(features: Features, kernel: &'static str) -> Vec<&'static str> {
    vec![
        features.half_part(),
        include_str!("../../../shaders/shared/product.wgsl"),
        include_str!("../../../shaders/shared/rounded.wgsl"),
        kernel,
    ]
}
