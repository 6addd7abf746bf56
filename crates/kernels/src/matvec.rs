//! `x · wᵀ` for one row of x, or few, with an RMS norm before it where wanted: one launch per row segment.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, folded, launch},
    matmul::row_words,
    sizes::{Product, Segment},
    tuning::{Features, Spread, Tuning, tuning},
};

/// Constants of `matvec.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Matvec {
    /// What to compute.
    pub product: Product,
    /// An RMS norm comes first.
    pub is_normed: bool,
    /// Rows end within a unit.
    pub is_ragged: bool,
    /// How invocations share rows.
    pub spread: Spread,
    /// What of the adapter is used.
    pub features: Features,
}

impl Shader for Matvec {
    fn parts(&self) -> Vec<&'static str> {
        let [unit, products] = self.spread.unit_parts();
        vec![
            self.features.half_part(),
            unit,
            products,
            self.spread.lanes_part(self.features),
            include_str!("../../../shaders/matvec.wgsl"),
        ]
    }

    fn uses_subgroups(&self) -> bool {
        self.spread.uses_subgroups(self.features)
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        let mut constants = self.product.constants();
        let n_sums = self.spread.rows + u32::from(self.is_normed);
        constants.extend(self.spread.constants(self.features, n_sums));
        constants.push(("NORMED", Constant::Bool(self.is_normed)));
        constants.push(("RAGGED", Constant::Bool(self.is_ragged)));
        constants
    }
}

/// Whether `matvec.wgsl` can read rows of this width: in whole loads of 16 bytes.
pub(crate) fn is_aligned(n_cols: usize) -> bool {
    n_cols.is_multiple_of(8)
}

/// Launches `matvec.wgsl` over all rows of `x` [n_x, n_cols]; `gain` and `eps` are the norm's.
pub(crate) fn run(
    buffers: [&CubeTensor; 4],
    gain: Option<(&CubeTensor, f32)>,
    out: &CubeTensor,
    segment: &Segment,
    [n_x, n_columns]: [usize; 2],
) {
    let [x, words, scales, bias] = buffers;
    let product = segment.product;
    let Tuning {
        spread, features, ..
    } = tuning();
    let spread = spread.of(product.format);
    let (words_per_row, groups_per_row) = row_words(product.format, segment.n_cols);
    let [group_y, group_z, _] = folded(spread.groups(segment.n_rows));
    let params = [
        segment.n_cols,
        words_per_row,
        groups_per_row,
        segment.n_rows,
        segment.column,
        n_columns,
    ]
    .map(|value| value as u32);
    let eps = gain.map_or(0.0, |(_, eps)| eps);
    launch(
        Matvec {
            product,
            is_normed: gain.is_some(),
            is_ragged: !segment
                .n_cols
                .is_multiple_of(spread.unit_columns(product.format)),
            spread,
            features,
        },
        [n_x as u32, group_y, group_z],
        &[
            Binding::Read(x),
            Binding::Read(words),
            Binding::Read(scales),
            Binding::Read(bias),
            Binding::Read(gain.map_or(x, |(gain, _)| gain)),
            Binding::Write(out),
        ],
        &[&params[..], &[eps.to_bits()]].concat(),
    );
}
