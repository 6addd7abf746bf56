//! The choice of the next token, where the logits are.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    scan::n_groups,
};

/// Constants of `sample.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sample;

impl Shader for Sample {
    fn parts(&self) -> Vec<&'static str> {
        vec![
            include_str!("../../../shaders/shared/part.wgsl"),
            include_str!("../../../shaders/sample.wgsl"),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// `scan` as `scan.wgsl` leaves it; `seen` [n_id], `tokens` [capacity_token] and `result` are written.
pub(crate) fn run(
    logits: &CubeTensor,
    scan: &CubeTensor,
    step: &CubeTensor,
    [seen, tokens, result]: [&CubeTensor; 3],
    n_id: usize,
) {
    launch(
        Sample,
        [1, 1, 1],
        &[
            Binding::Read(logits),
            Binding::Read(scan),
            Binding::Read(step),
            Binding::Write(seen),
            Binding::Write(tokens),
            Binding::Write(result),
        ],
        &[n_groups(n_id) as u32],
    );
}
