//! `x · wᵀ` for many rows of x, and what both matrix kernels share: one launch per row segment.

use burn_wgpu::CubeTensor;
use weights::{Format, Layout};

use crate::{
    launch::{Binding, Constant, Shader, launch},
    matvec,
    sizes::{Product, Segment},
    tuner::{Blocking, Features, Tuning, tuning},
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
    /// How invocations share the work.
    pub blocking: Blocking,
    /// Fours of rows of x per invocation: 1 or 2.
    pub fours: u32,
    /// What of the adapter is used.
    pub features: Features,
}

impl Shader for Matmul {
    fn parts(&self) -> Vec<&'static str> {
        vec![
            self.features.half_part(),
            include_str!("../../../shaders/shared/weight.wgsl"),
            include_str!("../../../shaders/matmul.wgsl"),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        let mut constants = self.product.constants();
        constants.push(("LANES", Constant::U32(self.blocking.lanes)));
        constants.push(("FOURS", Constant::U32(self.fours)));
        constants.push(("ROWS", Constant::U32(self.blocking.rows)));
        constants
    }
}

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
    let (words_per_row, groups_per_row) = row_words(segment.product.format, segment.n_cols);
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
    let [x, words, scales, bias] = buffers;
    let fours = blocking.fours(n_x);
    launch(
        Matmul {
            product: segment.product,
            blocking,
            fours,
            features,
        },
        [
            (segment.n_rows as u32).div_ceil(64 / blocking.lanes * blocking.rows),
            (n_x as u32).div_ceil(4 * blocking.lanes * fours),
            1,
        ],
        &[
            Binding::Read(x),
            Binding::Read(words),
            Binding::Read(scales),
            Binding::Read(bias),
            Binding::Write(out),
        ],
        &params,
    );
}
