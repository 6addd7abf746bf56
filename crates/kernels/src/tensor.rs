//! The kernels without weights of their own, on Burn tensors.

#[cfg(not(target_feature = "simd128"))]
use burn::backend::DispatchDevice;
use burn::{
    backend::Dispatch,
    tensor::{DType, Device, Int, Tensor},
};

#[cfg(not(target_feature = "simd128"))]
use crate::tuning::tuning;
use crate::{
    backend::Kernels,
    sizes::{Blocks, Heads, LayerOf, RopeHeads, Shares},
    step::{Step, StepBuffer},
};

/// Cosines and sines [n_rows, head_dim / 2] of rotary angles, made on the CPU: WGSL's own are too coarse.
#[derive(Clone, Debug)]
pub struct Angles {
    /// Cosines.
    pub cosines: Tensor<2>,
    /// Sines.
    pub sines: Tensor<2>,
}

/// Keys (rotated) and values of one layer, each of capacity · n_kv_heads · head_dim numbers in f32 or f16; the capacity is
/// a multiple of `BLOCK_TOKEN`.
#[derive(Clone, Debug)]
pub struct KeyValues {
    /// Rotated keys, [capacity / 64, n_kv_heads, head_dim / 4, 64, 4].
    pub keys: Tensor<2>,
    /// Values, [capacity, n_kv_heads · head_dim].
    pub values: Tensor<2>,
}

/// What `attention_decode` leaves for `attention_merge`; shapes are those of [`Blocks`].
#[derive(Clone, Debug)]
pub struct Scratch {
    /// Scaled products of query and key.
    pub scores: Tensor<2>,
    /// Unnormalised contexts of each block.
    pub contexts: Tensor<2>,
    /// Maximum and sum of exponentials of each block.
    pub stats: Tensor<2>,
}

/// The attention of a step, read out layer by layer.
#[derive(Clone, Debug)]
pub struct Reading {
    /// [n_image_token, at least 1]: mean over heads and layers.
    pub map: Tensor<1>,
    /// [n_layers, 4 · n_blocks]: per layer and block, the mean over heads on image, question, generated and all
    /// counted slots.
    pub sums: Tensor<2>,
}

/// What the choice of a token leaves behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// [n_id]: 1 for ids that stood in prompt or answer.
    pub seen: Tensor<1, Int>,
    /// [capacity]: what each slot is embedded from.
    pub tokens: Tensor<1, Int>,
    /// [`Shares::n_words`].
    pub result: Tensor<1, Int>,
}

impl Scratch {
    /// Holds nothing yet.
    pub fn empty(blocks: Blocks, device: &Device) -> Scratch {
        Scratch {
            scores: Tensor::empty(blocks.scores(), device),
            contexts: Tensor::empty(blocks.contexts(), device),
            stats: Tensor::empty(blocks.stats(), device),
        }
    }
}

impl Reading {
    /// Holds nothing yet.
    pub fn empty(shares: Shares, device: &Device) -> Reading {
        Reading {
            map: Tensor::empty([shares.n_image_token.max(1)], device),
            sums: Tensor::empty([shares.n_layers, 4 * shares.n_blocks], device),
        }
    }
}

impl Angles {
    /// Of `n_rows` that are not rotated.
    pub fn still(n_rows: usize, head_dim: usize, device: &Device) -> Angles {
        let size = [n_rows, head_dim / 2];
        Angles {
            cosines: Tensor::ones(size, device),
            sines: Tensor::zeros(size, device),
        }
    }
}

impl KeyValues {
    /// Room for `capacity_token` slots, in the format that the GPU's variants ask for, on a CPU in f32.
    pub fn empty(capacity_token: usize, heads: Heads, device: &Device) -> KeyValues {
        let dtype = match device.as_dispatch() {
            #[cfg(not(target_feature = "simd128"))]
            DispatchDevice::Cube(_) => tuning().kv.dtype(),
            #[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
            _ => DType::F32,
        };
        Self::empty_as(dtype, capacity_token, heads, device)
    }

    pub(crate) fn empty_as(
        dtype: DType,
        capacity_token: usize,
        heads: Heads,
        device: &Device,
    ) -> KeyValues {
        let size = [capacity_token, heads.n_kv_heads * heads.head_dim];
        let empty = || Tensor::empty(size, (device, dtype));
        KeyValues {
            keys: empty(),
            values: empty(),
        }
    }

    /// With `rows` [n, 2 · n_kv_heads · head_dim], each a key (not to be rotated) and a value per head, in the slots
    /// from `first` on.
    pub fn filled(self, rows: Tensor<2>, first: usize, heads: Heads) -> KeyValues {
        let (device, [n_rows, _]) = (rows.device(), rows.dims());
        let step = StepBuffer::holding(&Step::still(first, heads.head_dim), &device);
        let angles = Angles::still(n_rows, heads.head_dim, &device);
        let unasked = Heads {
            n_heads: 0,
            ..heads
        };
        mrope(rows, &angles, &step.words(), self, unasked).1
    }
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

/// Rotates queries in place and writes keys and values into the cache slots from the step's on.
pub fn mrope(
    qkv: Tensor<2>,
    angles: &Angles,
    step: &Tensor<1, Int>,
    cache: KeyValues,
    heads: Heads,
) -> (Tensor<2>, KeyValues) {
    let (qkv, keys, values) = Dispatch::mrope(
        qkv.into_dispatch(),
        angles.cosines.clone().into_dispatch(),
        angles.sines.clone().into_dispatch(),
        step.clone().into_dispatch(),
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
    step: &Tensor<1, Int>,
    heads: Heads,
) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::attention_prefill(
        qkv.into_dispatch(),
        cache.keys.clone().into_dispatch(),
        cache.values.clone().into_dispatch(),
        step.clone().into_dispatch(),
        heads,
    ))
}

/// Attention of one new token over the cache, block by block; rotates its query and key and caches it.
pub fn attention_decode(
    qkv: Tensor<2>,
    step: &Tensor<1, Int>,
    cache: KeyValues,
    scratch: Scratch,
    blocks: Blocks,
) -> (KeyValues, Scratch) {
    let (keys, values, scores, contexts, stats) = Dispatch::attention_decode(
        qkv.into_dispatch(),
        step.clone().into_dispatch(),
        cache.keys.into_dispatch(),
        cache.values.into_dispatch(),
        scratch.scores.into_dispatch(),
        scratch.contexts.into_dispatch(),
        scratch.stats.into_dispatch(),
        blocks,
    );
    let cache = KeyValues {
        keys: Tensor::from_dispatch(keys),
        values: Tensor::from_dispatch(values),
    };
    let scratch = Scratch {
        scores: Tensor::from_dispatch(scores),
        contexts: Tensor::from_dispatch(contexts),
        stats: Tensor::from_dispatch(stats),
    };
    (cache, scratch)
}

/// The blocks put together → context [1, n_heads · head_dim], with the attention of the layer that is named read out by
/// `roles` [capacity].
pub fn attention_merge(
    scratch: &Scratch,
    roles: &Tensor<1, Int>,
    step: &Tensor<1, Int>,
    reading: Reading,
    blocks: Blocks,
    at: Option<LayerOf>,
) -> (Tensor<2>, Reading) {
    let (context, map, sums) = Dispatch::attention_merge(
        scratch.scores.clone().into_dispatch(),
        scratch.contexts.clone().into_dispatch(),
        scratch.stats.clone().into_dispatch(),
        roles.clone().into_dispatch(),
        step.clone().into_dispatch(),
        reading.map.into_dispatch(),
        reading.sums.into_dispatch(),
        blocks,
        at,
    );
    let reading = Reading {
        map: Tensor::from_dispatch(map),
        sums: Tensor::from_dispatch(sums),
    };
    (Tensor::from_dispatch(context), reading)
}

/// Chooses the next token by logits [1, n_id] and step.
pub fn choose(logits: &Tensor<2>, step: &Tensor<1, Int>, outcome: Outcome) -> Outcome {
    let scan = Dispatch::scan(
        logits.clone().into_dispatch(),
        outcome.seen.clone().into_dispatch(),
        step.clone().into_dispatch(),
    );
    let (seen, tokens, result) = Dispatch::sample(
        logits.clone().into_dispatch(),
        scan,
        step.clone().into_dispatch(),
        outcome.seen.into_dispatch(),
        outcome.tokens.into_dispatch(),
        outcome.result.into_dispatch(),
    );
    Outcome {
        seen: Tensor::from_dispatch(seen),
        tokens: Tensor::from_dispatch(tokens),
        result: Tensor::from_dispatch(result),
    }
}

/// Packs the reading into the result, behind the chosen token.
pub fn readout(
    reading: &Reading,
    step: &Tensor<1, Int>,
    result: Tensor<1, Int>,
    shares: Shares,
) -> Tensor<1, Int> {
    Tensor::from_dispatch(Dispatch::readout(
        reading.map.clone().into_dispatch(),
        reading.sums.clone().into_dispatch(),
        step.clone().into_dispatch(),
        result.into_dispatch(),
        shares,
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
