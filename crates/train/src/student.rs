//! The network in training, and the losses of a batch of lessons.

use anyhow::Result;
use burn::{
    module::{Module, Param},
    tensor::{DType, Device, Int, Tensor, TensorData},
};
use kernels::{Angles, attention_spans, cross_entropy, project};
use qwen_vl::model::{Model, Qwen2_5Vl};
use scene::N_CELL;

use crate::lesson::{Lesson, N_IMAGE, N_KIND, Step};

const N_COLOR: usize = scene::Color::ALL.len();
const N_SIZE: usize = scene::Size::ALL.len();
/// Logits of an image token: kind or nothing, colour, size, row, column.
const N_SEEN: usize = N_KIND + 1 + N_COLOR + N_SIZE + 2 * N_CELL;

/// What is trained: the network, and a reading of the image tokens that only training needs.
///
/// The network's positions are relative throughout: nothing but the borders of the picture tells an image token
/// where it stands, and a cell can only be named by who knows. So the reading asks for row and column too.
#[derive(Module, Debug)]
pub struct Student {
    /// The checkpoint.
    pub network: Qwen2_5Vl,
    /// Image token → what has its centre there.
    pub reading: Reading,
}

/// A linear reading of image tokens.
#[derive(Module, Debug)]
pub struct Reading {
    /// [N_SEEN, hidden]
    pub weight: Param<Tensor<2>>,
    /// [N_SEEN]
    pub bias: Param<Tensor<1>>,
}

impl Reading {
    /// All zero: every class equally likely.
    pub fn new(hidden: usize, device: &Device) -> Reading {
        Reading {
            weight: Param::from_tensor(Tensor::zeros([N_SEEN, hidden], device)),
            bias: Param::from_tensor(Tensor::zeros([N_SEEN], device)),
        }
    }
}

/// Weights of the parts of the loss.
#[derive(Clone, Copy, Debug)]
pub struct LossWeights {
    /// Dense loss on the image tokens.
    pub eyes: f32,
    /// Looking at what is named.
    pub look: f32,
    /// Image attention outside `<back>`.
    pub outside: f32,
}

/// Parts of a loss, each a mean.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Per answer token.
    pub text: f32,
    /// Share of answer tokens whose largest logit is right.
    pub right: f32,
    /// Per cell with an object.
    pub eyes: f32,
    /// Per image token: its row and its column.
    pub place: f32,
    /// Per naming token: −log of the attention on what it names.
    pub look: f32,
    /// Image attention outside `<back>`.
    pub outside: f32,
    /// Per sampled answer.
    pub reward: f32,
}

impl Parts {
    /// In the order of the curves.
    pub fn values(&self) -> [f32; 7] {
        [
            self.text,
            self.right,
            self.eyes,
            self.place,
            self.look,
            self.outside,
            self.reward,
        ]
    }
}

impl std::fmt::Display for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Parts {
            text,
            right,
            eyes,
            place,
            look,
            outside,
            ..
        } = self;
        write!(
            f,
            "text {text:.4} right {right:.4} eyes {eyes:.4} place {place:.4} look {look:.3} outside {outside:.3}"
        )
    }
}

pub fn words(values: Vec<u32>, device: &Device) -> Tensor<1, Int> {
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), (device, DType::U32))
}

pub fn floats<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn scalar(tensor: &Tensor<1>) -> f32 {
    tensor.clone().into_scalar::<f32>()
}

/// Image embeddings of all lessons → rows and the row of every image token.
fn embed(model: &Model, lessons: &[Lesson]) -> Result<(Tensor<2>, Vec<u32>)> {
    let images: Vec<_> = lessons.iter().map(|lesson| &lesson.image).collect();
    let embeds = model.encode_images(&images)?;
    Ok((embeds.rows, embeds.row_of_token))
}

/// Loss of the dense reading.
pub fn eyes_loss(
    model: &Model,
    reading: &Reading,
    lessons: &[Lesson],
    parts: &mut Parts,
) -> Result<Tensor<1>> {
    let (rows, row_of_token) = embed(model, lessons)?;
    Ok(reading_loss(reading, &rows, &row_of_token, lessons, parts))
}

fn reading_loss(
    reading: &Reading,
    rows: &Tensor<2>,
    row_of_token: &[u32],
    lessons: &[Lesson],
    parts: &mut Parts,
) -> Tensor<1> {
    let device = rows.device();
    let n = row_of_token.len();
    let mut targets = [vec![0; n], vec![0; n], vec![0; n]];
    let mut weights = [vec![0.0; n], vec![0.0; n]];
    let cells = lessons.iter().flat_map(|lesson| &lesson.cells);
    let mut n_object = 0.0f32;
    for (&row, cell) in row_of_token.iter().zip(cells) {
        let is_object = cell[0] != N_KIND as u32;
        for (targets, value) in targets.iter_mut().zip(cell) {
            targets[row as usize] = *value;
        }
        weights[0][row as usize] = if is_object { 1.0 } else { 0.15 };
        weights[1][row as usize] = if is_object { 1.0 } else { 0.0 };
        n_object += f32::from(u8::from(is_object));
    }
    let weight = reading.weight.val().transpose();
    let logits = rows.clone().matmul(weight) + reading.bias.val().unsqueeze();
    let [kinds, colors, sizes] = targets.map(|targets| words(targets, &device));
    let [all, objects] = weights.map(|weights| floats(weights, [n], &device));
    let part = |first: usize, n_class: usize, targets: &Tensor<1, Int>, weights: &Tensor<1>| {
        let logits = logits.clone().narrow(1, first, n_class);
        (cross_entropy(logits, targets) * weights.clone()).sum() / n_object.max(1.0)
    };
    let loss = part(0, N_KIND + 1, &kinds, &all)
        + part(N_KIND + 1, N_COLOR, &colors, &objects)
        + part(N_KIND + 1 + N_COLOR, N_SIZE, &sizes, &objects);
    parts.eyes = scalar(&loss);
    let mut places = [vec![0; n], vec![0; n]];
    for (token, &row) in row_of_token.iter().enumerate() {
        let cell = token % N_IMAGE;
        places[0][row as usize] = (cell / N_CELL) as u32;
        places[1][row as usize] = (cell % N_CELL) as u32;
    }
    let first = N_SEEN - 2 * N_CELL;
    let [row, column] = [0, 1].map(|axis| {
        let logits = logits.clone().narrow(1, first + axis * N_CELL, N_CELL);
        cross_entropy(logits, &words(places[axis].clone(), &device)).mean()
    });
    let place = row + column;
    parts.place = scalar(&place);
    loss + place
}

/// All rows of a batch, ready for the network.
struct Packed {
    sources: Vec<u32>,
    spans: Vec<u32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
    steps: Vec<Step>,
}

fn pack(lessons: &[Lesson], row_of_token: &[u32]) -> Packed {
    let mut packed = Packed {
        sources: vec![],
        spans: vec![],
        cos: vec![],
        sin: vec![],
        steps: vec![],
    };
    for (index, lesson) in lessons.iter().enumerate() {
        let first = packed.sources.len() as u32;
        packed
            .spans
            .extend(lesson.spans.iter().flatten().map(|row| row + first));
        packed.sources.extend(lesson.sources.iter().map(|&source| {
            match source.checked_sub(qwen_vl::IMAGE_ROW) {
                Some(token) => qwen_vl::IMAGE_ROW + row_of_token[index * N_IMAGE + token as usize],
                None => source,
            }
        }));
        packed.steps.extend(lesson.steps.iter().map(|step| Step {
            row: step.row + first,
            ..*step
        }));
        packed.cos.extend_from_slice(&lesson.cos);
        packed.sin.extend_from_slice(&lesson.sin);
    }
    packed
}

/// Loss of text, looks and, where its weight is not 0, of the dense reading. `sees` lets gradients reach the
/// vision tower.
pub fn text_loss(
    model: &Model,
    reading: &Reading,
    lessons: &[Lesson],
    weights: LossWeights,
    sees: bool,
    parts: &mut Parts,
) -> Result<Tensor<1>> {
    let device = &model.device;
    let (rows, row_of_token) = embed(model, lessons)?;
    let rows = if sees { rows } else { rows.detach() };
    let packed = pack(lessons, &row_of_token);
    let n = packed.sources.len();
    let text = &model.network.model;
    let n_angle = packed.cos.len() / n;
    let angles = Angles {
        cosines: floats(packed.cos, [n, n_angle], device),
        sines: floats(packed.sin, [n, n_angle], device),
    };
    let spans = words(packed.spans, device).reshape([n, 5]);
    let hidden = text
        .embed_tokens
        .rows(words(packed.sources, device), Some(&rows));
    let mut maps = Vec::new();
    let hidden = text.forward(hidden, &angles, |_, qkv, heads| {
        let (context, map) = attention_spans(qkv, &spans, heads, N_IMAGE);
        maps.extend(map);
        context
    });

    let steps = packed.steps;
    let answer_rows = words(steps.iter().map(|step| step.row).collect(), device);
    let hidden = hidden.select(0, answer_rows.clone());
    let head = model.network.lm_head.as_ref();
    let logits = project(&hidden, head.unwrap_or(&text.embed_tokens));
    let targets = words(steps.iter().map(|step| step.target).collect(), device);
    parts.right = share_right(&logits, &steps);
    let step_weights = floats(
        steps.iter().map(|step| step.weight).collect(),
        [steps.len()],
        device,
    );
    let mut loss = (cross_entropy(logits, &targets) * step_weights).mean();
    parts.text = scalar(&loss);

    let n_layer = maps.len() as f32;
    let map = maps.into_iter().reduce(|sum, map| sum + map);
    if let Some(map) = map {
        let map = map.select(0, answer_rows) / n_layer;
        let bits = |step: &Step| {
            let look = step.look;
            (0..N_IMAGE).map(move |token| if look >> token & 1 == 1 { 1.0 } else { 0.0 })
        };
        let wanted = floats(
            steps.iter().flat_map(bits).collect(),
            [steps.len(), N_IMAGE],
            device,
        );
        let is_look: Vec<f32> = steps.iter().map(|step| flag(step.look != 0)).collect();
        let is_outside: Vec<f32> = steps
            .iter()
            .map(|step| flag(step.is_outside && step.look == 0))
            .collect();
        let mean = |flags: Vec<f32>, values: Tensor<1>| {
            let n: f32 = flags.iter().sum();
            (values * floats(flags, [steps.len()], device)).sum() / n.max(1.0)
        };
        let on_object = (map.clone() * wanted).sum_dim(1).reshape([steps.len()]);
        let look = mean(is_look, -(on_object + 1e-4).log());
        let outside = mean(is_outside, map.sum_dim(1).reshape([steps.len()]));
        parts.look = scalar(&look);
        parts.outside = scalar(&outside);
        loss = loss + look * weights.look + outside * weights.outside;
    }
    if weights.eyes > 0.0 {
        loss = loss + reading_loss(reading, &rows, &row_of_token, lessons, parts) * weights.eyes;
    }
    Ok(loss)
}

fn flag(is: bool) -> f32 {
    f32::from(u8::from(is))
}

fn share_right(logits: &Tensor<2>, steps: &[Step]) -> f32 {
    let best = logits.clone().detach().argmax(1).into_data();
    let n_right = best
        .iter::<i64>()
        .zip(steps)
        .filter(|(best, step)| *best == i64::from(step.target))
        .count();
    n_right as f32 / steps.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use scene::{Form, Sample};

    use super::*;
    use crate::{
        rollout::{Request, answer},
        run, seedling,
    };

    /// Generation takes the most likely token of every step; training, which reads the whole answer at once and
    /// several answers beside each other, must find each of them most likely too.
    #[test]
    fn training_reads_what_generation_wrote() -> Result<()> {
        let device = Device::flex().autodiff();
        let opened = run::open(seedling::shared(), &device)?;
        let samples = [21, 22].map(|seed| Sample::from_seed(seed, 1..=9, None));
        let scenes = samples.clone().map(|sample| sample.scene);
        let request = |index: usize| Request {
            scene: index % 2,
            question: samples[index / 2].question.text.clone(),
            form: Form::SemanticBack,
            is_blind: false,
            seed: None,
        };
        let requests: Vec<Request> = (0..4).map(request).collect();
        let answers = answer(&opened.model, &opened.room, &scenes, &requests)?;
        let mut lessons = Vec::new();
        for (scene, index) in [(0, 0), (1, 1)] {
            let question = &requests[index].question;
            let of = |index: usize| (answers[index].ids.clone(), 1.0);
            let told = if scene == 0 {
                vec![of(index), of(index)]
            } else {
                vec![of(index)]
            };
            let review = opened
                .room
                .review(&scenes[scene], question, Form::SemanticBack, &told)?;
            lessons.push(review);
        }
        let reading = Reading::new(opened.room.config.hidden_size, &device);
        let mut parts = Parts::default();
        let weights = LossWeights {
            eyes: 1.0,
            look: 0.1,
            outside: 0.1,
        };
        let loss = text_loss(&opened.model, &reading, &lessons, weights, true, &mut parts)?;
        assert_eq!(parts.right, 1.0, "{parts}");
        assert!(scalar(&loss).is_finite());
        // An empty reading finds everything equally likely: 17 kinds, 8 colours, 2 sizes; 8 rows, 8 columns.
        assert!((parts.place - 2.0 * 8.0f32.ln()).abs() < 1e-4);
        Ok(())
    }
}
