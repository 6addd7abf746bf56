//! The language model: embeddings in, logits and attention out.

use burn::{
    module::Module,
    tensor::{Int, Tensor},
};
use kernels::{
    Angles, Heads, KeyValues, Linear, Matrix, ProbeLayer, attention_decode, attention_prefill,
    mrope, probe, side_by_side,
};
#[cfg(not(target_family = "wasm"))]
use kernels::{RopeHeads, rope};

use crate::{cache::Cache, mlp::Mlp, rms_norm::RmsNorm};

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
    /// With bias.
    pub q_proj: Linear,
    /// With bias.
    pub k_proj: Linear,
    /// With bias.
    pub v_proj: Linear,
    /// Without bias.
    pub o_proj: Linear,
    /// Query and key/value heads.
    #[module(skip)]
    pub heads: Heads,
}

impl Text {
    /// Fills the cache with the rows of `hidden` [n, hidden], which stand in the slots `n_past[0] …`.
    pub fn prefill(
        &self,
        mut hidden: Tensor<2>,
        angles: &Angles,
        n_past: &Tensor<1, Int>,
        cache: &mut Cache,
    ) {
        let last = self.layers.len() - 1;
        let caches = std::mem::take(&mut cache.layers);
        for (index, (layer, key_values)) in self.layers.iter().zip(caches).enumerate() {
            let (qkv, key_values) = layer.qkv(&hidden, angles, n_past, key_values);
            // Nothing reads what the last layer would make of the prompt but its keys and values.
            if index < last {
                let heads = layer.self_attn.heads;
                let context = attention_prefill(qkv, &key_values, n_past, heads);
                hidden = layer.after_attention(hidden, &context);
            }
            cache.layers.push(key_values);
        }
    }

    /// One row `hidden` [1, hidden] through all layers → its final norm [1, hidden]; the attention of
    /// every layer goes to the cache's readout.
    pub fn step(
        &self,
        mut hidden: Tensor<2>,
        angles: &Angles,
        n_past: &Tensor<1, Int>,
        cache: &mut Cache,
    ) -> Tensor<2> {
        let caches = std::mem::take(&mut cache.layers);
        let mut reading = cache.reading.clone();
        for (index, (layer, key_values)) in self.layers.iter().zip(caches).enumerate() {
            let heads = layer.self_attn.heads;
            let (qkv, key_values) = layer.qkv(&hidden, angles, n_past, key_values);
            let (context, probabilities) =
                attention_decode(qkv, &key_values, n_past, reading.probabilities, heads);
            let at = ProbeLayer {
                n_heads: heads.n_heads,
                capacity_token: cache.capacity_token,
                n_image_token: cache.n_image_token,
                layer: index,
                n_layers: self.layers.len(),
            };
            reading.readout = probe(&probabilities, &cache.roles, n_past, reading.readout, at);
            reading.probabilities = probabilities;
            hidden = layer.after_attention(hidden, &context);
            cache.layers.push(key_values);
        }
        cache.reading = reading;
        self.norm.forward(&hidden)
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
            let qkv = side_by_side(&x, &[&attn.q_proj, &attn.k_proj, &attn.v_proj]);
            let context = attend(index, rope(qkv, angles, heads), attn.heads);
            hidden = layer.after_attention(hidden, &context);
        }
        self.norm.forward(&hidden)
    }
}

impl DecoderLayer {
    /// Rotated q beside k and v, and the cache with the new rows.
    fn qkv(
        &self,
        hidden: &Tensor<2>,
        angles: &Angles,
        n_past: &Tensor<1, Int>,
        key_values: KeyValues,
    ) -> (Tensor<2>, KeyValues) {
        let x = self.input_layernorm.forward(hidden);
        let attn = &self.self_attn;
        let qkv = side_by_side(&x, &[&attn.q_proj, &attn.k_proj, &attn.v_proj]);
        mrope(qkv, angles, n_past, key_values, attn.heads)
    }

    /// Output projection and MLP, both added to the residual stream.
    fn after_attention(&self, hidden: Tensor<2>, context: &Tensor<2>) -> Tensor<2> {
        let hidden = self.self_attn.o_proj.add_to(hidden, context);
        let x = self.post_attention_layernorm.forward(&hidden);
        self.mlp.add_to(hidden, &x)
    }
}
