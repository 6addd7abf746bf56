//! `Kernels` on the CPU.

use burn::{
    backend::{Flex, TensorMetadata},
    tensor::{DType, Shape},
};
use burn_flex::FlexTensor;

use super::Kernels;
use crate::{
    cpu,
    sizes::{Heads, ProbeLayer, RopeHeads, Segment, Table},
};

const CONTIGUOUS: &str = "kernels are given contiguous tensors of their own type";

pub(super) fn floats(x: &FlexTensor) -> &[f32] {
    x.as_slice().expect(CONTIGUOUS)
}

pub(super) fn words(x: &FlexTensor) -> &[u32] {
    x.as_slice().expect(CONTIGUOUS)
}

fn bits(x: &FlexTensor) -> &[u32] {
    bytemuck::cast_slice(floats(x))
}

pub(super) fn zeros(n_rows: usize, n_cols: usize) -> FlexTensor {
    FlexTensor::zeros(Shape::from([n_rows, n_cols]), DType::F32)
}

fn slot(n_past: &FlexTensor) -> usize {
    words(n_past)[0] as usize
}

impl Kernels for Flex {
    fn matmul(
        x: FlexTensor,
        packed: FlexTensor,
        scales: FlexTensor,
        bias: FlexTensor,
        mut out: FlexTensor,
        segment: Segment,
    ) -> FlexTensor {
        let n_columns = out.shape()[1];
        let (x, packed, scales, bias) = (floats(&x), words(&packed), words(&scales), floats(&bias));
        let out_floats = out.storage_mut();
        cpu::matmul::matmul(x, packed, scales, bias, out_floats, &segment, n_columns);
        out
    }

    fn matmul_dense(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        mut out: FlexTensor,
        segment: Segment,
    ) -> FlexTensor {
        let n_columns = out.shape()[1];
        let (x, weight, bias) = (floats(&x), bits(&weight), floats(&bias));
        let out_floats = out.storage_mut();
        cpu::matmul::matmul(x, weight, &[], bias, out_floats, &segment, n_columns);
        out
    }

    fn embedding(
        source: FlexTensor,
        packed: FlexTensor,
        scales: FlexTensor,
        image: FlexTensor,
        mut out: FlexTensor,
        table: Table,
    ) -> FlexTensor {
        let (source, image) = (words(&source), floats(&image));
        let (packed, scales) = (words(&packed), words(&scales));
        cpu::embedding::embedding(source, packed, scales, image, out.storage_mut(), &table);
        out
    }

    fn embedding_dense(
        source: FlexTensor,
        weight: FlexTensor,
        image: FlexTensor,
        mut out: FlexTensor,
        table: Table,
    ) -> FlexTensor {
        let (source, weight, image) = (words(&source), bits(&weight), floats(&image));
        cpu::embedding::embedding(source, weight, &[], image, out.storage_mut(), &table);
        out
    }

    fn norm(x: FlexTensor, weight: FlexTensor, eps: f32) -> FlexTensor {
        let mut out = zeros(x.shape()[0], x.shape()[1]);
        cpu::norm::norm(floats(&x), floats(&weight), out.storage_mut(), eps);
        out
    }

    fn rope(
        mut qkv: FlexTensor,
        cosines: FlexTensor,
        sines: FlexTensor,
        heads: RopeHeads,
    ) -> FlexTensor {
        cpu::rope::rope(qkv.storage_mut(), floats(&cosines), floats(&sines), heads);
        qkv
    }

    fn mrope(
        mut qkv: FlexTensor,
        cosines: FlexTensor,
        sines: FlexTensor,
        n_past: FlexTensor,
        mut keys: FlexTensor,
        mut values: FlexTensor,
        heads: Heads,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        cpu::mrope::mrope(
            qkv.storage_mut(),
            floats(&cosines),
            floats(&sines),
            slot(&n_past),
            keys.storage_mut(),
            values.storage_mut(),
            heads,
        );
        (qkv, keys, values)
    }

    fn attention_window(qkv: FlexTensor, borders: FlexTensor, n_heads: usize) -> FlexTensor {
        let (n_rows, width) = (qkv.shape()[0], qkv.shape()[1] / 3);
        let mut out = zeros(n_rows, width);
        cpu::attention_window::attention_window(
            floats(&qkv),
            words(&borders),
            out.storage_mut(),
            n_heads,
            width / n_heads,
        );
        out
    }

    fn attention_prefill(
        qkv: FlexTensor,
        keys: FlexTensor,
        values: FlexTensor,
        n_past: FlexTensor,
        heads: Heads,
    ) -> FlexTensor {
        let mut out = zeros(qkv.shape()[0], heads.n_heads * heads.head_dim);
        cpu::attention_prefill::attention_prefill(
            floats(&qkv),
            floats(&keys),
            floats(&values),
            slot(&n_past),
            out.storage_mut(),
            heads,
        );
        out
    }

    fn attention_decode(
        qkv: FlexTensor,
        keys: FlexTensor,
        values: FlexTensor,
        n_past: FlexTensor,
        mut probabilities: FlexTensor,
        heads: Heads,
    ) -> (FlexTensor, FlexTensor) {
        let mut out = zeros(1, heads.n_heads * heads.head_dim);
        cpu::attention_decode::attention_decode(
            floats(&qkv),
            floats(&keys),
            floats(&values),
            slot(&n_past),
            out.storage_mut(),
            probabilities.storage_mut(),
            heads,
        );
        (out, probabilities)
    }

    fn probe(
        probabilities: FlexTensor,
        roles: FlexTensor,
        n_past: FlexTensor,
        mut readout: FlexTensor,
        at: ProbeLayer,
    ) -> FlexTensor {
        let (probabilities, roles) = (floats(&probabilities), words(&roles));
        cpu::probe::probe(
            probabilities,
            roles,
            slot(&n_past),
            readout.storage_mut(),
            at,
        );
        readout
    }

    fn swiglu(x: FlexTensor) -> FlexTensor {
        let n_cols = x.shape()[1] / 2;
        let mut out = zeros(x.shape()[0], n_cols);
        cpu::swiglu::swiglu(floats(&x), out.storage_mut(), n_cols);
        out
    }

    fn gelu(mut x: FlexTensor) -> FlexTensor {
        cpu::gelu::gelu(x.storage_mut());
        x
    }

    #[cfg(not(target_family = "wasm"))]
    fn attention_spans(
        qkv: FlexTensor,
        spans: FlexTensor,
        shape: crate::gradients::attention::Shape,
    ) -> FlexTensor {
        <Self as crate::gradients::Gradients>::attention(qkv, spans, shape)
    }

    #[cfg(not(target_family = "wasm"))]
    fn cross_entropy(logits: FlexTensor, targets: FlexTensor) -> FlexTensor {
        <Self as crate::gradients::Gradients>::cross_entropy(logits, targets)
    }
}
