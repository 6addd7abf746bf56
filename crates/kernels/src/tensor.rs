//! The kernels without weights of their own, on Burn tensors.

use burn::{
    backend::Dispatch,
    tensor::{Int, Tensor},
};

use crate::{
    backend::Kernels,
    sizes::{Heads, ProbeLayer, RopeHeads},
};

/// Cosines and sines [n_rows, head_dim / 2] of rotary angles, made on the CPU: WGSL's own are too coarse.
#[derive(Clone, Debug)]
pub struct Angles {
    /// Cosines.
    pub cosines: Tensor<2>,
    /// Sines.
    pub sines: Tensor<2>,
}

/// Keys (rotated) and values of one layer, each [capacity, n_kv_heads · head_dim].
#[derive(Clone, Debug)]
pub struct KeyValues {
    /// Rotated keys.
    pub keys: Tensor<2>,
    /// Values.
    pub values: Tensor<2>,
}

/// `weight · x / sqrt(mean(x²) + eps)`: x [n, width], weight [width].
pub fn norm(x: &Tensor<2>, weight: Tensor<1>, eps: f32) -> Tensor<2> {
    let x = x.clone().into_dispatch();
    Tensor::from_dispatch(Dispatch::norm(x, weight.into_dispatch(), eps))
}

/// Rotates the first heads of every row, in place.
pub fn rope(qkv: Tensor<2>, angles: &Angles, heads: RopeHeads) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::rope(
        qkv.into_dispatch(),
        angles.cosines.clone().into_dispatch(),
        angles.sines.clone().into_dispatch(),
        heads,
    ))
}

/// Rotates queries in place and writes keys and values into the cache slots `n_past[0] …`.
pub fn mrope(
    qkv: Tensor<2>,
    angles: &Angles,
    n_past: &Tensor<1, Int>,
    cache: KeyValues,
    heads: Heads,
) -> (Tensor<2>, KeyValues) {
    let (qkv, keys, values) = Dispatch::mrope(
        qkv.into_dispatch(),
        angles.cosines.clone().into_dispatch(),
        angles.sines.clone().into_dispatch(),
        n_past.clone().into_dispatch(),
        cache.keys.into_dispatch(),
        cache.values.into_dispatch(),
        heads,
    );
    let cache = KeyValues {
        keys: Tensor::from_dispatch(keys),
        values: Tensor::from_dispatch(values),
    };
    (Tensor::from_dispatch(qkv), cache)
}

/// Two-way attention inside windows: `borders` holds first and end row for every row of qkv
/// [n, 3 · n_heads · head_dim] → [n, n_heads · head_dim].
pub fn attention_window(qkv: Tensor<2>, borders: &Tensor<1, Int>, n_heads: usize) -> Tensor<2> {
    let borders = borders.clone().into_dispatch();
    Tensor::from_dispatch(Dispatch::attention_window(
        qkv.into_dispatch(),
        borders,
        n_heads,
    ))
}

/// Causal attention of the rows that `mrope` has just cached → [n, n_heads · head_dim].
pub fn attention_prefill(
    qkv: Tensor<2>,
    cache: &KeyValues,
    n_past: &Tensor<1, Int>,
    heads: Heads,
) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::attention_prefill(
        qkv.into_dispatch(),
        cache.keys.clone().into_dispatch(),
        cache.values.clone().into_dispatch(),
        n_past.clone().into_dispatch(),
        heads,
    ))
}

/// Attention of one row → context [1, n_heads · head_dim]; the probabilities of every head are left in
/// `probabilities` [n_heads, capacity].
pub fn attention_decode(
    qkv: Tensor<2>,
    cache: &KeyValues,
    n_past: &Tensor<1, Int>,
    probabilities: Tensor<2>,
    heads: Heads,
) -> (Tensor<2>, Tensor<2>) {
    let (context, probabilities) = Dispatch::attention_decode(
        qkv.into_dispatch(),
        cache.keys.clone().into_dispatch(),
        cache.values.clone().into_dispatch(),
        n_past.clone().into_dispatch(),
        probabilities.into_dispatch(),
        heads,
    );
    (
        Tensor::from_dispatch(context),
        Tensor::from_dispatch(probabilities),
    )
}

/// Adds one layer's probabilities to the readout [n_image_token + 4 · n_layers], in place.
pub fn probe(
    probabilities: &Tensor<2>,
    roles: &Tensor<1, Int>,
    n_past: &Tensor<1, Int>,
    readout: Tensor<1>,
    at: ProbeLayer,
) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::probe(
        probabilities.clone().into_dispatch(),
        roles.clone().into_dispatch(),
        n_past.clone().into_dispatch(),
        readout.into_dispatch(),
        at,
    ))
}

/// `silu(gate) · up`: [n, 2 · width] → [n, width].
pub fn swiglu(x: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::swiglu(x.into_dispatch()))
}

/// The exact GELU, in place.
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::gelu(x.into_dispatch()))
}

/// Attention in which every row sees its own spans, for training: qkv is rotated, `spans` is [n, 5] (see
/// `gradients::attention::Span`) → context [n, n_heads · head_dim] and the head mean of the probability on
/// image keys [n, n_image], if there are any.
#[cfg(not(target_family = "wasm"))]
pub fn attention_spans(
    qkv: Tensor<2>,
    spans: &Tensor<2, Int>,
    heads: Heads,
    n_image: usize,
) -> (Tensor<2>, Option<Tensor<2>>) {
    let shape = crate::gradients::attention::Shape { heads, n_image };
    let spans = spans.clone().into_dispatch();
    let both: Tensor<2> =
        Tensor::from_dispatch(Dispatch::attention_spans(qkv.into_dispatch(), spans, shape));
    let n_context = heads.n_heads * heads.head_dim;
    let map = (n_image > 0).then(|| both.clone().narrow(1, n_context, n_image));
    (both.narrow(1, 0, n_context), map)
}

/// −log softmax(logits)[target] per row: logits [n, n_class], targets [n] → [n].
#[cfg(not(target_family = "wasm"))]
pub fn cross_entropy(logits: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<1> {
    let targets = targets.clone().into_dispatch();
    Tensor::from_dispatch(Dispatch::cross_entropy(logits.into_dispatch(), targets))
}
