//! The choice of the next token, as Hugging Face's logits processors make it.

use qwen_vl::config::GenerationConfig;

/// Repetition penalty, temperature, top-k, top-p and a seeded draw, in the library's order.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// 0 takes the largest logit.
    pub temperature: f32,
    /// Keep this many most likely tokens; 0 keeps all.
    pub top_k: usize,
    /// Keep the smallest set that reaches this probability; 1 keeps all.
    pub top_p: f32,
    /// Divides positive and multiplies negative logits of ids seen before; 1 is off.
    pub repetition_penalty: f32,
    /// Source of the draws.
    pub random: fastrand::Rng,
}

/// A token drawn from the logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Vocabulary id.
    pub id: u32,
    /// Natural logarithm of the probability that the model itself gives it: softmax of the raw logits.
    pub logprob: f32,
}

impl Sampler {
    /// The checkpoint's own defaults.
    pub fn new(config: &GenerationConfig, seed: u64) -> Sampler {
        Sampler {
            temperature: if config.do_sample {
                config.temperature as f32
            } else {
                0.0
            },
            top_k: config.top_k,
            top_p: config.top_p as f32,
            repetition_penalty: config.repetition_penalty as f32,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Chooses among the ids below `logits.len()`; `seen` holds prompt and answer so far.
    pub fn choose(&mut self, logits: &[f32], seen: &[u32]) -> Choice {
        let id = if self.temperature == 0.0 {
            largest(&self.penalized(logits, seen))
        } else {
            let kept = self.kept(logits, seen);
            self.draw(&kept)
        };
        let maximum = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f64 = logits.iter().map(|&l| f64::from(l - maximum).exp()).sum();
        let logprob = f64::from(logits[id] - maximum) - total.ln();
        Choice {
            id: id as u32,
            logprob: logprob as f32,
        }
    }

    /// Every id that was seen is penalised once, however often it was seen.
    fn penalized(&self, logits: &[f32], seen: &[u32]) -> Vec<f32> {
        let mut penalized = logits.to_vec();
        if self.repetition_penalty == 1.0 {
            return penalized;
        }
        for &id in seen {
            let id = id as usize;
            if let Some(&logit) = logits.get(id) {
                penalized[id] = if logit > 0.0 {
                    logit / self.repetition_penalty
                } else {
                    logit * self.repetition_penalty
                };
            }
        }
        penalized
    }

    /// Ids and probabilities that penalty, temperature (above 0), top-k and top-p leave, most likely first, summing to 1.
    pub fn kept(&self, logits: &[f32], seen: &[u32]) -> Vec<(usize, f64)> {
        let mut order: Vec<(usize, f64)> = self
            .penalized(logits, seen)
            .iter()
            .map(|&logit| f64::from(logit) / f64::from(self.temperature))
            .enumerate()
            .collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        if self.top_k > 0 {
            order.truncate(self.top_k);
        }
        let maximum = order.first().map_or(0.0, |first| first.1);
        for entry in &mut order {
            entry.1 = (entry.1 - maximum).exp();
        }
        normalize(&mut order);
        let mut before = 0.0;
        let n_kept = order
            .iter()
            .take_while(|entry| {
                let keep = before < f64::from(self.top_p);
                before += entry.1;
                keep
            })
            .count();
        order.truncate(n_kept.max(1));
        normalize(&mut order);
        order
    }

    fn draw(&mut self, kept: &[(usize, f64)]) -> usize {
        let mut left = self.random.f64();
        for &(id, probability) in kept {
            left -= probability;
            if left < 0.0 {
                return id;
            }
        }
        kept.last().map_or(0, |last| last.0)
    }
}

fn normalize(entries: &mut [(usize, f64)]) {
    let total: f64 = entries.iter().map(|entry| entry.1).sum();
    for entry in entries {
        entry.1 /= total;
    }
}

/// The first of the largest.
fn largest(logits: &[f32]) -> usize {
    let mut best = 0;
    for (id, logit) in logits.iter().enumerate() {
        if logit > &logits[best] {
            best = id;
        }
    }
    best
}
