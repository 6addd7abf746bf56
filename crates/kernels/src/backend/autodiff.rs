//! `Kernels` with gradients, for training. What only generates — packed weights, the cache, the decode step — passes
//! through to the backend below, and its results are constants of the graph. A dense table is one segment here.

use burn::backend::{
    Autodiff, AutodiffBackend, Backend, TensorMetadata,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients as Collected,
        ops::{Backward, NodeGuard, Ops, OpsKind},
    },
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::Slice;

use super::Kernels;
use crate::{
    gradients::{Gradients, attention::Shape, linear::Sizes},
    sizes::{Blocks, Heads, LayerOf, RopeHeads, Segment, Shares, Table},
};

/// Gradients of N inputs from saved state and the gradient of the output; `wanted` tells which are used.
type Pullback<B, S, const N: usize> =
    fn(S, FloatTensor<B>, wanted: [bool; N]) -> [Option<FloatTensor<B>>; N];

/// A step of the graph.
struct Step<B: Backend, S, const N: usize>(Pullback<B, S, N>);

impl<B: Backend, S, const N: usize> std::fmt::Debug for Step<B, S, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Step")
    }
}

impl<B, S, const N: usize> Backward<B, N> for Step<B, S, N>
where
    B: Backend,
    S: Clone + Send + std::fmt::Debug + 'static,
{
    type State = S;

    fn backward(self, ops: Ops<S, N>, grads: &mut Collected, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let gradients = (self.0)(ops.state, grad, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

fn record<B, C, S, const N: usize>(
    inputs: [NodeGuard; N],
    state: S,
    out: FloatTensor<B>,
    pullback: Pullback<B, S, N>,
) -> FloatTensor<Autodiff<B, C>>
where
    B: Backend,
    C: CheckpointStrategy,
    S: Clone + Send + std::fmt::Debug + 'static,
{
    match Step(pullback)
        .prepare::<C>(inputs)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => prepared.finish(state, out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}

fn constant<B: Backend, C: CheckpointStrategy>(out: FloatTensor<B>) -> FloatTensor<Autodiff<B, C>> {
    Autodiff::<B, C>::from_inner(out)
}

impl<B: Kernels + Gradients, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn matmul(
        x: FloatTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        bias: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
    ) -> FloatTensor<Self> {
        let [x, bias, out] = [x, bias, out].map(|x| x.into_primitive());
        constant::<B, C>(B::matmul(x, words, scales, bias, out, segment))
    }

    fn matmul_dense(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
    ) -> FloatTensor<Self> {
        let [
            (x, x_node),
            (weight, weight_node),
            (bias, bias_node),
            (out, out_node),
        ] = [x, weight, bias, out].map(|x| x.into_parts());
        let sizes = Sizes {
            n: x.shape()[0],
            k: segment.n_cols,
            m: segment.n_rows,
            width: out.shape()[1],
            column: segment.column,
        };
        let (has_bias, accumulate) = (segment.product.has_bias, segment.product.accumulate);
        let bias = has_bias.then_some(bias);
        let out = <B as Gradients>::linear(x.clone(), weight.clone(), bias, out, sizes, accumulate);
        record::<B, C, _, 4>(
            [x_node, weight_node, bias_node, out_node],
            (x, weight, sizes, has_bias),
            out,
            |(x, weight, sizes, has_bias), grad, [wants_x, wants_weight, wants_bias, wants_out]| {
                [
                    wants_x.then(|| B::linear_input(weight, grad.clone(), sizes)),
                    wants_weight.then(|| B::linear_weight(x, grad.clone(), sizes)),
                    (has_bias && wants_bias).then(|| B::linear_bias(grad.clone(), sizes)),
                    // Columns of others keep their gradient; ours are read by nobody before us.
                    wants_out.then_some(grad),
                ]
            },
        )
    }

    fn matvec(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        bias: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
        eps: f32,
    ) -> FloatTensor<Self> {
        let [x, gain, bias, out] = [x, gain, bias, out].map(|x| x.into_primitive());
        constant::<B, C>(B::matvec(x, gain, words, scales, bias, out, segment, eps))
    }

    fn matvec_dense(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
        eps: f32,
    ) -> FloatTensor<Self> {
        let [x, gain, weight, bias, out] = [x, gain, weight, bias, out].map(|x| x.into_primitive());
        constant::<B, C>(B::matvec_dense(x, gain, weight, bias, out, segment, eps))
    }

    fn matvec_gated(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        gate: IntTensor<Self>,
        gate_scales: IntTensor<Self>,
        up: IntTensor<Self>,
        up_scales: IntTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
        eps: f32,
    ) -> FloatTensor<Self> {
        let [x, gain, out] = [x, gain, out].map(|x| x.into_primitive());
        constant::<B, C>(B::matvec_gated(
            x,
            gain,
            gate,
            gate_scales,
            up,
            up_scales,
            out,
            segment,
            eps,
        ))
    }

    fn matvec_gated_dense(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
        eps: f32,
    ) -> FloatTensor<Self> {
        let [x, gain, gate, up, out] = [x, gain, gate, up, out].map(|x| x.into_primitive());
        constant::<B, C>(B::matvec_gated_dense(x, gain, gate, up, out, segment, eps))
    }

    fn embedding(
        source: IntTensor<Self>,
        step: IntTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        image: FloatTensor<Self>,
        out: FloatTensor<Self>,
        table: Table,
    ) -> FloatTensor<Self> {
        let [image, out] = [image, out].map(|x| x.into_primitive());
        constant::<B, C>(<B as Kernels>::embedding(
            source, step, words, scales, image, out, table,
        ))
    }

    /// The step is the first one: sequences in training begin with their first token.
    fn embedding_dense(
        source: IntTensor<Self>,
        _step: IntTensor<Self>,
        weight: FloatTensor<Self>,
        image: FloatTensor<Self>,
        _out: FloatTensor<Self>,
        table: Table,
    ) -> FloatTensor<Self> {
        assert_eq!(table.first_row, 0, "a table in training is one segment");
        let [(weight, weight_node), (image, image_node)] = [weight, image].map(|x| x.into_parts());
        let (n_rows, n_image) = (weight.shape()[0], image.shape()[0]);
        let out = <B as Gradients>::embedding(source.clone(), weight, image);
        record::<B, C, _, 2>(
            [weight_node, image_node],
            (source, n_rows, n_image),
            out,
            |(source, n_rows, n_image), grad, _| {
                <B as Gradients>::embedding_backward(source, grad, n_rows, n_image).map(Some)
            },
        )
    }

    fn norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f32) -> FloatTensor<Self> {
        let [(x, x_node), (weight, weight_node)] = [x, weight].map(|x| x.into_parts());
        let out = <B as Gradients>::norm(x.clone(), weight.clone(), eps);
        record::<B, C, _, 2>(
            [x_node, weight_node],
            (x, weight, eps),
            out,
            |(x, weight, eps), grad, _| B::norm_backward(x, weight, grad, eps).map(Some),
        )
    }

    fn rope(
        qkv: FloatTensor<Self>,
        cosines: FloatTensor<Self>,
        sines: FloatTensor<Self>,
        heads: RopeHeads,
    ) -> FloatTensor<Self> {
        let (qkv, node) = qkv.into_parts();
        let [cosines, sines] = [cosines, sines].map(|x| x.into_primitive());
        let out = B::rotate(qkv, cosines.clone(), sines.clone(), heads, false);
        record::<B, C, _, 1>(
            [node],
            (cosines, sines, heads),
            out,
            |(cosines, sines, heads), grad, _| [Some(B::rotate(grad, cosines, sines, heads, true))],
        )
    }

    fn mrope(
        qkv: FloatTensor<Self>,
        cosines: FloatTensor<Self>,
        sines: FloatTensor<Self>,
        step: IntTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        heads: Heads,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [qkv, cosines, sines, keys, values] =
            [qkv, cosines, sines, keys, values].map(|x| x.into_primitive());
        let (qkv, keys, values) = B::mrope(qkv, cosines, sines, step, keys, values, heads);
        (
            constant::<B, C>(qkv),
            constant::<B, C>(keys),
            constant::<B, C>(values),
        )
    }

    fn attention_window(
        qkv: FloatTensor<Self>,
        borders: IntTensor<Self>,
        n_heads: usize,
    ) -> FloatTensor<Self> {
        let (n_rows, width) = (qkv.shape()[0], qkv.shape()[1]);
        let borders = B::int_reshape(borders, [n_rows, 2].into());
        let column = |at: usize| {
            let whole = Slice::full();
            B::int_slice(borders.clone(), &[whole, Slice::from(at..at + 1)])
        };
        let (first, end) = (column(0), column(1));
        let words = vec![first.clone(), first.clone(), first.clone(), end, first];
        let heads = Heads {
            n_heads,
            n_kv_heads: n_heads,
            head_dim: width / (3 * n_heads),
        };
        Self::attention_spans(qkv, B::int_cat(words, 1), Shape { heads, n_image: 0 })
    }

    fn attention_spans(
        qkv: FloatTensor<Self>,
        spans: IntTensor<Self>,
        shape: Shape,
    ) -> FloatTensor<Self> {
        let (qkv, node) = qkv.into_parts();
        let out = <B as Gradients>::attention(qkv.clone(), spans.clone(), shape);
        record::<B, C, _, 1>(
            [node],
            (qkv, spans, shape),
            out,
            |(qkv, spans, shape), grad, _| [Some(B::attention_backward(qkv, spans, grad, shape))],
        )
    }

    fn attention_prefill(
        qkv: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        step: IntTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self> {
        let [qkv, keys, values] = [qkv, keys, values].map(|x| x.into_primitive());
        constant::<B, C>(B::attention_prefill(qkv, keys, values, step, heads))
    }

    fn attention_decode(
        qkv: FloatTensor<Self>,
        step: IntTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        scores: FloatTensor<Self>,
        contexts: FloatTensor<Self>,
        stats: FloatTensor<Self>,
        blocks: Blocks,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let [qkv, keys, values] = [qkv, keys, values].map(|x| x.into_primitive());
        let [scores, contexts, stats] = [scores, contexts, stats].map(|x| x.into_primitive());
        let (keys, values, scores, contexts, stats) =
            B::attention_decode(qkv, step, keys, values, scores, contexts, stats, blocks);
        (
            constant::<B, C>(keys),
            constant::<B, C>(values),
            constant::<B, C>(scores),
            constant::<B, C>(contexts),
            constant::<B, C>(stats),
        )
    }

    fn attention_merge(
        scores: FloatTensor<Self>,
        contexts: FloatTensor<Self>,
        stats: FloatTensor<Self>,
        roles: IntTensor<Self>,
        step: IntTensor<Self>,
        map: FloatTensor<Self>,
        sums: FloatTensor<Self>,
        blocks: Blocks,
        at: Option<LayerOf>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [scores, contexts, stats] = [scores, contexts, stats].map(|x| x.into_primitive());
        let [map, sums] = [map, sums].map(|x| x.into_primitive());
        let (context, map, sums) =
            B::attention_merge(scores, contexts, stats, roles, step, map, sums, blocks, at);
        (
            constant::<B, C>(context),
            constant::<B, C>(map),
            constant::<B, C>(sums),
        )
    }

    fn scan(
        logits: FloatTensor<Self>,
        seen: IntTensor<Self>,
        step: IntTensor<Self>,
    ) -> IntTensor<Self> {
        B::scan(logits.into_primitive(), seen, step)
    }

    fn sample(
        logits: FloatTensor<Self>,
        scan: IntTensor<Self>,
        step: IntTensor<Self>,
        seen: IntTensor<Self>,
        tokens: IntTensor<Self>,
        result: IntTensor<Self>,
    ) -> (IntTensor<Self>, IntTensor<Self>, IntTensor<Self>) {
        B::sample(logits.into_primitive(), scan, step, seen, tokens, result)
    }

    fn readout(
        map: FloatTensor<Self>,
        sums: FloatTensor<Self>,
        step: IntTensor<Self>,
        result: IntTensor<Self>,
        shares: Shares,
    ) -> IntTensor<Self> {
        let [map, sums] = [map, sums].map(|x| x.into_primitive());
        B::readout(map, sums, step, result, shares)
    }

    fn swiglu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let out = <B as Gradients>::swiglu(x.clone());
        record::<B, C, _, 1>([node], x, out, |x, grad, _| {
            [Some(B::swiglu_backward(x, grad))]
        })
    }

    fn gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let out = <B as Gradients>::gelu(x.clone());
        record::<B, C, _, 1>([node], x, out, |x, grad, _| {
            [Some(<B as Gradients>::gelu_backward(x, grad))]
        })
    }

    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        let (logits, node) = logits.into_parts();
        let out = <B as Gradients>::cross_entropy(logits.clone(), targets.clone());
        record::<B, C, _, 1>(
            [node],
            (logits, targets),
            out,
            |(logits, targets), grad, _| [Some(B::cross_entropy_backward(logits, targets, grad))],
        )
    }
}
