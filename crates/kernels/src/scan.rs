//! One pass over the logits, for the choice of the next token.

use burn_wgpu::CubeTensor;

use crate::launch::{Binding, Constant, Shader, launch};

/// Ids that a workgroup takes.
const GROUP_ID: usize = 2048;

/// Constants of `scan.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan;

impl Shader for Scan {
    fn parts(&self) -> Vec<&'static str> {
        vec![
            include_str!("../../../shaders/shared/part.wgsl"),
            include_str!("../../../shaders/scan.wgsl"),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        Vec::new()
    }
}

/// Words per workgroup of the result.
pub(crate) const SCAN_WORDS: usize = 4;

/// Workgroups for `n_id` logits.
pub(crate) fn n_groups(n_id: usize) -> usize {
    n_id.div_ceil(GROUP_ID)
}

/// `logits` [1, n_id], `seen` [n_id], `out` [SCAN_WORDS · n_groups].
pub(crate) fn run(
    logits: &CubeTensor,
    seen: &CubeTensor,
    step: &CubeTensor,
    out: &CubeTensor,
    n_id: usize,
) {
    launch(
        Scan,
        [n_groups(n_id) as u32, 1, 1],
        &[
            Binding::Read(logits),
            Binding::Read(seen),
            Binding::Read(step),
            Binding::Write(out),
        ],
        &[GROUP_ID as u32],
    );
}
