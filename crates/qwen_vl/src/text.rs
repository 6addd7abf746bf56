//! The language model: embeddings in, logits and attention out.

use burn::{
    module::Module,
    tensor::{Int, Tensor},
};
use kernels::{
    Angles, Heads, LayerOf, Linear, Matrix, attention_decode, attention_merge, attention_prefill,
    mrope,
};
#[cfg(not(target_family = "wasm"))]
use kernels::{RopeHeads, rope};

use crate::{cache::Slots, mlp::Mlp, rms_norm::RmsNorm};

/// `model.*`
#[derive(Module, Debug)]
pub struct Text {
    /// [vocab_size, hidden]
    pub embed_tokens: Matrix,
    /// Decoder layers.
    pub layers: Vec<DecoderLayer>,
    /// Before the head.
    pub norm: RmsNorm,
}

/// `model.layers.N.*`
#[derive(Module, Debug)]
pub struct DecoderLayer {
    /// Before attention.
    pub input_layernorm: RmsNorm,
    /// Grouped-query attention.
    pub self_attn: SelfAttention,
    /// Before the MLP.
    pub post_attention_layernorm: RmsNorm,
    /// Gated MLP.
    pub mlp: Mlp,
}

/// `model.layers.N.self_attn.*`
#[derive(Module, Debug)]
pub struct SelfAttention {
    /// `q_proj`, `k_proj` and `v_proj` of the checkpoint stacked, so that one product makes all three; with bias.
    pub qkv_proj: Linear,
    /// Without bias.
    pub o_proj: Linear,
    /// Query and key/value heads.
    #[module(skip)]
    pub heads: Heads,
}

impl Text {
    /// Fills the cache with the rows of `hidden` [n, hidden], which stand in the slots from the step's on.
    pub(crate) fn prefill(
        &self,
        mut hidden: Tensor<2>,
        angles: &Angles,
        step: &Tensor<1, Int>,
        cache: &mut Slots,
    ) {
        let last = self.layers.len() - 1;
        let caches = std::mem::take(&mut cache.layers);
        for (index, (layer, key_values)) in self.layers.iter().zip(caches).enumerate() {
            let heads = layer.self_attn.heads;
            let x = layer.input_layernorm.forward(&hidden);
            let qkv = layer.self_attn.qkv_proj.forward(&x);
            let (qkv, key_values) = mrope(qkv, angles, step, key_values, heads);
            // Nothing reads what the last layer would make of the prompt but its keys and values.
            if index < last {
                let context = attention_prefill(qkv, &key_values, step, heads);
                hidden = layer.after_attention(hidden, &context);
            }
            // A layer at a time keeps the device at work, and each submission short.
            kernels::flush(&hidden.device());
            cache.layers.push(key_values);
        }
    }

    /// One row `hidden` [1, hidden] through all layers, which its final norm has still to be applied to; the
    /// attention of every layer goes to the cache's reading. Six kernels a layer.
    pub(crate) fn step(
        &self,
        mut hidden: Tensor<2>,
        step: &Tensor<1, Int>,
        cache: &mut Slots,
    ) -> Tensor<2> {
        let caches = std::mem::take(&mut cache.layers);
        let blocks = cache.blocks;
        let (mut scratch, mut reading) = (cache.scratch.clone(), cache.reading.clone());
        for (index, (layer, key_values)) in self.layers.iter().zip(caches).enumerate() {
            let at = Some(LayerOf {
                layer: index,
                n_layers: self.layers.len(),
            });
            let (attn, norm) = (&layer.self_attn, layer.input_layernorm.taken());
            let qkv = attn.qkv_proj.forward_normed(&hidden, &norm);
            let (key_values, left) = attention_decode(qkv, step, key_values, scratch, blocks);
            let (context, read) = attention_merge(&left, &cache.roles, step, reading, blocks, at);
            (scratch, reading) = (left, read);
            hidden = attn.o_proj.add_to(hidden, &context);
            let norm = layer.post_attention_layernorm.taken();
            hidden = layer.mlp.add_normed(hidden, &norm);
            cache.layers.push(key_values);
        }
        (cache.scratch, cache.reading) = (scratch, reading);
        hidden
    }
}

#[cfg(not(target_family = "wasm"))]
impl Text {
    /// All rows of many sequences through all layers at once, as training needs it. `attend` is given a layer's
    /// number, its queries and keys (rotated) and values [n, (n_heads + 2 n_kv_heads) · head_dim], and returns
    /// the context [n, n_heads · head_dim]. → final norm [n, hidden]
    pub fn forward(
        &self,
        mut hidden: Tensor<2>,
        angles: &Angles,
        mut attend: impl FnMut(usize, Tensor<2>, Heads) -> Tensor<2>,
    ) -> Tensor<2> {
        for (index, layer) in self.layers.iter().enumerate() {
            let x = layer.input_layernorm.forward(&hidden);
            let attn = &layer.self_attn;
            let heads = RopeHeads {
                n_heads: attn.heads.n_heads + 2 * attn.heads.n_kv_heads,
                n_rotated: attn.heads.n_heads + attn.heads.n_kv_heads,
                head_dim: attn.heads.head_dim,
            };
            let qkv = attn.qkv_proj.forward(&x);
            let context = attend(index, rope(qkv, angles, heads), attn.heads);
            hidden = layer.after_attention(hidden, &context);
        }
        self.norm.forward(&hidden)
    }
}

impl DecoderLayer {
    /// Output projection and MLP, both added to the residual stream.
    fn after_attention(&self, hidden: Tensor<2>, context: &Tensor<2>) -> Tensor<2> {
        let hidden = self.self_attn.o_proj.add_to(hidden, context);
        let x = self.post_attention_layernorm.forward(&hidden);
        self.mlp.add_to(hidden, &x)
    }
}
