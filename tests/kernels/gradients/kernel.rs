//! One kernel at a time: its result and its gradients on both devices.

use burn::tensor::{Device, Tensor};
use kernels::{Angles, Heads, IMAGE_ROW, Linear, RopeHeads, gradients::attention::Span};

use super::device::{assert_close, training_devices, wide, word_table};
use super::layer::{layer, matrix};
use super::{forward, span};
use crate::bench::{random, tensor, values, words};

/// Elements of an input whose slope is taken.
const N_SAMPLE: usize = 40;

/// A table of numbers whose gradient is wanted.
struct Input {
    values: Vec<f32>,
    size: [usize; 2],
}

fn input(size: [usize; 2], seed: u64, factor: f32) -> Input {
    let values = random(size[0] * size[1], seed)
        .iter()
        .map(|x| x * factor)
        .collect();
    Input { values, size }
}

/// Holds y = `kernel` and the gradients of Σ c·y, c random, against `exact`.
fn check(
    inputs: &[Input],
    exact: impl Fn(&[Vec<f64>]) -> Vec<f64>,
    kernel: impl Fn(&Device, &[Tensor<2>]) -> Tensor<2>,
) {
    let wide_inputs: Vec<Vec<f64>> = inputs.iter().map(|input| wide(&input.values)).collect();
    let expected = exact(&wide_inputs);
    let direction = random(expected.len(), 99);
    let loss = |inputs: &[Vec<f64>]| forward::dot(&exact(inputs), &wide(&direction));
    let slopes = slopes(&wide_inputs, loss);
    for (name, device) in training_devices() {
        let leaves: Vec<Tensor<2>> = inputs
            .iter()
            .map(|input| tensor(&input.values, input.size, &device).require_grad())
            .collect();
        let out = kernel(&device, &leaves);
        let c = tensor(&direction, out.dims(), &device);
        let gradients = (out.clone() * c).sum().backward();
        assert_close(
            &format!("{name}, result"),
            2e-5,
            &values(out.inner()),
            &expected,
        );
        for (index, (leaf, slopes)) in leaves.iter().zip(&slopes).enumerate() {
            let gradient = leaf.grad(&gradients).expect("every input has a gradient");
            let gradient = values(gradient);
            let got: Vec<f32> = slopes.iter().map(|(at, _)| gradient[*at]).collect();
            let expected: Vec<f64> = slopes.iter().map(|(_, slope)| *slope).collect();
            assert_close(&format!("{name}, gradient {index}"), 5e-5, &got, &expected);
        }
    }
}

/// Places in every input, and the slope of the loss there.
fn slopes(inputs: &[Vec<f64>], loss: impl Fn(&[Vec<f64>]) -> f64) -> Vec<Vec<(usize, f64)>> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut all = inputs.to_vec();
    let of_input = |input: usize| {
        let n = inputs[input].len();
        let places = match n <= N_SAMPLE {
            true => (0..n).collect(),
            false => rng.choose_multiple(0..n, N_SAMPLE),
        };
        let mut moved = inputs[input].clone();
        let slope = |at: usize| {
            let slope = forward::slope(&mut moved, at, |values| {
                let mut inputs = all.clone();
                inputs[input] = values.to_vec();
                loss(&inputs)
            });
            (at, slope)
        };
        let slopes = places.into_iter().map(slope).collect();
        all[input].clone_from(&inputs[input]);
        slopes
    };
    (0..inputs.len()).map(of_input).collect()
}

#[test]
fn linear() {
    for [n, k, m] in [[5, 7, 3], [70, 33, 20], [1, 16, 16], [130, 20, 65]] {
        let inputs = [
            input([n, k], 1, 1.0),
            input([m, k], 2, 1.0),
            input([1, m], 3, 1.0),
        ];
        check(
            &inputs,
            |x| forward::linear(&x[0], &x[1], Some(&x[2]), k),
            |_, x| layer(&x[1], Some(&x[2])).forward(&x[0]),
        );
        check(
            &inputs[..2],
            |x| forward::linear(&x[0], &x[1], None, k),
            |_, x| kernels::project(&x[0], &matrix(&[&x[1]])),
        );
    }
}

#[test]
fn three_layers_side_by_side() {
    let [n, k] = [67, 18];
    let widths = [20, 5, 9];
    let mut inputs = vec![input([n, k], 1, 1.0)];
    for (index, m) in widths.into_iter().enumerate() {
        let seed = 2 + 2 * index as u64;
        inputs.extend([input([m, k], seed, 1.0), input([1, m], seed + 1, 1.0)]);
    }
    check(
        &inputs,
        |x| {
            let tables = [1, 3, 5].map(|at| forward::linear(&x[0], &x[at], Some(&x[at + 1]), k));
            forward::side_by_side(&tables, &widths)
        },
        |_, x| {
            let layers = [1, 3, 5].map(|at| layer(&x[at], Some(&x[at + 1])));
            kernels::side_by_side(&x[0], &[&layers[0], &layers[1], &layers[2]])
        },
    );
}

#[test]
fn a_matrix_in_two_segments() {
    let [n, k, m] = [9, 14, 11];
    check(
        &[
            input([n, k], 1, 1.0),
            input([7, k], 2, 1.0),
            input([m - 7, k], 3, 1.0),
            input([1, m], 4, 1.0),
        ],
        |x| forward::linear(&x[0], &[&x[1][..], &x[2]].concat(), Some(&x[3]), k),
        |_, x| {
            let weight = matrix(&[&x[1], &x[2]]);
            let whole = layer(&x[1], Some(&x[3]));
            Linear { weight, ..whole }.forward(&x[0])
        },
    );
}

#[test]
fn a_residual_passes_its_gradient_on() {
    let [n, k, m] = [66, 12, 19];
    check(
        &[
            input([n, m], 1, 1.0),
            input([n, k], 2, 1.0),
            input([m, k], 3, 1.0),
        ],
        |x| forward::sum(&x[0], &forward::linear(&x[1], &x[2], None, k)),
        |_, x| layer(&x[2], None).add_to(x[0].clone(), &x[1]),
    );
}

#[test]
fn norm() {
    for ([n, width], eps) in [
        ([70, 20], 1e-6),
        ([3, 33], 0.1),
        ([129, 5], 1e-6),
        ([1, 64], 1e-6),
    ] {
        check(
            &[input([n, width], 1, 1.0), input([1, width], 2, 1.0)],
            |x| forward::norm(&x[0], &x[1], f64::from(eps)),
            |_, x| kernels::norm(&x[0], x[1].clone().squeeze_dim(0), eps),
        );
    }
}

#[test]
fn rope() {
    for [n, n_heads, n_rotated, head_dim] in [[70, 6, 4, 16], [3, 3, 2, 20], [65, 4, 4, 32]] {
        let heads = RopeHeads {
            n_heads,
            n_rotated,
            head_dim,
        };
        let size = [n, head_dim / 2];
        let [cosines, sines] = [5, 6].map(|seed| random(size[0] * size[1], seed));
        check(
            &[input([n, n_heads * head_dim], 1, 1.0)],
            |x| forward::rope(&x[0], &wide(&cosines), &wide(&sines), heads),
            |device, x| {
                let [cosines, sines] = [&cosines, &sines].map(|table| tensor(table, size, device));
                kernels::rope(x[0].clone(), &Angles { cosines, sines }, heads)
            },
        );
    }
}

fn check_spans(spans: &[Span], [n_heads, n_kv_heads, head_dim]: [usize; 3], n_image: usize) {
    let heads = Heads {
        n_heads,
        n_kv_heads,
        head_dim,
    };
    let (n, width) = (spans.len(), (n_heads + 2 * n_kv_heads) * head_dim);
    let table = span::table(spans);
    check(
        &[input([n, width], 1, 2.0)],
        |x| forward::attention(&x[0], &table, heads, n_image),
        |device, x| {
            let spans = word_table(&table, [n, 5], device);
            let (context, map) = kernels::attention_spans(x[0].clone(), &spans, heads, n_image);
            match map {
                Some(map) => Tensor::cat(vec![context, map], 1),
                None => context,
            }
        },
    );
}

#[test]
fn attention_of_one_sequence() {
    check_spans(&span::causal(0, 41, 5), [4, 2, 16], 9);
    check_spans(&span::causal(0, 7, 0), [2, 1, 32], 3);
    check_spans(&span::causal(0, 70, 3), [3, 3, 20], 17);
    check_spans(&span::causal(0, 1, 0), [2, 2, 16], 1);
}

#[test]
fn attention_of_answers_that_share_a_prompt() {
    check_spans(&span::answers(0, 20, &[7, 1, 12], 4), [4, 2, 16], 9);
    check_spans(&span::answers(0, 9, &[5, 6], 9), [2, 2, 20], 4);
}

#[test]
fn attention_around_a_hidden_image() {
    check_spans(&span::hidden(0, 40, [6, 15], 22), [4, 1, 16], 9);
    check_spans(&span::hidden(0, 30, [0, 8], 12), [2, 2, 32], 8);
}

#[test]
fn attention_where_the_image_is_seen_in_part() {
    check_spans(&span::hidden(0, 26, [6, 10], 13), [2, 1, 16], 9);
    let cut = vec![span::span([0, 5, 8, 12, 3]); 14];
    check_spans(&cut, [2, 1, 16], 7);
}

#[test]
fn attention_of_several_sequences() {
    let spans = [
        span::hidden(0, 30, [4, 13], 20),
        span::answers(30, 17, &[4, 3], 32),
        span::causal(54, 11, 55),
        span::windows(&[65, 66, 72]),
    ];
    check_spans(&spans.concat(), [4, 2, 16], 9);
    check_spans(&spans.concat(), [2, 2, 20], 0);
}

#[test]
fn attention_with_large_scores() {
    let spans = span::table(&span::causal(0, 20, 0));
    let heads = Heads {
        n_heads: 2,
        n_kv_heads: 1,
        head_dim: 16,
    };
    check(
        &[input([20, 64], 1, 5.0)],
        |x| forward::attention(&x[0], &spans, heads, 0),
        |device, x| {
            let spans = word_table(&spans, [20, 5], device);
            kernels::attention_spans(x[0].clone(), &spans, heads, 0).0
        },
    );
}

#[test]
fn attention_in_windows() {
    for (borders, n_heads, head_dim) in [(vec![0, 64, 70, 71], 2, 16), (vec![0, 13], 3, 20)] {
        let spans = span::windows(&borders);
        let n = spans.len();
        let pairs: Vec<u32> = spans
            .iter()
            .flat_map(|span| [span.first, span.end])
            .collect();
        let heads = Heads {
            n_heads,
            n_kv_heads: n_heads,
            head_dim,
        };
        check(
            &[input([n, 3 * n_heads * head_dim], 1, 1.0)],
            |x| forward::attention(&x[0], &span::table(&spans), heads, 0),
            |device, x| kernels::attention_window(x[0].clone(), &words(&pairs, device), n_heads),
        );
    }
}

#[test]
fn swiglu() {
    for [n, width] in [[70, 21], [1, 5], [65, 16]] {
        check(
            &[input([n, 2 * width], 1, 4.0)],
            |x| forward::swiglu(&x[0], width),
            |_, x| kernels::swiglu(x[0].clone()),
        );
    }
}

#[test]
fn gelu() {
    for [n, width] in [[71, 19], [1, 3], [16, 64]] {
        check(
            &[input([n, width], 1, 4.0)],
            |x| forward::gelu(&x[0]),
            |_, x| kernels::gelu(x[0].clone()),
        );
    }
}

#[test]
fn embedding() {
    let source = [0, 10, 4, IMAGE_ROW + 2, 4, IMAGE_ROW, 4, IMAGE_ROW + 2, 9];
    for width in [5, 32] {
        check(
            &[input([11, width], 1, 1.0), input([3, width], 2, 1.0)],
            |x| forward::embedding(&source, &x[0], &x[1], width),
            |device, x| matrix(&[&x[0]]).rows(words(&source, device), Some(&x[1])),
        );
    }
    check(
        &[input([6, 7], 1, 1.0)],
        |x| forward::embedding(&[5, 0, 5], &x[0], &[], 7),
        |device, x| matrix(&[&x[0]]).rows(words(&[5, 0, 5], device), None),
    );
}

#[test]
fn cross_entropy() {
    for ([n, n_class], factor) in [
        ([70, 19], 1.0),
        ([3, 33], 20.0),
        ([1, 2], 1.0),
        ([65, 16], 5.0),
    ] {
        let mut rng = fastrand::Rng::with_seed(3);
        let targets: Vec<u32> = (0..n).map(|_| rng.u32(0..n_class as u32)).collect();
        check(
            &[input([n, n_class], 1, factor)],
            |x| forward::cross_entropy(&x[0], &targets),
            |device, x| {
                kernels::cross_entropy(x[0].clone(), &words(&targets, device)).unsqueeze_dim(1)
            },
        );
    }
}
