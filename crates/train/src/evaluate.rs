//! What a model shows on unseen scenes: answers, corrections, where it looks, and what is left of it when the
//! look back is blind.

use std::collections::BTreeMap;

use anyhow::Result;
use qwen_vl::model::Model;
use rayon::prelude::*;
use scene::{Family, Form, Sample, first_look, form_is_complete, mentions};
use serde::Serialize;

use crate::{
    lesson::{Classroom, N_IMAGE, cells_of},
    rollout::{Answer, Request, answer},
};

/// Seeds from here on are never trained on.
const FIRST_SEED: u64 = 1 << 52;
/// Answers made side by side.
const N_AT_ONCE: usize = 128;
/// Tokens before `<back>` that its image share is held against (`trace::HISTORY_TOKENS`).
const N_BEFORE: usize = 20;

/// Counts of one family, or of all.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Score {
    /// Answers.
    pub n: usize,
    /// Boxed answer right.
    pub right: usize,
    /// Form complete.
    pub complete: usize,
    /// First look readable.
    pub looked: usize,
    /// First look wrong.
    pub first_wrong: usize,
    /// First look wrong, boxed answer right.
    pub corrected: usize,
    /// First look right, boxed answer wrong.
    pub broken: usize,
    /// First look wrong, boxed answer right although the look back saw nothing.
    pub corrected_blind: usize,
    /// Answers whose look back was measured.
    pub measured: usize,
    /// Σ of image share inside `<back>` over the 20 tokens before.
    pub gain_sum: f64,
    /// Tokens inside `<back>` that name an object.
    pub naming: usize,
    /// Σ of attention per image token on the named object's box over that on all image tokens.
    pub box_sum: f64,
}

impl Score {
    fn add(&mut self, other: &Score) {
        self.n += other.n;
        self.right += other.right;
        self.complete += other.complete;
        self.looked += other.looked;
        self.first_wrong += other.first_wrong;
        self.corrected += other.corrected;
        self.broken += other.broken;
        self.corrected_blind += other.corrected_blind;
        self.measured += other.measured;
        self.gain_sum += other.gain_sum;
        self.naming += other.naming;
        self.box_sum += other.box_sum;
    }

    /// Boxed answers that are right.
    pub fn right_percent(&self) -> f64 {
        percent(self.right, self.n)
    }

    /// Answers whose form is complete.
    pub fn complete_percent(&self) -> f64 {
        percent(self.complete, self.n)
    }

    /// First looks that are wrong.
    pub fn first_wrong_percent(&self) -> f64 {
        percent(self.first_wrong, self.looked)
    }

    /// Wrong first looks after which the box is right.
    pub fn corrected_percent(&self) -> f64 {
        percent(self.corrected, self.first_wrong)
    }

    /// First looks that are right.
    pub fn first_right(&self) -> usize {
        self.looked - self.first_wrong
    }

    /// Right first looks after which the box is wrong.
    pub fn broken_percent(&self) -> f64 {
        percent(self.broken, self.first_right())
    }

    /// Wrong first looks after which the box is right although the look back saw nothing.
    pub fn blind_percent(&self) -> f64 {
        percent(self.corrected_blind, self.first_wrong)
    }

    /// Mean image share inside `<back>` over that of the 20 tokens before.
    pub fn gain(&self) -> f64 {
        self.gain_sum / self.measured.max(1) as f64
    }

    /// Mean attention on the box of the object being named over that on the mean image token.
    pub fn box_gain(&self) -> f64 {
        self.box_sum / self.naming.max(1) as f64
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// Measures of a model.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Layout of the answers.
    pub form: Form,
    /// Scenes per family.
    pub n_scene: u64,
    /// First seed.
    pub seed: u64,
    /// By family name.
    pub families: BTreeMap<&'static str, Score>,
    /// Sum of all families.
    pub all: Score,
}

/// The text in the last box.
pub fn boxed(text: &str) -> Option<&str> {
    text.rsplit_once("\\boxed{")?
        .1
        .split_once('}')
        .map(|(inside, _)| inside)
}

/// Asks about `n_scene` scenes of every family.
pub fn evaluate(
    model: &Model,
    room: &Classroom,
    form: Form,
    n_scene: u64,
    seed: u64,
    n_shown: usize,
) -> Result<Report> {
    let mut families = BTreeMap::new();
    let mut all = Score::default();
    for (index, family) in Family::ALL.into_iter().enumerate() {
        let first = FIRST_SEED + seed * 10_000_000 + index as u64 * 1_000_000;
        let mut score = Score::default();
        for at in (0..n_scene).step_by(N_AT_ONCE) {
            let seeds = first + at..first + (at + N_AT_ONCE as u64).min(n_scene);
            let samples: Vec<Sample> = seeds
                .into_par_iter()
                .map(|seed| Sample::from_seed(seed, 1..=9, Some(family)))
                .collect();
            score.add(&score_of(
                model,
                room,
                form,
                &samples,
                if at == 0 { n_shown } else { 0 },
            )?);
        }
        println!("{}", line(family.name(), &score));
        all.add(&score);
        families.insert(family.name(), score);
    }
    println!("{}", line("all", &all));
    Ok(Report {
        form,
        n_scene,
        seed,
        families,
        all,
    })
}

fn score_of(
    model: &Model,
    room: &Classroom,
    form: Form,
    samples: &[Sample],
    n_shown: usize,
) -> Result<Score> {
    let scenes: Vec<_> = samples.iter().map(|sample| sample.scene.clone()).collect();
    let request = |(index, sample): (usize, &Sample)| Request {
        scene: index,
        question: sample.question.text.clone(),
        form,
        is_blind: false,
        seed: None,
    };
    let requests: Vec<Request> = samples.iter().enumerate().map(request).collect();
    let answers = answer(model, room, &scenes, &requests)?;
    for (sample, answer) in samples.iter().zip(&answers).take(n_shown) {
        let objects: Vec<String> = sample
            .scene
            .objects
            .iter()
            .map(|object| format!("{} {}", object.cell(), object.in_words()))
            .collect();
        println!(
            "{} [{}]\n({})\n{}\n",
            sample.question.text,
            sample.question.answer,
            objects.join(", "),
            answer.text
        );
    }
    let mut score = Score::default();
    let mut wrong = Vec::new();
    for (index, (sample, answer)) in samples.iter().zip(&answers).enumerate() {
        let right = sample.question.answer.as_str();
        let is_right = boxed(&answer.text) == Some(right);
        score.n += 1;
        score.right += usize::from(is_right);
        score.complete += usize::from(answer.has_ended && form_is_complete(&answer.text, form));
        if let Some(first) = first_look(&answer.text) {
            score.looked += 1;
            score.first_wrong += usize::from(first != right);
            score.corrected += usize::from(first != right && is_right);
            score.broken += usize::from(first == right && !is_right);
            if first != right {
                wrong.push(index);
            }
        }
        measure(sample, answer, &mut score);
    }
    let blind_scenes: Vec<_> = wrong.iter().map(|&index| scenes[index].clone()).collect();
    let blind: Vec<Request> = wrong
        .iter()
        .enumerate()
        .map(|(at, &index)| Request {
            scene: at,
            is_blind: true,
            ..requests[index].clone()
        })
        .collect();
    if !blind.is_empty() {
        let blind_answers = answer(model, room, &blind_scenes, &blind)?;
        score.corrected_blind = wrong
            .iter()
            .zip(&blind_answers)
            .filter(|(index, answer)| {
                boxed(&answer.text) == Some(samples[**index].question.answer.as_str())
            })
            .count();
    }
    Ok(score)
}

/// Image share and attention on the boxes of named objects.
fn measure(sample: &Sample, answer: &Answer, score: &mut Score) {
    let Some(start) = answer.text.find("<back>") else {
        return;
    };
    let end = answer.text[start..]
        .find("</back>")
        .map_or(answer.text.len(), |at| start + at + 7);
    let token_at = |byte: usize| {
        answer
            .starts
            .partition_point(|&start| start <= byte)
            .saturating_sub(1)
    };
    let (first, last) = (token_at(start), token_at(end - 1) + 1);
    let mean = |shares: &[f32]| shares.iter().sum::<f32>() as f64 / shares.len().max(1) as f64;
    let before = mean(&answer.image_shares[first.saturating_sub(N_BEFORE)..first]);
    if before > 0.0 {
        score.measured += 1;
        score.gain_sum += mean(&answer.image_shares[first..last]) / before;
    }
    for look in mentions(&answer.text, &sample.scene) {
        let bits = cells_of(&sample.scene, &look.objects);
        for token in token_at(look.bytes.start)..=token_at(look.bytes.end - 1) {
            let map = &answer.maps[token];
            let on: f32 = (0..N_IMAGE)
                .filter(|cell| bits >> cell & 1 == 1)
                .map(|cell| map[cell])
                .sum();
            let total: f32 = map.iter().sum();
            if total > 0.0 && bits != 0 {
                score.naming += 1;
                score.box_sum +=
                    f64::from(on / bits.count_ones() as f32) / f64::from(total / N_IMAGE as f32);
            }
        }
    }
}

fn line(name: &str, score: &Score) -> String {
    format!(
        "{name:>10}: right {:.1} %, form {:.1} %, first look wrong {:.1} %, corrected {:.1} %, broken {:.2} %, image share ×{:.2}, boxes ×{:.2}, blind {:.1} %",
        score.right_percent(),
        score.complete_percent(),
        score.first_wrong_percent(),
        score.corrected_percent(),
        score.broken_percent(),
        score.gain(),
        score.box_gain(),
        score.blind_percent(),
    )
}
