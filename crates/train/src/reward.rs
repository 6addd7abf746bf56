//! What an answer is rewarded for. A further reward is a field of [`Weights`] and a term of [`Weights::reward`].

use scene::{Form, Sample, form_is_complete, mentions};
use serde::{Deserialize, Serialize};

use crate::{evaluate::boxed, rollout::Answer};

/// Weights of the rewards of Look-Back (accuracy, format, look-back), as a JSON file gives them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// The boxed answer is right.
    pub answer: f32,
    /// All parts are there, in order and closed.
    pub form: f32,
    /// The look back names a place where something is.
    pub look_back: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Weights {
            answer: 1.0,
            form: 0.2,
            look_back: 0.2,
        }
    }
}

impl Weights {
    /// Σ of weight times reward, each reward 0 or 1.
    pub fn reward(&self, sample: &Sample, form: Form, answer: &Answer) -> f32 {
        let is_right = boxed(&answer.text) == Some(sample.question.answer.as_str());
        let is_complete = answer.has_ended && form_is_complete(&answer.text, form);
        let looks_back = !mentions(&answer.text, &sample.scene).is_empty();
        [
            (self.answer, is_right),
            (self.form, is_complete),
            (self.look_back, looks_back),
        ]
        .into_iter()
        .map(|(weight, is)| if is { weight } else { 0.0 })
        .sum()
    }
}

/// Each reward against its group, in standard deviations (GRPO: Shao et al. 2024, section 4.1).
pub fn advantages(rewards: &[f32]) -> Vec<f32> {
    let n = rewards.len().max(1) as f32;
    let mean = rewards.iter().sum::<f32>() / n;
    let variance = rewards
        .iter()
        .map(|reward| (reward - mean).powi(2))
        .sum::<f32>()
        / n;
    rewards
        .iter()
        .map(|reward| (reward - mean) / (variance.sqrt() + 1e-4))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advantages_are_standard_scores_of_the_group() {
        // Mean 0.5, deviation 0.5.
        let scores = advantages(&[1.0, 0.0, 1.0, 0.0]);
        for (score, expected) in scores.iter().zip([1.0, -1.0, 1.0, -1.0]) {
            assert!((score - expected).abs() < 1e-3, "{scores:?}");
        }
        assert_eq!(advantages(&[0.7; 3]), [0.0; 3]);
        assert!(advantages(&[]).is_empty());
    }

    #[test]
    fn each_reward_counts_once() {
        let sample = Sample::from_seed(3, 1..=9, Some(scene::Family::Count));
        let told = |text: String| Answer {
            text,
            has_ended: true,
            ..Answer::default()
        };
        let weights = Weights {
            answer: 4.0,
            form: 2.0,
            look_back: 1.0,
        };
        let of = |answer: &Answer| weights.reward(&sample, Form::SemanticBack, answer);
        let right = &sample.question.answer;
        let cell = sample.scene.objects[0].cell();
        let whole = |body: &str, boxed: &str| {
            format!(
                "<think>\nx\n</think>\n<back>{body}</back>\n<think>\ny\n</think>\n\\boxed{{{boxed}}}"
            )
        };
        assert_eq!(of(&told(whole(&format!("Seen: 1 at {cell}."), right))), 7.0);
        assert_eq!(of(&told(whole("Seen: nothing named", right))), 6.0);
        assert_eq!(of(&told(whole("Seen: none.", "x"))), 2.0);
        assert_eq!(of(&told(format!("\\boxed{{{right}}}"))), 4.0);
        let cut = Answer {
            has_ended: false,
            ..told(whole("Seen: nothing named", right))
        };
        assert_eq!(of(&cut), 4.0);
    }
}
