//! The kernels as a Burn backend extension: WGSL on `Cube`, the CPU twins on `Flex`.
//!
//! All tensors are contiguous. An output that a method takes and returns is written in place.

use burn::backend::{
    Backend, backend_extension,
    tensor::{FloatTensor, IntTensor},
};

use crate::sizes::{Blocks, Heads, LayerOf, RopeHeads, Segment, Shares, Table};

/// One method per kernel; shapes are in the module of the kernel.
#[backend_extension(
    Cube: cfg(not(target_feature = "simd128")),
    Flex: cfg(any(not(target_family = "wasm"), target_feature = "simd128")),
    Autodiff: cfg(not(target_family = "wasm"))
)]
pub trait Kernels: Backend {
    /// `x · wᵀ` into columns of `out`, w packed. `bias` is any float tensor where there is none.
    fn matmul(
        x: FloatTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        bias: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
    ) -> FloatTensor<Self>;

    /// `x · wᵀ` into columns of `out`, w dense f32.
    fn matmul_dense(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
    ) -> FloatTensor<Self>;

    /// `norm(x) · wᵀ` for one row, w packed; `gain` is the norm's weight.
    #[allow(clippy::too_many_arguments)]
    fn matvec(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        bias: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
        eps: f32,
    ) -> FloatTensor<Self>;

    /// `norm(x) · wᵀ` for one row, w dense f32.
    fn matvec_dense(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
        eps: f32,
    ) -> FloatTensor<Self>;

    /// `silu(norm(x) · gateᵀ) · (norm(x) · upᵀ)` for one row, both packed.
    #[allow(clippy::too_many_arguments)]
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
    ) -> FloatTensor<Self>;

    /// `silu(norm(x) · gateᵀ) · (norm(x) · upᵀ)` for one row, both dense f32.
    fn matvec_gated_dense(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        out: FloatTensor<Self>,
        segment: Segment,
        eps: f32,
    ) -> FloatTensor<Self>;

    /// Rows of a packed table.
    fn embedding(
        source: IntTensor<Self>,
        step: IntTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        image: FloatTensor<Self>,
        out: FloatTensor<Self>,
        table: Table,
    ) -> FloatTensor<Self>;

    /// Rows of a dense table.
    fn embedding_dense(
        source: IntTensor<Self>,
        step: IntTensor<Self>,
        weight: FloatTensor<Self>,
        image: FloatTensor<Self>,
        out: FloatTensor<Self>,
        table: Table,
    ) -> FloatTensor<Self>;

    /// RMS norm of every row.
    fn norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f32) -> FloatTensor<Self>;

    /// Vision rotary embedding, in place.
    fn rope(
        qkv: FloatTensor<Self>,
        cosines: FloatTensor<Self>,
        sines: FloatTensor<Self>,
        heads: RopeHeads,
    ) -> FloatTensor<Self>;

    /// Text rotary embedding and cache write: `(qkv, keys, values)`, all in place.
    fn mrope(
        qkv: FloatTensor<Self>,
        cosines: FloatTensor<Self>,
        sines: FloatTensor<Self>,
        step: IntTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        heads: Heads,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Vision attention.
    fn attention_window(
        qkv: FloatTensor<Self>,
        borders: IntTensor<Self>,
        n_heads: usize,
    ) -> FloatTensor<Self>;

    /// Causal attention of several rows.
    fn attention_prefill(
        qkv: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        step: IntTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self>;

    /// Attention of one row block by block: `(keys, values, scores, contexts, stats)`, all in place.
    #[allow(clippy::too_many_arguments, clippy::type_complexity)]
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
    );

    /// The blocks put together, and the layer `at` read out: `(context, map, sums)`, the last two in place.
    #[allow(clippy::too_many_arguments)]
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
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// One pass over the logits.
    fn scan(
        logits: FloatTensor<Self>,
        seen: IntTensor<Self>,
        step: IntTensor<Self>,
    ) -> IntTensor<Self>;

    /// The choice of the next token: `(seen, tokens, result)`, all in place.
    fn sample(
        logits: FloatTensor<Self>,
        scan: IntTensor<Self>,
        step: IntTensor<Self>,
        seen: IntTensor<Self>,
        tokens: IntTensor<Self>,
        result: IntTensor<Self>,
    ) -> (IntTensor<Self>, IntTensor<Self>, IntTensor<Self>);

    /// Map and shares into the result, in place.
    fn readout(
        map: FloatTensor<Self>,
        sums: FloatTensor<Self>,
        step: IntTensor<Self>,
        result: IntTensor<Self>,
        shares: Shares,
    ) -> IntTensor<Self>;

    /// `silu(gate) · up`.
    fn swiglu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Exact GELU, in place.
    fn gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Context and image map of rows that each see their own spans of keys.
    #[cfg(not(target_family = "wasm"))]
    fn attention_spans(
        qkv: FloatTensor<Self>,
        spans: IntTensor<Self>,
        shape: crate::gradients::attention::Shape,
    ) -> FloatTensor<Self>;

    /// −log softmax of the target, per row.
    #[cfg(not(target_family = "wasm"))]
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(not(target_family = "wasm"))]
mod autodiff;
#[cfg(not(target_family = "wasm"))]
mod cube_gradients;
#[cfg(not(target_family = "wasm"))]
mod flex_gradients;

#[cfg(not(target_feature = "simd128"))]
mod cube;
#[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
mod flex;
