//! The kernels as a Burn backend extension: WGSL on `Cube`, the CPU twins on `Flex`.
//!
//! All tensors are contiguous. An output that a method takes and returns is written in place.

use burn::backend::{
    Backend, backend_extension,
    tensor::{FloatTensor, IntTensor},
};

use crate::sizes::{Heads, ProbeLayer, RopeHeads, Segment, Table};

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

    /// Rows of a packed table.
    fn embedding(
        source: IntTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        image: FloatTensor<Self>,
        out: FloatTensor<Self>,
        table: Table,
    ) -> FloatTensor<Self>;

    /// Rows of a dense table.
    fn embedding_dense(
        source: IntTensor<Self>,
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
        n_past: IntTensor<Self>,
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
        n_past: IntTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self>;

    /// Attention of one row: `(context, probabilities)`, the latter in place.
    fn attention_decode(
        qkv: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        n_past: IntTensor<Self>,
        probabilities: FloatTensor<Self>,
        heads: Heads,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// One layer into the readout, in place.
    fn probe(
        probabilities: FloatTensor<Self>,
        roles: IntTensor<Self>,
        n_past: IntTensor<Self>,
        readout: FloatTensor<Self>,
        at: ProbeLayer,
    ) -> FloatTensor<Self>;

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
