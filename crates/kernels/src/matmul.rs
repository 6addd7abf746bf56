//! `x · wᵀ` for many rows of x, and what all products share: one launch per row segment.

use burn_wgpu::CubeTensor;
use weights::{Format, Layout};

use crate::{
    launch::{Binding, Constant, Shader, launch},
    matmul_bytes::MatmulBytes,
    matmul_halves::MatmulHalves,
    matmul_tile::{self, MatmulTile},
    matvec, rounded,
    sizes::{Product, Segment},
    tuning::{Blocking, Features, Tuning, tuning},
};

impl Product {
    pub(crate) fn constants(&self) -> Vec<(&'static str, Constant)> {
        let (format, group) = format_constants(self.format);
        vec![
            ("FORMAT", Constant::U32(format)),
            ("GROUP", Constant::U32(group)),
            ("HAS_BIAS", Constant::Bool(self.has_bias)),
            ("ACCUMULATE", Constant::Bool(self.accumulate)),
        ]
    }
}

/// `FORMAT` and `GROUP` of `shared/weight.wgsl`.
pub(crate) fn format_constants(format: Format) -> (u32, u32) {
    match format {
        Format::F32 => (0, 1),
        Format::F16 => (1, 1),
        Format::Q8 { group } => (2, group),
        Format::Q4 { group } => (3, group),
    }
}

/// `words_per_row` and `groups_per_row` of a row of `n_cols` weights.
pub(crate) fn row_words(format: Format, n_cols: usize) -> (usize, usize) {
    // A matrix without a layout was never loaded.
    Layout::new(1, n_cols, format).map_or((0, 0), |row| (row.words_per_row(), row.n_groups()))
}

/// Constants of `matmul.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Matmul {
    /// What to compute.
    pub product: Product,
    /// Fours of rows of x per invocation: 1 or 2.
    pub fours: u32,
    /// What of the adapter is used.
    pub features: Features,
}

impl Shader for Matmul {
    fn parts(&self) -> Vec<&'static str> {
        vec![
            self.features.half_part(),
            include_str!("../../../shaders/shared/product.wgsl"),
            include_str!("../../../shaders/shared/weight.wgsl"),
            include_str!("../../../shaders/matmul.wgsl"),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        let mut constants = self.product.constants();
        constants.push(("FOURS", Constant::U32(self.fours)));
        constants
    }
}

/// Rows of w, and of x for each four, that a workgroup of `matmul.wgsl` covers.
const GROUP_ROWS: usize = 1024;
const GROUP_FOUR: usize = 16;

/// Launches the product of one segment: x [n_x, n_cols], out [n_x, n_columns].
pub(crate) fn run(
    buffers: [&CubeTensor; 4],
    out: &CubeTensor,
    segment: &Segment,
    n_x: usize,
    n_columns: usize,
) {
    let Tuning {
        blocking,
        batch,
        features,
        ..
    } = tuning();
    if n_x <= batch && matvec::is_aligned(segment.n_cols) {
        return matvec::run(buffers, None, out, segment, [n_x, n_columns]);
    }
    let product = segment.product;
    let (words_per_row, groups_per_row) = row_words(product.format, segment.n_cols);
    let params = [
        segment.n_cols,
        words_per_row,
        groups_per_row,
        segment.n_rows,
        segment.column,
        n_columns,
        n_x,
    ]
    .map(|value| value as u32);
    let [x, words, scales, bias] = buffers.map(Binding::Read);
    let bindings = [x, words, scales, bias, Binding::Write(out)];
    match blocking {
        Blocking::Bytes if rounded::takes(product.format) => {
            let groups = rounded::groups(segment.n_rows, n_x);
            let shader = MatmulBytes { product, features };
            launch(shader, groups, &bindings, &params);
        }
        Blocking::Halves if rounded::takes(product.format) => {
            let groups = rounded::groups(segment.n_rows, n_x);
            let shader = MatmulHalves { product, features };
            launch(shader, groups, &bindings, &params);
        }
        Blocking::Tiles | Blocking::Bytes | Blocking::Halves => {
            let groups = matmul_tile::groups(segment.n_rows, n_x);
            let shader = MatmulTile { product, features };
            launch(shader, groups, &bindings, &params);
        }
        Blocking::Neighbours => {
            let n_four = n_x.div_ceil(GROUP_FOUR);
            // Two, where that covers no more rows than one does.
            let fours = if n_four.is_multiple_of(2) { 2 } else { 1 };
            let groups = [segment.n_rows.div_ceil(GROUP_ROWS), n_four / fours, 1];
            let shader = Matmul {
                product,
                fours: fours as u32,
                features,
            };
            launch(shader, groups.map(|n| n as u32), &bindings, &params);
        }
    }
}
