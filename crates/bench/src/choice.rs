//! The choice of the next token.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use kernels::{Outcome, Sampling, Step, StepBuffer, choose};

/// A choice among the ids of a vocabulary.
pub struct Choice {
    logits: Tensor<2>,
    step: Tensor<1, Int>,
    outcome: Outcome,
}

impl Choice {
    /// Among as many ids as there are logits; no id was seen before.
    pub fn new(logits: Vec<f32>, sampling: Sampling, device: &Device) -> Self {
        let n_id = logits.len();
        let step = Step {
            sampling,
            draw: 0.5,
            n_id,
            ..Step::at(0, Vec::new(), Vec::new())
        };
        let zeros = |n: usize| {
            Tensor::from_data(TensorData::new(vec![0_u32; n], [n]), (device, DType::U32))
        };
        Self {
            logits: Tensor::from_data(TensorData::new(logits, [1, n_id]), device),
            step: StepBuffer::holding(&step, device).words(),
            outcome: Outcome {
                seen: zeros(n_id),
                tokens: zeros(2),
                result: zeros(4),
            },
        }
    }

    /// The id.
    pub(crate) fn launch(&self) -> Tensor<2> {
        let outcome = choose(&self.logits, &self.step, self.outcome.clone());
        outcome.tokens.slice(1..2).float().unsqueeze()
    }
}
