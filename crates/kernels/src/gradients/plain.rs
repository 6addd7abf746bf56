//! Every method of `Gradients` once more in plain operations of Burn: obvious rather than fast, on every
//! backend. The GPU trains by these, and the tests hold the fused loops of the CPU against them.
//!
//! The formulas are the textbook's, y being the forward pass and g the gradient of y: what each function
//! computes is written above it.

mod attention;

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use burn::tensor::{
    DType, IndexingUpdateOp, Int, Tensor,
    activation::{log_softmax, sigmoid, softmax},
};

use super::linear::Sizes;
use crate::sizes::{IMAGE_ROW, RopeHeads};

pub use attention::{attention, attention_backward};

/// y = x · wᵀ + bias, written or with `accumulate` added to our columns of `out` [n, width]; x [n, k], w [m, k],
/// bias [m].
pub fn linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    out: Tensor<2>,
    sizes: Sizes,
    accumulate: bool,
) -> Tensor<2> {
    let mut y = x.matmul(weight.transpose());
    if let Some(bias) = bias {
        y = y + bias.unsqueeze();
    }
    if accumulate {
        y = y + columns(out.clone(), sizes);
    }
    let ours = sizes.column..sizes.column + sizes.m;
    out.slice_assign([0..sizes.n, ours], y)
}

/// dx = g · w, where g are our columns of `grad` [n, width] → [n, k]
pub fn linear_input(weight: Tensor<2>, grad: Tensor<2>, sizes: Sizes) -> Tensor<2> {
    columns(grad, sizes).matmul(weight)
}

/// dw = gᵀ · x → [m, k]
pub fn linear_weight(x: Tensor<2>, grad: Tensor<2>, sizes: Sizes) -> Tensor<2> {
    columns(grad, sizes).transpose().matmul(x)
}

/// db = Σ over rows of g → [m]
pub fn linear_bias(grad: Tensor<2>, sizes: Sizes) -> Tensor<1> {
    columns(grad, sizes).sum_dim(0).squeeze_dim(0)
}

fn columns(table: Tensor<2>, sizes: Sizes) -> Tensor<2> {
    table.narrow(1, sizes.column, sizes.m)
}

/// r = 1 / sqrt(mean(x²) + eps) → [n, 1]
fn norm_scale(x: &Tensor<2>, eps: f32) -> Tensor<2> {
    let mean = (x.clone() * x.clone()).mean_dim(1);
    mean.add_scalar(eps).sqrt().recip()
}

/// y = w·x·r: x [n, width], w [width].
pub fn norm(x: Tensor<2>, weight: Tensor<1>, eps: f32) -> Tensor<2> {
    let r = norm_scale(&x, eps);
    x * r * weight.unsqueeze()
}

/// dx = r·w·g − x · r³ · mean(w·g·x) and dw = Σ over rows of g·x·r → [n, width], [width]
pub fn norm_backward(
    x: Tensor<2>,
    weight: Tensor<1>,
    grad: Tensor<2>,
    eps: f32,
) -> (Tensor<2>, Tensor<1>) {
    let r = norm_scale(&x, eps);
    let wg = grad.clone() * weight.unsqueeze();
    let along = (wg.clone() * x.clone()).mean_dim(1) * r.clone() * r.clone() * r.clone();
    let dx = wg * r.clone() - x.clone() * along;
    let dw = (grad * x * r).sum_dim(0).squeeze_dim(0);
    (dx, dw)
}

/// (a, b) → (a·cos − b·sin, b·cos + a·sin) for the halves a and b of the first heads of every row; with `back`
/// by the opposite angle, which is the gradient. qkv [n, n_heads · head_dim], tables [n, head_dim / 2].
pub fn rotate(
    qkv: Tensor<2>,
    cosines: Tensor<2>,
    sines: Tensor<2>,
    heads: RopeHeads,
    back: bool,
) -> Tensor<2> {
    let [n, _] = qkv.dims();
    let (half, width) = (heads.head_dim / 2, heads.n_rotated * heads.head_dim);
    let halves = qkv
        .clone()
        .slice([0..n, 0..width])
        .reshape([n, heads.n_rotated, 2, half]);
    let [a, b] = [0, 1].map(|at| halves.clone().narrow(2, at, 1));
    let [cos, sin] = [cosines, sines].map(|table| table.reshape([n, 1, 1, half]));
    let sin = if back { -sin } else { sin };
    let turned_a = a.clone() * cos.clone() - b.clone() * sin.clone();
    let turned_b = b * cos + a * sin;
    let turned = Tensor::cat(vec![turned_a, turned_b], 2).reshape([n, width]);
    qkv.slice_assign([0..n, 0..width], turned)
}

fn gate_and_up(x: Tensor<2>) -> [Tensor<2>; 2] {
    let width = x.dims()[1] / 2;
    [0, width].map(|first| x.clone().narrow(1, first, width))
}

/// y = gate · σ(gate) · up: x [n, 2 · width] → [n, width]
pub fn swiglu(x: Tensor<2>) -> Tensor<2> {
    let [gate, up] = gate_and_up(x);
    gate.clone() * sigmoid(gate) * up
}

/// d gate = g · up · σ · (1 + gate · (1 − σ)) and d up = g · gate · σ → [n, 2 · width]
pub fn swiglu_backward(x: Tensor<2>, grad: Tensor<2>) -> Tensor<2> {
    let [gate, up] = gate_and_up(x);
    let s = sigmoid(gate.clone());
    let slope = s.clone() * (gate.clone() * (-s.clone()).add_scalar(1.0)).add_scalar(1.0);
    Tensor::cat(vec![grad.clone() * up * slope, grad * gate * s], 1)
}

/// Φ, the normal distribution function.
fn normal_cdf(x: Tensor<2>) -> Tensor<2> {
    x.mul_scalar(FRAC_1_SQRT_2)
        .erf()
        .add_scalar(1.0)
        .mul_scalar(0.5)
}

/// y = x · Φ(x): [n, width]
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    x.clone() * normal_cdf(x)
}

/// dx = g · (Φ(x) + x · φ(x)), φ the normal density.
pub fn gelu_backward(x: Tensor<2>, grad: Tensor<2>) -> Tensor<2> {
    let density = (x.clone() * x.clone())
        .mul_scalar(-0.5)
        .exp()
        .mul_scalar(1.0 / TAU.sqrt());
    grad * (normal_cdf(x.clone()) + x * density)
}

/// Where `source` [n] names an image row, as [n, 1]; rows of the table and of the image, 0 where it is the other.
fn rows_of_source(source: Tensor<1, Int>) -> (Tensor<2, burn::tensor::Bool>, [Tensor<1, Int>; 2]) {
    let is_image = source.clone().greater_equal_elem(IMAGE_ROW);
    let table_row = source.clone().mask_fill(is_image.clone(), 0);
    let image_row = source.mask_fill(is_image.clone().bool_not(), IMAGE_ROW);
    (
        is_image.unsqueeze_dim(1),
        [table_row, image_row.sub_scalar(IMAGE_ROW)],
    )
}

/// y = table[source], or image[source − `IMAGE_ROW`]: source [n], table [n_rows, width], image [n_image, width]
/// (or any [1, 1] where no source is an image row) → [n, width]
pub fn embedding(source: Tensor<1, Int>, table: Tensor<2>, image: Tensor<2>) -> Tensor<2> {
    let size = [source.dims()[0], table.dims()[1]];
    let (is_image, [table_row, image_row]) = rows_of_source(source);
    let image = image.select(0, image_row).expand(size);
    table
        .select(0, table_row)
        .mask_where(is_image.expand(size), image)
}

/// Sums of g over the tokens of each row → [n_rows, width], [n_image, width]
pub fn embedding_backward(
    source: Tensor<1, Int>,
    grad: Tensor<2>,
    n_rows: usize,
    n_image: usize,
) -> [Tensor<2>; 2] {
    let [n, width] = grad.dims();
    let device = grad.device();
    let (is_image, [table_row, image_row]) = rows_of_source(source);
    let is_image = is_image.expand([n, width]);
    let sum = |n_rows: usize, rows: Tensor<1, Int>, grad: Tensor<2>| {
        let zeros = Tensor::zeros([n_rows, width], (&device, DType::F32));
        zeros.select_assign(0, rows, grad, IndexingUpdateOp::Add)
    };
    let of_table = grad.clone().mask_fill(is_image.clone(), 0.0);
    let of_image = grad.mask_fill(is_image.bool_not(), 0.0);
    [
        sum(n_rows, table_row, of_table),
        sum(n_image, image_row, of_image),
    ]
}

/// y = −log softmax(logits)[target]: logits [n, n_class], targets [n] → [n]
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let logs = log_softmax(logits, 1).gather(1, targets.unsqueeze_dim(1));
    -logs.squeeze_dim(1)
}

/// d logits = g · (softmax − one-hot) → [n, n_class]
pub fn cross_entropy_backward(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    grad: Tensor<1>,
) -> Tensor<2> {
    let [n, n_class] = logits.dims();
    let classes = Tensor::<1, Int>::arange(0..n_class as i64, (&targets.device(), targets.dtype()));
    let size = [n, n_class];
    let targets: Tensor<2, Int> = targets.unsqueeze_dim(1);
    let one_hot = targets
        .expand(size)
        .equal(classes.unsqueeze::<2>().expand(size));
    (softmax(logits, 1) - one_hot.float()) * grad.unsqueeze_dim(1)
}
