//! What training asks of a backend besides `Kernels`: forward passes in f32 and the gradients of every kernel
//! with dense weights. The tab's engine leaves this out.

pub mod activation;
pub mod attention;
pub mod cross_entropy;
pub mod embedding;
pub mod linear;
pub mod norm;
pub mod plain;
pub mod rope;
pub mod simd;

use burn::backend::{
    Backend,
    tensor::{FloatTensor, IntTensor},
};

use crate::sizes::RopeHeads;
use linear::Sizes;

/// Forward and backward passes on plain tensors; shapes are in the modules of the same names.
pub trait Gradients: Backend {
    /// `x · wᵀ + bias` into columns of `out`.
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
        out: FloatTensor<Self>,
        sizes: Sizes,
        accumulate: bool,
    ) -> FloatTensor<Self>;

    /// Gradient of x.
    fn linear_input(
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        sizes: Sizes,
    ) -> FloatTensor<Self>;

    /// Gradient of the weight.
    fn linear_weight(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        sizes: Sizes,
    ) -> FloatTensor<Self>;

    /// Gradient of the bias.
    fn linear_bias(grad: FloatTensor<Self>, sizes: Sizes) -> FloatTensor<Self>;

    /// RMS norm.
    fn norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f32) -> FloatTensor<Self>;

    /// Gradients of x and of the weight.
    fn norm_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        eps: f32,
    ) -> [FloatTensor<Self>; 2];

    /// Rotates in place; with `back`, by the opposite angle.
    fn rotate(
        qkv: FloatTensor<Self>,
        cosines: FloatTensor<Self>,
        sines: FloatTensor<Self>,
        heads: RopeHeads,
        back: bool,
    ) -> FloatTensor<Self>;

    /// Context and image map of every row.
    fn attention(
        qkv: FloatTensor<Self>,
        spans: IntTensor<Self>,
        shape: attention::Shape,
    ) -> FloatTensor<Self>;

    /// Gradient of qkv.
    fn attention_backward(
        qkv: FloatTensor<Self>,
        spans: IntTensor<Self>,
        grad: FloatTensor<Self>,
        shape: attention::Shape,
    ) -> FloatTensor<Self>;

    /// `silu(gate) · up`.
    fn swiglu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Gradient of x.
    fn swiglu_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Exact GELU.
    fn gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Gradient of x.
    fn gelu_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Table rows and image rows by token.
    fn embedding(
        source: IntTensor<Self>,
        table: FloatTensor<Self>,
        image: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradients of the table [n_rows, width] and of the image rows [n_image, width].
    fn embedding_backward(
        source: IntTensor<Self>,
        grad: FloatTensor<Self>,
        n_rows: usize,
        n_image: usize,
    ) -> [FloatTensor<Self>; 2];

    /// −log softmax of the target, per row.
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self>;

    /// Gradient of the logits.
    fn cross_entropy_backward(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}
