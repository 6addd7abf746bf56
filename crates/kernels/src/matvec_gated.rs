//! Norm, both projections of a gated MLP and its activation, for one row: one launch per row segment.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, folded, launch},
    matmul::row_words,
    sizes::{Product, Segment},
    tuning::{Features, Spread, Tuning, tuning},
};

/// Constants of `matvec_gated.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatvecGated {
    /// What to compute; neither bias nor old values count.
    pub product: Product,
    /// Rows end within a unit.
    pub is_ragged: bool,
    /// How invocations share rows.
    pub spread: Spread,
    /// What of the adapter is used.
    pub features: Features,
}

impl Shader for MatvecGated {
    fn parts(&self) -> Vec<&'static str> {
        let [unit, products] = self.spread.unit_parts();
        vec![
            self.features.half_part(),
            unit,
            products,
            self.spread.lanes_part(self.features),
            include_str!("../../../shaders/matvec_gated.wgsl"),
        ]
    }

    fn uses_subgroups(&self) -> bool {
        self.spread.uses_subgroups(self.features)
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        let mut constants = self.product.constants();
        let n_sums = 2 * self.spread.rows + 1;
        constants.extend(self.spread.constants(self.features, n_sums));
        constants.push(("RAGGED", Constant::Bool(self.is_ragged)));
        constants
    }
}

/// Launches `matvec_gated.wgsl`: x [1, n_cols], `gate` and `up` words and scales of the same segment, out [1, …].
pub(crate) fn run(
    x: &CubeTensor,
    (gain, eps): (&CubeTensor, f32),
    [gate, gate_scales]: [&CubeTensor; 2],
    [up, up_scales]: [&CubeTensor; 2],
    out: &CubeTensor,
    segment: &Segment,
) {
    let product = segment.product;
    let Tuning {
        spread, features, ..
    } = tuning();
    let spread = spread.of(product.format);
    let (words_per_row, groups_per_row) = row_words(product.format, segment.n_cols);
    let params = [
        segment.n_cols,
        words_per_row,
        groups_per_row,
        segment.n_rows,
        segment.column,
    ]
    .map(|value| value as u32);
    launch(
        MatvecGated {
            product,
            is_ragged: !segment
                .n_cols
                .is_multiple_of(spread.unit_columns(product.format)),
            spread,
            features,
        },
        folded(spread.groups(segment.n_rows)),
        &[
            Binding::Read(x),
            Binding::Read(gain),
            Binding::Read(gate),
            Binding::Read(gate_scales),
            Binding::Read(up),
            Binding::Read(up_scales),
            Binding::Write(out),
        ],
        &[&params[..], &[eps.to_bits()]].concat(),
    );
}
