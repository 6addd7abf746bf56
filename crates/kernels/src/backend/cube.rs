//! `Kernels` on the GPU.

use burn::{
    backend::TensorMetadata,
    tensor::{DType, Shape},
};
use burn_wgpu::{CubeBackend, CubeTensor};

use super::Kernels;
use crate::{
    attention_decode, attention_prefill, attention_window, embedding, gelu, matmul, mrope, norm,
    probe, rope,
    sizes::{Heads, ProbeLayer, RopeHeads, Segment, Table},
    swiglu,
};

fn rows_cols(x: &CubeTensor) -> [usize; 2] {
    let shape = x.shape();
    [shape[0], shape[1]]
}

/// An uninitialised [n_rows, n_cols] beside `like`.
fn beside(like: &CubeTensor, [n_rows, n_cols]: [usize; 2]) -> CubeTensor {
    CubeTensor::new_contiguous(
        like.client.clone(),
        like.device.clone(),
        Shape::from([n_rows, n_cols]),
        like.client.empty(n_rows * n_cols * size_of::<f32>()),
        DType::F32,
    )
}

impl Kernels for CubeBackend {
    fn matmul(
        x: CubeTensor,
        words: CubeTensor,
        scales: CubeTensor,
        bias: CubeTensor,
        out: CubeTensor,
        segment: Segment,
    ) -> CubeTensor {
        let [n_x, n_columns] = rows_cols(&out);
        matmul::run([&x, &words, &scales, &bias], &out, &segment, n_x, n_columns);
        out
    }

    fn matmul_dense(
        x: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        out: CubeTensor,
        segment: Segment,
    ) -> CubeTensor {
        Self::matmul(x, weight.clone(), weight, bias, out, segment)
    }

    fn embedding(
        source: CubeTensor,
        words: CubeTensor,
        scales: CubeTensor,
        image: CubeTensor,
        out: CubeTensor,
        table: Table,
    ) -> CubeTensor {
        let [n_tokens, _] = rows_cols(&out);
        embedding::run([&source, &words, &scales, &image], &out, &table, n_tokens);
        out
    }

    fn embedding_dense(
        source: CubeTensor,
        weight: CubeTensor,
        image: CubeTensor,
        out: CubeTensor,
        table: Table,
    ) -> CubeTensor {
        Self::embedding(source, weight.clone(), weight, image, out, table)
    }

    fn norm(x: CubeTensor, weight: CubeTensor, eps: f32) -> CubeTensor {
        let size = rows_cols(&x);
        let out = beside(&x, size);
        norm::run(&x, &weight, &out, size, eps);
        out
    }

    fn rope(
        qkv: CubeTensor,
        cosines: CubeTensor,
        sines: CubeTensor,
        heads: RopeHeads,
    ) -> CubeTensor {
        let [n_rows, _] = rows_cols(&qkv);
        rope::run(&qkv, &cosines, &sines, heads, n_rows);
        qkv
    }

    fn mrope(
        qkv: CubeTensor,
        cosines: CubeTensor,
        sines: CubeTensor,
        n_past: CubeTensor,
        keys: CubeTensor,
        values: CubeTensor,
        heads: Heads,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [n_rows, _] = rows_cols(&qkv);
        mrope::run(
            &qkv,
            [&cosines, &sines],
            &n_past,
            [&keys, &values],
            heads,
            n_rows,
        );
        (qkv, keys, values)
    }

    fn attention_window(qkv: CubeTensor, borders: CubeTensor, n_heads: usize) -> CubeTensor {
        let [n_rows, width] = rows_cols(&qkv);
        let out = beside(&qkv, [n_rows, width / 3]);
        attention_window::run(&qkv, &borders, &out, n_heads, width / 3 / n_heads, n_rows);
        out
    }

    fn attention_prefill(
        qkv: CubeTensor,
        keys: CubeTensor,
        values: CubeTensor,
        n_past: CubeTensor,
        heads: Heads,
    ) -> CubeTensor {
        let [n_rows, _] = rows_cols(&qkv);
        let out = beside(&qkv, [n_rows, heads.n_heads * heads.head_dim]);
        attention_prefill::run(&qkv, [&keys, &values], &n_past, &out, heads, n_rows);
        out
    }

    fn attention_decode(
        qkv: CubeTensor,
        keys: CubeTensor,
        values: CubeTensor,
        n_past: CubeTensor,
        probabilities: CubeTensor,
        heads: Heads,
    ) -> (CubeTensor, CubeTensor) {
        let [_, capacity_token] = rows_cols(&probabilities);
        let out = beside(&qkv, [1, heads.n_heads * heads.head_dim]);
        attention_decode::run(
            &qkv,
            [&keys, &values],
            &n_past,
            [&out, &probabilities],
            heads,
            capacity_token,
        );
        (out, probabilities)
    }

    fn probe(
        probabilities: CubeTensor,
        roles: CubeTensor,
        n_past: CubeTensor,
        readout: CubeTensor,
        at: ProbeLayer,
    ) -> CubeTensor {
        probe::run(&probabilities, &roles, &n_past, &readout, at);
        readout
    }

    fn swiglu(x: CubeTensor) -> CubeTensor {
        let [n_rows, width] = rows_cols(&x);
        let out = beside(&x, [n_rows, width / 2]);
        swiglu::run(&x, &out, [n_rows, width / 2]);
        out
    }

    fn gelu(x: CubeTensor) -> CubeTensor {
        let [n_rows, n_cols] = rows_cols(&x);
        gelu::run(&x, n_rows * n_cols);
        x
    }

    #[cfg(not(target_family = "wasm"))]
    fn attention_spans(
        qkv: CubeTensor,
        spans: CubeTensor,
        shape: crate::gradients::attention::Shape,
    ) -> CubeTensor {
        <Self as crate::gradients::Gradients>::attention(qkv, spans, shape)
    }

    #[cfg(not(target_family = "wasm"))]
    fn cross_entropy(logits: CubeTensor, targets: CubeTensor) -> CubeTensor {
        <Self as crate::gradients::Gradients>::cross_entropy(logits, targets)
    }
}
