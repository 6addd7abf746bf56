//! The choice of the next token, where the logits are.

use burn_wgpu::CubeTensor;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    scan::n_groups,
};

/// Repetition penalty, temperature, top-k and top-p, in the order of Hugging Face's logits processors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 takes the largest logit.
    pub temperature: f32,
    /// Keep this many most likely tokens, and those as likely as the last of them; 0 keeps all.
    pub top_k: usize,
    /// Keep the most likely tokens that reach this probability together; 1 keeps all.
    pub top_p: f32,
    /// Divides positive and multiplies negative logits of ids seen before; 1 is off.
    pub repetition_penalty: f32,
}

impl Sampling {
    /// The largest logit.
    pub const GREEDY: Sampling = Sampling {
        temperature: 0.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
    };
}

/// A token drawn from the logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Vocabulary id.
    pub id: u32,
    /// Natural logarithm of the probability that the model itself gives it: softmax of the raw logits.
    pub logprob: f32,
}

/// Constants of `sample.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sample;

impl Shader for Sample {
    const WGSL: &'static [&'static str] = &[include_str!("../../../shaders/sample.wgsl")];

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
