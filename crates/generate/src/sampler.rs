//! How the next token is chosen: the settings, and a draw for every step.

use qwen_vl::{Sampling, config::GenerationConfig};

/// Settings and a seeded source of draws.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// Penalty, temperature, top-k, top-p.
    pub sampling: Sampling,
    /// Source of the draws.
    pub random: fastrand::Rng,
}

impl Sampler {
    /// The checkpoint's own defaults.
    pub fn new(config: &GenerationConfig, seed: u64) -> Sampler {
        let temperature = match config.do_sample {
            true => config.temperature as f32,
            false => 0.0,
        };
        Sampler {
            sampling: Sampling {
                temperature,
                top_k: config.top_k,
                top_p: config.top_p as f32,
                repetition_penalty: config.repetition_penalty as f32,
            },
            random: fastrand::Rng::with_seed(seed),
        }
    }
}
