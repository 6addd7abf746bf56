//! The fused loops of the CPU against the plain operations on the same backend, over random shapes.

use burn::backend::{Flex, tensor::FloatTensor};
use burn::tensor::{Device, Int, Tensor};
use fastrand::Rng;
use kernels::{
    Heads, IMAGE_ROW, RopeHeads,
    gradients::{
        Gradients,
        attention::{Shape, Span},
        linear::Sizes,
        plain,
    },
};

use super::device::{assert_close, wide, word_table};
use super::span;
use crate::bench::{tensor, values, words};

const N_SHAPE: u64 = 25;

fn floats<const D: usize>(x: &Tensor<D>) -> FloatTensor<Flex> {
    x.clone()
        .try_into_primitive::<Flex>()
        .expect("a tensor of the CPU")
}

fn ints<const D: usize>(x: &Tensor<D, Int>) -> burn::backend::tensor::IntTensor<Flex> {
    x.clone()
        .try_into_primitive::<Flex>()
        .expect("a tensor of the CPU")
}

/// Random [n, width].
fn table(rng: &mut Rng, [n, width]: [usize; 2]) -> Tensor<2> {
    let numbers: Vec<f32> = (0..n * width).map(|_| rng.f32() * 4.0 - 2.0).collect();
    tensor(&numbers, [n, width], &Device::flex())
}

/// Random [width].
fn row(rng: &mut Rng, width: usize) -> Tensor<1> {
    table(rng, [1, width]).squeeze_dim(0)
}

/// Runs `compare` with `N_SHAPE` seeds.
fn over_shapes(compare: impl Fn(&mut Rng)) {
    for seed in 0..N_SHAPE {
        compare(&mut Rng::with_seed(seed));
    }
}

fn assert_same<const D: usize>(what: &str, fused: FloatTensor<Flex>, plain: Tensor<D>) {
    let fused = Tensor::<D>::from_primitive::<Flex>(fused);
    assert_eq!(fused.dims(), plain.dims(), "{what}");
    let what = format!("{what} {:?}", plain.dims());
    assert_close(&what, 1e-5, &values(fused), &wide(&values(plain)));
}

#[test]
fn linear() {
    over_shapes(|rng| {
        let (n, k, m) = (rng.usize(1..150), rng.usize(1..70), rng.usize(1..70));
        let column = rng.usize(0..9);
        let sizes = Sizes {
            n,
            k,
            m,
            width: column + m + rng.usize(0..9),
            column,
        };
        let [x, w] = [[n, k], [m, k]].map(|size| table(rng, size));
        let [out, g] = [0, 1].map(|_| table(rng, [n, sizes.width]));
        let b = row(rng, m);
        for (bias, accumulate) in [(true, true), (true, false), (false, true), (false, false)] {
            let bias = bias.then_some(&b);
            let y = Flex::linear(
                floats(&x),
                floats(&w),
                bias.map(floats),
                floats(&out),
                sizes,
                accumulate,
            );
            let (x, w, out) = (x.clone(), w.clone(), out.clone());
            assert_same(
                "y",
                y,
                plain::linear(x, w, bias.cloned(), out, sizes, accumulate),
            );
        }
        let dx = Flex::linear_input(floats(&w), floats(&g), sizes);
        assert_same("dx", dx, plain::linear_input(w, g.clone(), sizes));
        let dw = Flex::linear_weight(floats(&x), floats(&g), sizes);
        assert_same("dw", dw, plain::linear_weight(x, g.clone(), sizes));
        assert_same(
            "db",
            Flex::linear_bias(floats(&g), sizes),
            plain::linear_bias(g, sizes),
        );
    });
}

#[test]
fn norm() {
    over_shapes(|rng| {
        let size = [rng.usize(1..150), rng.usize(1..90)];
        let (x, w, g) = (table(rng, size), row(rng, size[1]), table(rng, size));
        let y = Flex::norm(floats(&x), floats(&w), 1e-6);
        assert_same("y", y, plain::norm(x.clone(), w.clone(), 1e-6));
        let [dx, dw] = Flex::norm_backward(floats(&x), floats(&w), floats(&g), 1e-6);
        let (plain_dx, plain_dw) = plain::norm_backward(x, w, g, 1e-6);
        assert_same("dx", dx, plain_dx);
        assert_same("dw", dw, plain_dw);
    });
}

#[test]
fn rotate() {
    over_shapes(|rng| {
        let (n, n_heads, half) = (rng.usize(1..150), rng.usize(1..6), rng.usize(1..20));
        let n_rotated = rng.usize(1..=n_heads);
        let heads = RopeHeads {
            n_heads,
            n_rotated,
            head_dim: 2 * half,
        };
        let qkv = table(rng, [n, n_heads * heads.head_dim]);
        let [cos, sin] = [0, 1].map(|_| table(rng, [n, half]));
        for back in [false, true] {
            let y = Flex::rotate(floats(&qkv), floats(&cos), floats(&sin), heads, back);
            let (qkv, cos, sin) = (qkv.clone(), cos.clone(), sin.clone());
            assert_same("y", y, plain::rotate(qkv, cos, sin, heads, back));
        }
    });
}

/// A few sequences of the kinds in `span`, one after the other.
fn sequences(rng: &mut Rng, n_image: usize) -> Vec<Span> {
    let mut spans = Vec::new();
    for _ in 0..rng.usize(1..4) {
        let first = spans.len();
        let image = rng.usize(0..4);
        let blind = image + n_image + rng.usize(0..5);
        let n_rows = blind + rng.usize(1..30);
        spans.extend(match rng.u8(0..4) {
            0 => span::causal(first, n_rows, first + image),
            1 => span::windows(&[first, first + rng.usize(1..20)]),
            2 => {
                let lengths: Vec<usize> = (0..3).map(|_| rng.usize(1..9)).collect();
                span::answers(first, blind + 1, &lengths, first + image)
            }
            _ => {
                let hole = [first + image, first + image + n_image];
                span::hidden(first, n_rows, hole, first + blind)
            }
        });
    }
    spans
}

#[test]
fn attention() {
    over_shapes(|rng| {
        let (n_kv_heads, group) = (rng.usize(1..4), rng.usize(1..4));
        let head_dim = 2 * rng.usize(1..20);
        let heads = Heads {
            n_heads: n_kv_heads * group,
            n_kv_heads,
            head_dim,
        };
        let shape = Shape {
            heads,
            n_image: rng.usize(0..12),
        };
        let spans = sequences(rng, shape.n_image);
        let n = spans.len();
        let spans = word_table(&span::table(&spans), [n, 5], &Device::flex());
        let qkv = table(rng, [n, shape.in_width()]);
        let g = table(rng, [n, shape.out_width()]);
        let y = Flex::attention(floats(&qkv), ints(&spans), shape);
        assert_same("y", y, plain::attention(qkv.clone(), spans.clone(), shape));
        let d_qkv = Flex::attention_backward(floats(&qkv), ints(&spans), floats(&g), shape);
        assert_same(
            "d qkv",
            d_qkv,
            plain::attention_backward(qkv, spans, g, shape),
        );
    });
}

#[test]
fn activations() {
    over_shapes(|rng| {
        let (n, width) = (rng.usize(1..150), rng.usize(1..90));
        let [x, g] = [2 * width, width].map(|width| table(rng, [n, width]));
        assert_same("swiglu", Flex::swiglu(floats(&x)), plain::swiglu(x.clone()));
        let dx = Flex::swiglu_backward(floats(&x), floats(&g));
        assert_same("swiglu dx", dx, plain::swiglu_backward(x.clone(), g));
        let g = table(rng, [n, 2 * width]);
        assert_same("gelu", Flex::gelu(floats(&x)), plain::gelu(x.clone()));
        let dx = Flex::gelu_backward(floats(&x), floats(&g));
        assert_same("gelu dx", dx, plain::gelu_backward(x, g));
    });
}

#[test]
fn embedding() {
    over_shapes(|rng| {
        let (n, width) = (rng.usize(1..150), rng.usize(1..40));
        let (n_rows, n_image) = (rng.usize(1..30), rng.usize(1..9));
        let source: Vec<u32> = (0..n)
            .map(|_| match rng.bool() {
                true => rng.u32(0..n_rows as u32),
                false => IMAGE_ROW + rng.u32(0..n_image as u32),
            })
            .collect();
        let source = words(&source, &Device::flex());
        let [rows, image, g] = [n_rows, n_image, n].map(|n| table(rng, [n, width]));
        let y = Flex::embedding(ints(&source), floats(&rows), floats(&image));
        assert_same("y", y, plain::embedding(source.clone(), rows, image));
        let fused = Flex::embedding_backward(ints(&source), floats(&g), n_rows, n_image);
        let plain = plain::embedding_backward(source, g, n_rows, n_image);
        for (fused, plain) in fused.into_iter().zip(plain) {
            assert_same("d rows", fused, plain);
        }
    });
}

#[test]
fn cross_entropy() {
    over_shapes(|rng| {
        let (n, n_class) = (rng.usize(1..150), rng.usize(1..70));
        let targets: Vec<u32> = (0..n).map(|_| rng.u32(0..n_class as u32)).collect();
        let targets = words(&targets, &Device::flex());
        let (logits, g) = (table(rng, [n, n_class]), row(rng, n));
        let y = Flex::cross_entropy(floats(&logits), ints(&targets));
        assert_same(
            "y",
            y,
            plain::cross_entropy(logits.clone(), targets.clone()),
        );
        let d = Flex::cross_entropy_backward(floats(&logits), ints(&targets), floats(&g));
        assert_same(
            "d logits",
            d,
            plain::cross_entropy_backward(logits, targets, g),
        );
    });
}
