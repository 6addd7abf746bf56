//! A small network of all kernels, an image through two towers to a loss on text and on the map: its loss and
//! the gradient of every parameter on both devices, against differences of the same network in f64.

use burn::tensor::{Device, Tensor};
use kernels::{Angles, Heads, IMAGE_ROW, Linear, RopeHeads, gradients::attention::Span};

use super::device::{assert_close, training_devices, wide, word_table};
use super::layer::{layer, matrix};
use super::{forward, span};
use crate::bench::{random, tensor, values, words};

const N_PATCH: usize = 13;
const N_PIXEL: usize = 10;
const VISION: usize = 24;
const VISION_MLP: usize = 40;
const VISION_HEADS: Heads = Heads {
    n_heads: 2,
    n_kv_heads: 2,
    head_dim: 12,
};
const BORDERS: [usize; 3] = [0, 5, N_PATCH];

const N_LAYER: usize = 2;
const N_VOCAB: usize = 19;
const TEXT: usize = 32;
const TEXT_MLP: usize = 20;
const TEXT_HEADS: Heads = Heads {
    n_heads: 4,
    n_kv_heads: 2,
    head_dim: 8,
};
/// Columns of queries, keys and values.
const QKV: [usize; 3] = [32, 16, 16];
const N_ROW: usize = 79;
const EPS: f32 = 1e-5;

/// Elements of a parameter whose slope is taken.
const N_SAMPLE: usize = 3;

/// Sizes of all parameters in the order in which the network uses them; a vector is a table of one row.
fn sizes() -> Vec<[usize; 2]> {
    let mut sizes = vec![[VISION, N_PIXEL], [1, VISION], [1, VISION]];
    sizes.extend([
        [3 * VISION, VISION],
        [1, 3 * VISION],
        [VISION, VISION],
        [1, VISION],
    ]);
    sizes.extend([[VISION_MLP, VISION], [1, VISION_MLP], [VISION, VISION_MLP]]);
    sizes.extend([[TEXT, VISION], [1, TEXT], [N_VOCAB, TEXT]]);
    for _ in 0..N_LAYER {
        sizes.push([1, TEXT]);
        sizes.extend(
            QKV.into_iter()
                .flat_map(|width| [[width, TEXT], [1, width]]),
        );
        sizes.extend([[TEXT, QKV[0]], [1, TEXT]]);
        sizes.extend([[TEXT_MLP, TEXT], [TEXT_MLP, TEXT], [TEXT, TEXT_MLP]]);
    }
    sizes.push([1, TEXT]);
    sizes
}

/// The next parameter.
fn take<'a, T>(left: &mut std::slice::Iter<'a, T>) -> &'a T {
    left.next().expect("as many parameters as `sizes` lists")
}

fn numbers<'a>(left: &mut std::slice::Iter<'a, Vec<f64>>) -> &'a [f64] {
    take::<Vec<f64>>(left)
}

/// Random parameters that keep a row of ones at its size.
fn parameters() -> Vec<Vec<f32>> {
    let of_size = |(index, [n, k]): (usize, [usize; 2])| {
        let factor = if n == 1 { 1.0 } else { 2.0 / (k as f32).sqrt() };
        random(n * k, index as u64)
            .iter()
            .map(|x| x * factor)
            .collect()
    };
    sizes().into_iter().enumerate().map(of_size).collect()
}

/// What the network is asked: the same for both forms.
struct Question {
    pixels: Vec<f32>,
    vision_angles: [Vec<f32>; 2],
    text_angles: [Vec<f32>; 2],
    source: Vec<u32>,
    spans: Vec<Span>,
    targets: Vec<u32>,
    /// Weights of the map in the loss [N_ROW, N_PATCH].
    look: Vec<f32>,
}

impl Question {
    fn new() -> Question {
        let angles = |n: usize, half: usize, seed: u64| {
            let angles = random(n * half, seed);
            [
                angles.iter().map(|a| a.cos()).collect(),
                angles.iter().map(|a| a.sin()).collect(),
            ]
        };
        // Three sequences: a hidden image, answers that share a prompt, and no image at all.
        let spans = [
            span::hidden(0, 35, [4, 4 + N_PATCH], 25),
            span::answers(35, 20, &[6, 5], 38),
            span::causal(66, 13, 66),
        ];
        let token = |row: usize| match row {
            4..17 => IMAGE_ROW + row as u32 - 4,
            38..51 => IMAGE_ROW + row as u32 - 38,
            row => (row * 7 % N_VOCAB) as u32,
        };
        Question {
            pixels: random(N_PATCH * N_PIXEL, 101),
            vision_angles: angles(N_PATCH, VISION_HEADS.head_dim / 2, 102),
            text_angles: angles(N_ROW, TEXT_HEADS.head_dim / 2, 103),
            source: (0..N_ROW).map(token).collect(),
            spans: spans.concat(),
            targets: (0..N_ROW).map(|row| (row * 5 % N_VOCAB) as u32).collect(),
            look: random(N_ROW * N_PATCH, 104),
        }
    }
}

fn rope_heads(heads: Heads) -> RopeHeads {
    let n_rotated = heads.n_heads + heads.n_kv_heads;
    RopeHeads {
        n_heads: n_rotated + heads.n_kv_heads,
        n_rotated,
        head_dim: heads.head_dim,
    }
}

/// Image rows [N_PATCH, TEXT] in f64.
fn exact_vision(left: &mut std::slice::Iter<Vec<f64>>, question: &Question) -> Vec<f64> {
    let eps = f64::from(EPS);
    let heads = VISION_HEADS;
    let pixels = wide(&question.pixels);
    let hidden = forward::linear(&pixels, numbers(left), Some(numbers(left)), N_PIXEL);
    let x = forward::norm(&hidden, numbers(left), eps);
    let qkv = forward::linear(&x, numbers(left), Some(numbers(left)), VISION);
    let [cosines, sines] = question.vision_angles.each_ref().map(|angles| wide(angles));
    let qkv = forward::rope(&qkv, &cosines, &sines, rope_heads(heads));
    let context = forward::attention(&qkv, &span::table(&span::windows(&BORDERS)), heads, 0);
    let hidden = forward::sum(
        &hidden,
        &forward::linear(&context, numbers(left), None, VISION),
    );
    let x = forward::norm(&hidden, numbers(left), eps);
    let bent = forward::gelu(&forward::linear(
        &x,
        numbers(left),
        Some(numbers(left)),
        VISION,
    ));
    let hidden = forward::sum(
        &hidden,
        &forward::linear(&bent, numbers(left), None, VISION_MLP),
    );
    forward::linear(&hidden, numbers(left), Some(numbers(left)), VISION)
}

/// The loss in f64.
fn exact_loss(parameters: &[Vec<f64>], question: &Question) -> f64 {
    let eps = f64::from(EPS);
    let left = &mut parameters.iter();
    let rows = exact_vision(left, question);
    let table = numbers(left);
    let mut hidden = forward::embedding(&question.source, table, &rows, TEXT);
    let [cosines, sines] = question.text_angles.each_ref().map(|angles| wide(angles));
    let spans = span::table(&question.spans);
    let mut look = 0.0;
    for _ in 0..N_LAYER {
        let x = forward::norm(&hidden, numbers(left), eps);
        let qkv = [0; 3].map(|_| forward::linear(&x, numbers(left), Some(numbers(left)), TEXT));
        let qkv = forward::side_by_side(&qkv, &QKV);
        let qkv = forward::rope(&qkv, &cosines, &sines, rope_heads(TEXT_HEADS));
        let both = forward::attention(&qkv, &spans, TEXT_HEADS, N_PATCH);
        let rows = both
            .chunks_exact(QKV[0] + N_PATCH)
            .map(|row| row.split_at(QKV[0]));
        let (context, map): (Vec<_>, Vec<_>) = rows.unzip();
        look += forward::dot(&map.concat(), &wide(&question.look));
        let out = forward::linear(&context.concat(), numbers(left), None, QKV[0]);
        hidden = forward::sum(&hidden, &out);
        let x = forward::norm(&hidden, numbers(left), eps);
        let pair = [0; 2].map(|_| forward::linear(&x, numbers(left), None, TEXT));
        let bent = forward::swiglu(&forward::side_by_side(&pair, &[TEXT_MLP; 2]), TEXT_MLP);
        hidden = forward::sum(
            &hidden,
            &forward::linear(&bent, numbers(left), None, TEXT_MLP),
        );
    }
    let logits = forward::linear(
        &forward::norm(&hidden, numbers(left), eps),
        table,
        None,
        TEXT,
    );
    let losses = forward::cross_entropy(&logits, &question.targets);
    (losses.iter().sum::<f64>() + look) / N_ROW as f64
}

fn bare(weight: &Tensor<2>) -> Linear {
    layer(weight, None)
}

fn biased(weight: &Tensor<2>, bias: &Tensor<2>) -> Linear {
    layer(weight, Some(bias))
}

fn normed(x: &Tensor<2>, weight: &Tensor<2>) -> Tensor<2> {
    kernels::norm(x, weight.clone().squeeze_dim(0), EPS)
}

fn angles(tables: &[Vec<f32>; 2], n: usize, device: &Device) -> Angles {
    let [cosines, sines] = tables
        .each_ref()
        .map(|table| tensor(table, [n, table.len() / n], device));
    Angles { cosines, sines }
}

/// Image rows [N_PATCH, TEXT] by the kernels.
fn vision(
    left: &mut std::slice::Iter<Tensor<2>>,
    question: &Question,
    device: &Device,
) -> Tensor<2> {
    let pixels = tensor(&question.pixels, [N_PATCH, N_PIXEL], device);
    let hidden = biased(take(left), take(left)).forward(&pixels);
    let x = normed(&hidden, take(left));
    let qkv = biased(take(left), take(left)).forward(&x);
    let angles = angles(&question.vision_angles, N_PATCH, device);
    let qkv = kernels::rope(qkv, &angles, rope_heads(VISION_HEADS));
    let windows = span::windows(&BORDERS);
    let borders: Vec<u32> = windows
        .iter()
        .flat_map(|span| [span.first, span.end])
        .collect();
    let borders = words(&borders, device);
    let context = kernels::attention_window(qkv, &borders, VISION_HEADS.n_heads);
    let hidden = bare(take(left)).add_to(hidden, &context);
    let x = normed(&hidden, take(left));
    let bent = kernels::gelu(biased(take(left), take(left)).forward(&x));
    let hidden = bare(take(left)).add_to(hidden, &bent);
    biased(take(left), take(left)).forward(&hidden)
}

/// The loss by the kernels.
fn loss(parameters: &[Tensor<2>], question: &Question, device: &Device) -> Tensor<1> {
    let left = &mut parameters.iter();
    let rows = vision(left, question, device);
    let table = matrix(&[take(left)]);
    let mut hidden = table.rows(words(&question.source, device), Some(&rows));
    let angles = angles(&question.text_angles, N_ROW, device);
    let spans = word_table(&span::table(&question.spans), [N_ROW, 5], device);
    let wanted = tensor(&question.look, [N_ROW, N_PATCH], device);
    let mut look = Tensor::zeros([1], device);
    for _ in 0..N_LAYER {
        let x = normed(&hidden, take(left));
        let qkv = [0; 3].map(|_| biased(take(left), take(left)));
        let qkv = kernels::side_by_side(&x, &qkv.each_ref());
        let qkv = kernels::rope(qkv, &angles, rope_heads(TEXT_HEADS));
        let (context, map) = kernels::attention_spans(qkv, &spans, TEXT_HEADS, N_PATCH);
        look = look + (map.expect("a map was asked for") * wanted.clone()).sum();
        hidden = bare(take(left)).add_to(hidden, &context);
        let x = normed(&hidden, take(left));
        let pair = [0; 2].map(|_| bare(take(left)));
        let bent = kernels::swiglu(kernels::side_by_side(&x, &pair.each_ref()));
        hidden = bare(take(left)).add_to(hidden, &bent);
    }
    let logits = kernels::project(&normed(&hidden, take(left)), &table);
    let losses = kernels::cross_entropy(logits, &words(&question.targets, device));
    (losses.sum() + look) / N_ROW as f32
}

/// Loss and the gradient of every parameter.
fn loss_and_gradients(question: &Question, device: &Device) -> (f32, Vec<Vec<f32>>) {
    let leaves: Vec<Tensor<2>> = parameters()
        .iter()
        .zip(sizes())
        .map(|(parameter, size)| tensor(parameter, size, device).require_grad())
        .collect();
    let loss = loss(&leaves, question, device);
    let gradients = loss.backward();
    let of_leaf = |leaf: &Tensor<2>| values(leaf.grad(&gradients).expect("a gradient"));
    (
        values(loss.inner())[0],
        leaves.iter().map(of_leaf).collect(),
    )
}

#[test]
fn the_gradient_of_every_parameter() {
    let question = Question::new();
    let mut exact: Vec<Vec<f64>> = parameters().iter().map(|p| wide(p)).collect();
    let expected_loss = exact_loss(&exact, &question);
    let found = training_devices().map(|(name, device)| {
        let (loss, gradients) = loss_and_gradients(&question, &device);
        assert_close(&format!("{name}, loss"), 1e-5, &[loss], &[expected_loss]);
        (name, gradients)
    });
    let mut rng = fastrand::Rng::with_seed(11);
    for index in 0..exact.len() {
        let n = exact[index].len();
        let places: Vec<usize> = (0..N_SAMPLE).map(|_| rng.usize(0..n)).collect();
        let expected: Vec<f64> = places
            .iter()
            .map(|&at| {
                let mut moved = exact[index].clone();
                forward::slope(&mut moved, at, |values| {
                    exact[index].copy_from_slice(values);
                    exact_loss(&exact, &question)
                })
            })
            .collect();
        for (name, gradients) in &found {
            let got: Vec<f32> = places.iter().map(|&at| gradients[index][at]).collect();
            assert_close(&format!("{name}, parameter {index}"), 2e-4, &got, &expected);
        }
    }
}

#[test]
fn both_devices_agree_on_every_element() {
    let question = Question::new();
    let [cpu, gpu] = training_devices().map(|(_, device)| loss_and_gradients(&question, &device));
    assert_close("loss", 1e-6, &[gpu.0], &[f64::from(cpu.0)]);
    for (index, (gpu, cpu)) in gpu.1.iter().zip(&cpu.1).enumerate() {
        assert_close(&format!("parameter {index}"), 1e-4, gpu, &wide(cpu));
    }
}
