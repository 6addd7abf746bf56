//! `Kernels` on the GPU.

use burn::{
    backend::TensorMetadata,
    tensor::{DType, Shape},
};
use burn_wgpu::{CubeBackend, CubeTensor};

use super::Kernels;
use crate::{
    attention_decode, attention_merge, attention_prefill, attention_window, embedding, gelu,
    matmul, matvec, matvec_gated, mrope, norm, readout, rope, sample, scan,
    sizes::{Blocks, Heads, LayerOf, RopeHeads, Segment, Shares, Table},
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

    fn matvec(
        x: CubeTensor,
        gain: CubeTensor,
        words: CubeTensor,
        scales: CubeTensor,
        bias: CubeTensor,
        out: CubeTensor,
        segment: Segment,
        eps: f32,
    ) -> CubeTensor {
        let [n_x, n_columns] = rows_cols(&out);
        if !matvec::is_aligned(segment.n_cols) {
            return Self::matmul(Self::norm(x, gain, eps), words, scales, bias, out, segment);
        }
        let buffers = [&x, &words, &scales, &bias];
        let norm = Some((&gain, eps));
        matvec::run(buffers, norm, &out, &segment, [n_x, n_columns]);
        out
    }

    fn matvec_dense(
        x: CubeTensor,
        gain: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        out: CubeTensor,
        segment: Segment,
        eps: f32,
    ) -> CubeTensor {
        Self::matvec(x, gain, weight.clone(), weight, bias, out, segment, eps)
    }

    fn matvec_gated(
        x: CubeTensor,
        gain: CubeTensor,
        gate: CubeTensor,
        gate_scales: CubeTensor,
        up: CubeTensor,
        up_scales: CubeTensor,
        out: CubeTensor,
        segment: Segment,
        eps: f32,
    ) -> CubeTensor {
        let (gate, up) = ([&gate, &gate_scales], [&up, &up_scales]);
        matvec_gated::run(&x, (&gain, eps), gate, up, &out, &segment);
        out
    }

    fn matvec_gated_dense(
        x: CubeTensor,
        gain: CubeTensor,
        gate: CubeTensor,
        up: CubeTensor,
        out: CubeTensor,
        segment: Segment,
        eps: f32,
    ) -> CubeTensor {
        let (gate_scales, up_scales) = (gate.clone(), up.clone());
        Self::matvec_gated(x, gain, gate, gate_scales, up, up_scales, out, segment, eps)
    }

    fn embedding(
        source: CubeTensor,
        step: CubeTensor,
        words: CubeTensor,
        scales: CubeTensor,
        image: CubeTensor,
        out: CubeTensor,
        table: Table,
    ) -> CubeTensor {
        let [n_tokens, _] = rows_cols(&out);
        let buffers = [&source, &step, &words, &scales, &image];
        embedding::run(buffers, &out, &table, n_tokens);
        out
    }

    fn embedding_dense(
        source: CubeTensor,
        step: CubeTensor,
        weight: CubeTensor,
        image: CubeTensor,
        out: CubeTensor,
        table: Table,
    ) -> CubeTensor {
        Self::embedding(source, step, weight.clone(), weight, image, out, table)
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
        step: CubeTensor,
        keys: CubeTensor,
        values: CubeTensor,
        heads: Heads,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [n_rows, _] = rows_cols(&qkv);
        mrope::run(
            &qkv,
            [&cosines, &sines],
            &step,
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
        step: CubeTensor,
        heads: Heads,
    ) -> CubeTensor {
        let [n_rows, _] = rows_cols(&qkv);
        let out = beside(&qkv, [n_rows, heads.n_heads * heads.head_dim]);
        attention_prefill::run(&qkv, [&keys, &values], &step, &out, heads, n_rows);
        out
    }

    fn attention_decode(
        qkv: CubeTensor,
        step: CubeTensor,
        keys: CubeTensor,
        values: CubeTensor,
        scores: CubeTensor,
        contexts: CubeTensor,
        stats: CubeTensor,
        blocks: Blocks,
    ) -> (CubeTensor, CubeTensor, CubeTensor, CubeTensor, CubeTensor) {
        let scratch = [&scores, &contexts, &stats];
        attention_decode::run(&qkv, &step, [&keys, &values], scratch, blocks);
        (keys, values, scores, contexts, stats)
    }

    fn attention_merge(
        scores: CubeTensor,
        contexts: CubeTensor,
        stats: CubeTensor,
        roles: CubeTensor,
        step: CubeTensor,
        map: CubeTensor,
        sums: CubeTensor,
        blocks: Blocks,
        at: Option<LayerOf>,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let out = beside(&scores, [1, blocks.heads.n_heads * blocks.heads.head_dim]);
        let scratch = [&scores, &contexts, &stats];
        attention_merge::run(scratch, [&roles, &step], &out, [&map, &sums], blocks, at);
        (out, map, sums)
    }

    fn scan(logits: CubeTensor, seen: CubeTensor, step: CubeTensor) -> CubeTensor {
        let [_, n_id] = rows_cols(&logits);
        let n_words = scan::SCAN_WORDS * scan::n_groups(n_id);
        let out = CubeTensor::new_contiguous(
            logits.client.clone(),
            logits.device.clone(),
            Shape::from([n_words]),
            logits.client.empty(n_words * size_of::<u32>()),
            DType::U32,
        );
        scan::run(&logits, &seen, &step, &out, n_id);
        out
    }

    fn sample(
        logits: CubeTensor,
        scan: CubeTensor,
        step: CubeTensor,
        seen: CubeTensor,
        tokens: CubeTensor,
        result: CubeTensor,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [_, n_id] = rows_cols(&logits);
        sample::run(&logits, &scan, &step, [&seen, &tokens, &result], n_id);
        (seen, tokens, result)
    }

    fn readout(
        map: CubeTensor,
        sums: CubeTensor,
        step: CubeTensor,
        result: CubeTensor,
        shares: Shares,
    ) -> CubeTensor {
        readout::run(&map, &sums, &step, &result, shares);
        result
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
