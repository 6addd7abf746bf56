//! `Gradients` on the CPU: f32, every core, vectorised.

use burn::{
    backend::{Flex, TensorMetadata},
    tensor::{DType, Shape},
};
use burn_flex::FlexTensor;

use super::flex::{floats, words, zeros};
use crate::{
    gradients::{
        Gradients, activation,
        attention::{self, Shape as AttentionShape},
        cross_entropy, embedding,
        linear::{self, Sizes},
        norm, rope,
    },
    sizes::RopeHeads,
};

fn rows_cols(x: &FlexTensor) -> [usize; 2] {
    let shape = x.shape();
    [shape[0], shape[1]]
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(burn::tensor::TensorData::new(values, shape))
}

/// For reading: a view of neighbouring rows stays as it is.
fn contiguous(x: FlexTensor) -> FlexTensor {
    match x.as_slice::<f32>() {
        Some(_) => x,
        None => x.to_contiguous(),
    }
}

/// For writing: `storage_mut` is the whole buffer, of which a view of some rows is only a part.
fn whole(x: FlexTensor) -> FlexTensor {
    x.to_contiguous()
}

impl Gradients for Flex {
    fn linear(
        x: FlexTensor,
        weight: FlexTensor,
        bias: Option<FlexTensor>,
        out: FlexTensor,
        sizes: Sizes,
        accumulate: bool,
    ) -> FlexTensor {
        let mut out = whole(out);
        let (x, bias) = (contiguous(x), bias.as_ref().map(floats));
        let (x, weight) = (floats(&x), floats(&weight));
        linear::forward(x, weight, bias, out.storage_mut(), sizes, accumulate);
        out
    }

    fn linear_input(weight: FlexTensor, grad: FlexTensor, sizes: Sizes) -> FlexTensor {
        let mut dx = zeros(sizes.n, sizes.k);
        let grad = contiguous(grad);
        linear::backward_input(floats(&weight), floats(&grad), dx.storage_mut(), sizes);
        dx
    }

    fn linear_weight(x: FlexTensor, grad: FlexTensor, sizes: Sizes) -> FlexTensor {
        let (x, grad) = (contiguous(x), contiguous(grad));
        let dw = linear::backward_weight(floats(&x), floats(&grad), sizes);
        tensor(dw, [sizes.m, sizes.k])
    }

    fn linear_bias(grad: FlexTensor, sizes: Sizes) -> FlexTensor {
        let grad = contiguous(grad);
        tensor(linear::backward_bias(floats(&grad), sizes), [sizes.m])
    }

    fn norm(x: FlexTensor, weight: FlexTensor, eps: f32) -> FlexTensor {
        let [n, width] = rows_cols(&x);
        let mut out = zeros(n, width);
        norm::forward(floats(&x), floats(&weight), out.storage_mut(), eps);
        out
    }

    fn norm_backward(
        x: FlexTensor,
        weight: FlexTensor,
        grad: FlexTensor,
        eps: f32,
    ) -> [FlexTensor; 2] {
        let [n, width] = rows_cols(&x);
        let grad = contiguous(grad);
        let (x, weight, grad) = (floats(&x), floats(&weight), floats(&grad));
        let mut dx = zeros(n, width);
        norm::backward_input(x, weight, grad, dx.storage_mut(), eps);
        let dw = norm::backward_weight(x, grad, width, eps);
        [dx, tensor(dw, [width])]
    }

    fn rotate(
        qkv: FlexTensor,
        cosines: FlexTensor,
        sines: FlexTensor,
        heads: RopeHeads,
        back: bool,
    ) -> FlexTensor {
        let mut qkv = whole(qkv);
        let (cosines, sines) = (floats(&cosines), floats(&sines));
        rope::rotate(qkv.storage_mut(), cosines, sines, heads, back);
        qkv
    }

    fn attention(qkv: FlexTensor, spans: FlexTensor, shape: AttentionShape) -> FlexTensor {
        let mut out = zeros(rows_cols(&qkv)[0], shape.out_width());
        attention::forward(floats(&qkv), words(&spans), out.storage_mut(), shape);
        out
    }

    fn attention_backward(
        qkv: FlexTensor,
        spans: FlexTensor,
        grad: FlexTensor,
        shape: AttentionShape,
    ) -> FlexTensor {
        let [n, width] = rows_cols(&qkv);
        let grad = contiguous(grad);
        let mut d_qkv = zeros(n, width);
        let (qkv, spans, grad) = (floats(&qkv), words(&spans), floats(&grad));
        attention::backward(qkv, spans, grad, d_qkv.storage_mut(), shape);
        d_qkv
    }

    fn swiglu(x: FlexTensor) -> FlexTensor {
        let [n, width] = rows_cols(&x);
        let mut out = zeros(n, width / 2);
        activation::swiglu(floats(&x), out.storage_mut(), width / 2);
        out
    }

    fn swiglu_backward(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        let [n, width] = rows_cols(&x);
        let grad = contiguous(grad);
        let mut dx = zeros(n, width);
        activation::swiglu_backward(floats(&x), floats(&grad), dx.storage_mut(), width / 2);
        dx
    }

    fn gelu(x: FlexTensor) -> FlexTensor {
        let [n, width] = rows_cols(&x);
        let mut out = zeros(n, width);
        activation::gelu(floats(&x), out.storage_mut());
        out
    }

    fn gelu_backward(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        let [n, width] = rows_cols(&x);
        let grad = contiguous(grad);
        let mut dx = zeros(n, width);
        activation::gelu_backward(floats(&x), floats(&grad), dx.storage_mut());
        dx
    }

    fn embedding(source: FlexTensor, table: FlexTensor, image: FlexTensor) -> FlexTensor {
        let width = rows_cols(&table)[1];
        let mut out = zeros(source.shape()[0], width);
        let (source, table, image) = (words(&source), floats(&table), floats(&image));
        embedding::forward(source, table, image, out.storage_mut(), width);
        out
    }

    fn embedding_backward(
        source: FlexTensor,
        grad: FlexTensor,
        n_rows: usize,
        n_image: usize,
    ) -> [FlexTensor; 2] {
        let grad = contiguous(grad);
        let width = rows_cols(&grad)[1];
        let [mut table, mut image] = [zeros(n_rows, width), zeros(n_image, width)];
        let (d_table, d_image) = (table.storage_mut(), image.storage_mut());
        embedding::backward(words(&source), floats(&grad), d_table, d_image, width);
        [table, image]
    }

    fn cross_entropy(logits: FlexTensor, targets: FlexTensor) -> FlexTensor {
        let [n, n_class] = rows_cols(&logits);
        let mut out = FlexTensor::zeros(Shape::from([n]), DType::F32);
        let logits = contiguous(logits);
        let (logits, targets) = (floats(&logits), words(&targets));
        cross_entropy::forward(logits, targets, out.storage_mut(), n_class);
        out
    }

    fn cross_entropy_backward(
        logits: FlexTensor,
        targets: FlexTensor,
        grad: FlexTensor,
    ) -> FlexTensor {
        let [n, n_class] = rows_cols(&logits);
        let (logits, grad) = (contiguous(logits), contiguous(grad));
        let mut out = zeros(n, n_class);
        let (logits, targets, grad) = (floats(&logits), words(&targets), floats(&grad));
        cross_entropy::backward(logits, targets, grad, out.storage_mut(), n_class);
        out
    }
}
