//! The small buffer that tells the kernels of a step where they are and how to choose: all that the host
//! writes per token, so that the step itself can be recorded once.

use burn::tensor::{Device, Int, Tensor};

use crate::{
    sizes::{STEP_ANGLES, Sampling},
    upload::Upload,
};

/// Below it the most likely token is always chosen.
const LEAST_TEMPERATURE: f32 = 1e-30;

/// One step, or one chunk of a prompt. Words: slot of the first new token, draw, temperature, top-k, top-p,
/// penalty, ids to choose from, 0, then cosines and sines [head_dim / 2] of the new token.
#[derive(Clone, Debug)]
pub struct Step {
    /// Tokens in the cache before.
    pub n_past: usize,
    /// In 0 … 1.
    pub draw: f32,
    /// How to choose.
    pub sampling: Sampling,
    /// Ids below this one may be chosen.
    pub n_id: usize,
    /// Cosines of the new token's rotary angles; of a chunk, which brings its own, those of any token.
    pub cosines: Vec<f32>,
    /// Sines of the same angles.
    pub sines: Vec<f32>,
}

impl Step {
    /// For work that chooses no token.
    pub fn at(n_past: usize, cosines: Vec<f32>, sines: Vec<f32>) -> Step {
        Step {
            n_past,
            draw: 0.0,
            sampling: Sampling::GREEDY,
            n_id: 0,
            cosines,
            sines,
        }
    }

    /// The same, which rotates nothing.
    pub fn still(n_past: usize, head_dim: usize) -> Step {
        let n_angle = head_dim / 2;
        Step::at(n_past, vec![1.0; n_angle], vec![0.0; n_angle])
    }

    fn words(&self) -> Vec<u32> {
        let Sampling {
            temperature,
            top_k,
            top_p,
            repetition_penalty,
        } = self.sampling;
        // Shaders need not know numbers below the smallest normal one, nor divide by larger ones than its inverse.
        let temperature = match temperature < LEAST_TEMPERATURE {
            true => 0.0,
            false => temperature,
        };
        let mut words = vec![
            self.n_past as u32,
            self.draw.to_bits(),
            temperature.to_bits(),
            top_k as u32,
            top_p.to_bits(),
            repetition_penalty.to_bits(),
            self.n_id as u32,
            0,
        ];
        let angles = self.cosines.iter().chain(&self.sines);
        words.extend(angles.map(|angle| angle.to_bits()));
        words
    }
}

/// The step on the device, rewritten in place.
pub struct StepBuffer {
    buffer: Upload,
}

impl StepBuffer {
    /// For heads of `head_dim`; holds nothing yet.
    pub fn new(head_dim: usize, device: &Device) -> StepBuffer {
        StepBuffer {
            buffer: Upload::new(4 * (STEP_ANGLES + head_dim), device),
        }
    }

    /// Puts `step` behind everything asked of the device so far.
    pub fn write(&mut self, step: &Step) {
        let words = step.words();
        self.buffer.write(0, bytemuck::cast_slice(&words));
    }

    /// Holds `step` at once.
    pub fn holding(step: &Step, device: &Device) -> StepBuffer {
        let mut buffer = StepBuffer::new(2 * step.cosines.len(), device);
        buffer.write(step);
        buffer
    }

    /// The words on the device.
    pub fn words(&self) -> Tensor<1, Int> {
        self.buffer.words()
    }
}
