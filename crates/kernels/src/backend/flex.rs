//! `Kernels` on the CPU.

use burn::{
    backend::{Flex, TensorMetadata},
    tensor::{DType, Shape, TensorData},
};
use burn_flex::FlexTensor;

use super::Kernels;
use crate::{
    cpu,
    sizes::{Blocks, Heads, LayerOf, Product, RopeHeads, Segment, Shares, Table},
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

/// Tokens from the step's slot on.
fn named<'a>(source: &'a FlexTensor, step: &FlexTensor) -> &'a [u32] {
    &words(source)[cpu::step::n_past(words(step))..]
}

/// `silu(gate) · up` into `out` from `column` on.
fn gated(gate: &FlexTensor, up: &FlexTensor, mut out: FlexTensor, column: usize) -> FlexTensor {
    let both = [floats(gate), floats(up)].concat();
    let n = both.len() / 2;
    let to = &mut out.storage_mut()[column..column + n];
    cpu::swiglu::swiglu(&both, to, n);
    out
}

pub(super) fn zeros(n_rows: usize, n_cols: usize) -> FlexTensor {
    FlexTensor::zeros(Shape::from([n_rows, n_cols]), DType::F32)
}

/// A segment of the gated product: gate or up by itself.
fn plain(segment: Segment) -> Segment {
    let product = Product {
        has_bias: false,
        accumulate: false,
        ..segment.product
    };
    Segment {
        product,
        column: 0,
        ..segment
    }
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

    fn matvec(
        x: FlexTensor,
        gain: FlexTensor,
        packed: FlexTensor,
        scales: FlexTensor,
        bias: FlexTensor,
        out: FlexTensor,
        segment: Segment,
        eps: f32,
    ) -> FlexTensor {
        Self::matmul(Self::norm(x, gain, eps), packed, scales, bias, out, segment)
    }

    fn matvec_dense(
        x: FlexTensor,
        gain: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        out: FlexTensor,
        segment: Segment,
        eps: f32,
    ) -> FlexTensor {
        Self::matmul_dense(Self::norm(x, gain, eps), weight, bias, out, segment)
    }

    fn matvec_gated(
        x: FlexTensor,
        gain: FlexTensor,
        gate: FlexTensor,
        gate_scales: FlexTensor,
        up: FlexTensor,
        up_scales: FlexTensor,
        out: FlexTensor,
        segment: Segment,
        eps: f32,
    ) -> FlexTensor {
        let x = Self::norm(x, gain, eps);
        let (bias, empty) = (x.clone(), || zeros(1, segment.n_rows));
        let part = |x, w, s| Self::matmul(x, w, s, bias.clone(), empty(), plain(segment));
        let (gate, up) = (part(x.clone(), gate, gate_scales), part(x, up, up_scales));
        gated(&gate, &up, out, segment.column)
    }

    fn matvec_gated_dense(
        x: FlexTensor,
        gain: FlexTensor,
        gate: FlexTensor,
        up: FlexTensor,
        out: FlexTensor,
        segment: Segment,
        eps: f32,
    ) -> FlexTensor {
        let x = Self::norm(x, gain, eps);
        let (bias, empty) = (x.clone(), || zeros(1, segment.n_rows));
        let part = |x, w| Self::matmul_dense(x, w, bias.clone(), empty(), plain(segment));
        let (gate, up) = (part(x.clone(), gate), part(x, up));
        gated(&gate, &up, out, segment.column)
    }

    fn embedding(
        source: FlexTensor,
        step: FlexTensor,
        packed: FlexTensor,
        scales: FlexTensor,
        image: FlexTensor,
        mut out: FlexTensor,
        table: Table,
    ) -> FlexTensor {
        let (source, image) = (named(&source, &step), floats(&image));
        let (packed, scales) = (words(&packed), words(&scales));
        cpu::embedding::embedding(source, packed, scales, image, out.storage_mut(), &table);
        out
    }

    fn embedding_dense(
        source: FlexTensor,
        step: FlexTensor,
        weight: FlexTensor,
        image: FlexTensor,
        mut out: FlexTensor,
        table: Table,
    ) -> FlexTensor {
        let (source, weight, image) = (named(&source, &step), bits(&weight), floats(&image));
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
        step: FlexTensor,
        mut keys: FlexTensor,
        mut values: FlexTensor,
        heads: Heads,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        cpu::mrope::mrope(
            qkv.storage_mut(),
            floats(&cosines),
            floats(&sines),
            cpu::step::n_past(words(&step)),
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
        step: FlexTensor,
        heads: Heads,
    ) -> FlexTensor {
        let mut out = zeros(qkv.shape()[0], heads.n_heads * heads.head_dim);
        cpu::attention_prefill::attention_prefill(
            floats(&qkv),
            floats(&keys),
            floats(&values),
            cpu::step::n_past(words(&step)),
            out.storage_mut(),
            heads,
        );
        out
    }

    fn attention_decode(
        qkv: FlexTensor,
        step: FlexTensor,
        mut keys: FlexTensor,
        mut values: FlexTensor,
        mut scores: FlexTensor,
        mut contexts: FlexTensor,
        mut stats: FlexTensor,
        blocks: Blocks,
    ) -> (FlexTensor, FlexTensor, FlexTensor, FlexTensor, FlexTensor) {
        cpu::attention_decode::attention_decode(
            floats(&qkv),
            words(&step),
            [keys.storage_mut(), values.storage_mut()],
            [
                scores.storage_mut(),
                contexts.storage_mut(),
                stats.storage_mut(),
            ],
            blocks,
        );
        (keys, values, scores, contexts, stats)
    }

    fn attention_merge(
        scores: FlexTensor,
        contexts: FlexTensor,
        stats: FlexTensor,
        roles: FlexTensor,
        step: FlexTensor,
        mut map: FlexTensor,
        mut sums: FlexTensor,
        blocks: Blocks,
        at: Option<LayerOf>,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let mut out = zeros(1, blocks.heads.n_heads * blocks.heads.head_dim);
        cpu::attention_merge::attention_merge(
            [floats(&scores), floats(&contexts), floats(&stats)],
            [words(&roles), words(&step)],
            out.storage_mut(),
            [map.storage_mut(), sums.storage_mut()],
            blocks,
            at,
        );
        (out, map, sums)
    }

    fn scan(_logits: FlexTensor, _seen: FlexTensor, _step: FlexTensor) -> FlexTensor {
        // The twin of `sample` looks at all logits itself.
        FlexTensor::from_data(TensorData::new(vec![0_u32], [1]))
    }

    fn sample(
        logits: FlexTensor,
        _scan: FlexTensor,
        step: FlexTensor,
        mut seen: FlexTensor,
        mut tokens: FlexTensor,
        mut result: FlexTensor,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let step = words(&step);
        let sampling = cpu::step::sampling(step);
        let logits = &floats(&logits)[..cpu::step::n_id(step)];
        let is_seen = words(&seen)
            .iter()
            .map(|&seen| seen != 0)
            .collect::<Vec<_>>();
        let choice = cpu::sample::choose(logits, &is_seen, sampling, cpu::step::draw(step));
        seen.storage_mut::<u32>()[choice.id as usize] = 1;
        tokens.storage_mut::<u32>()[cpu::step::n_past(step) + 1] = choice.id;
        let result_words = result.storage_mut::<u32>();
        result_words[0] = choice.id;
        result_words[1] = choice.logprob.to_bits();
        (seen, tokens, result)
    }

    fn readout(
        map: FlexTensor,
        sums: FlexTensor,
        step: FlexTensor,
        mut result: FlexTensor,
        shares: Shares,
    ) -> FlexTensor {
        let n_past = cpu::step::n_past(words(&step));
        cpu::readout::readout(
            floats(&map),
            floats(&sums),
            n_past,
            result.storage_mut(),
            shares,
        );
        result
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
