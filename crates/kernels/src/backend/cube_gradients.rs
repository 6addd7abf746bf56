//! `Gradients` on the GPU, by the plain operations of `gradients::plain`.

use burn::tensor::{Int, Tensor};
use burn_wgpu::{CubeBackend, CubeTensor};

use crate::{
    gradients::{Gradients, attention::Shape, linear::Sizes, plain},
    sizes::RopeHeads,
};

const SAME_BACKEND: &str = "plain operations stay on the backend of their inputs";

fn floats<const D: usize>(x: CubeTensor) -> Tensor<D> {
    Tensor::from_primitive::<CubeBackend>(x)
}

fn words<const D: usize>(x: CubeTensor) -> Tensor<D, Int> {
    Tensor::from_primitive::<CubeBackend>(x)
}

fn primitive<const D: usize>(x: Tensor<D>) -> CubeTensor {
    x.try_into_primitive::<CubeBackend>().expect(SAME_BACKEND)
}

impl Gradients for CubeBackend {
    fn linear(
        x: CubeTensor,
        weight: CubeTensor,
        bias: Option<CubeTensor>,
        out: CubeTensor,
        sizes: Sizes,
        accumulate: bool,
    ) -> CubeTensor {
        let [x, weight, out] = [x, weight, out].map(floats);
        primitive(plain::linear(
            x,
            weight,
            bias.map(floats),
            out,
            sizes,
            accumulate,
        ))
    }

    fn linear_input(weight: CubeTensor, grad: CubeTensor, sizes: Sizes) -> CubeTensor {
        primitive(plain::linear_input(floats(weight), floats(grad), sizes))
    }

    fn linear_weight(x: CubeTensor, grad: CubeTensor, sizes: Sizes) -> CubeTensor {
        primitive(plain::linear_weight(floats(x), floats(grad), sizes))
    }

    fn linear_bias(grad: CubeTensor, sizes: Sizes) -> CubeTensor {
        primitive(plain::linear_bias(floats(grad), sizes))
    }

    fn norm(x: CubeTensor, weight: CubeTensor, eps: f32) -> CubeTensor {
        primitive(plain::norm(floats(x), floats(weight), eps))
    }

    fn norm_backward(
        x: CubeTensor,
        weight: CubeTensor,
        grad: CubeTensor,
        eps: f32,
    ) -> [CubeTensor; 2] {
        let (dx, dw) = plain::norm_backward(floats(x), floats(weight), floats(grad), eps);
        [primitive(dx), primitive(dw)]
    }

    fn rotate(
        qkv: CubeTensor,
        cosines: CubeTensor,
        sines: CubeTensor,
        heads: RopeHeads,
        back: bool,
    ) -> CubeTensor {
        let [qkv, cosines, sines] = [qkv, cosines, sines].map(floats);
        primitive(plain::rotate(qkv, cosines, sines, heads, back))
    }

    fn attention(qkv: CubeTensor, spans: CubeTensor, shape: Shape) -> CubeTensor {
        primitive(plain::attention(floats(qkv), words(spans), shape))
    }

    fn attention_backward(
        qkv: CubeTensor,
        spans: CubeTensor,
        grad: CubeTensor,
        shape: Shape,
    ) -> CubeTensor {
        primitive(plain::attention_backward(
            floats(qkv),
            words(spans),
            floats(grad),
            shape,
        ))
    }

    fn swiglu(x: CubeTensor) -> CubeTensor {
        primitive(plain::swiglu(floats(x)))
    }

    fn swiglu_backward(x: CubeTensor, grad: CubeTensor) -> CubeTensor {
        primitive(plain::swiglu_backward(floats(x), floats(grad)))
    }

    fn gelu(x: CubeTensor) -> CubeTensor {
        primitive(plain::gelu(floats(x)))
    }

    fn gelu_backward(x: CubeTensor, grad: CubeTensor) -> CubeTensor {
        primitive(plain::gelu_backward(floats(x), floats(grad)))
    }

    fn embedding(source: CubeTensor, table: CubeTensor, image: CubeTensor) -> CubeTensor {
        primitive(plain::embedding(
            words(source),
            floats(table),
            floats(image),
        ))
    }

    fn embedding_backward(
        source: CubeTensor,
        grad: CubeTensor,
        n_rows: usize,
        n_image: usize,
    ) -> [CubeTensor; 2] {
        plain::embedding_backward(words(source), floats(grad), n_rows, n_image).map(primitive)
    }

    fn cross_entropy(logits: CubeTensor, targets: CubeTensor) -> CubeTensor {
        primitive(plain::cross_entropy(floats(logits), words(targets)))
    }

    fn cross_entropy_backward(
        logits: CubeTensor,
        targets: CubeTensor,
        grad: CubeTensor,
    ) -> CubeTensor {
        primitive(plain::cross_entropy_backward(
            floats(logits),
            words(targets),
            floats(grad),
        ))
    }
}
