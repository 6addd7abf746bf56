//! From the network back to the checkpoint's tensors.

use burn::{
    module::Param,
    tensor::{Tensor, TensorData},
};
use kernels::{Heads, Linear, Matrix};

use crate::{
    config::Config, mlp::Mlp, model::Qwen2_5Vl, rms_norm::RmsNorm, tensors::expected_tensors,
};

impl Qwen2_5Vl {
    /// Name, shape and values of every tensor of a dense network, in the order of
    /// [`expected_tensors`]; packed matrices have none to give and are empty.
    pub fn dense_tensors(&self, config: &Config) -> Vec<(String, Vec<usize>, Vec<f32>)> {
        let mut values = Vec::new();
        self.visit_vision(&mut values);
        self.visit_text(&mut values);
        let names = expected_tensors(config).into_iter();
        names
            .zip(values)
            .map(|((name, shape), values)| (name, shape, values))
            .collect()
    }

    /// The same network with f32 weights, as training and batched measuring need it.
    pub fn dequantized(self) -> Qwen2_5Vl {
        let linear = |layer: Linear| Linear {
            weight: layer.weight.dequantized(),
            ..layer
        };
        let mlp = |mlp: Mlp| Mlp {
            gate_proj: linear(mlp.gate_proj),
            up_proj: linear(mlp.up_proj),
            down_proj: linear(mlp.down_proj),
        };
        let Qwen2_5Vl {
            mut visual,
            mut model,
            lm_head,
        } = self;
        visual.patch_embed.proj = linear(visual.patch_embed.proj);
        for block in &mut visual.blocks {
            block.attn.qkv = linear(block.attn.qkv.clone());
            block.attn.proj = linear(block.attn.proj.clone());
            block.mlp = mlp(block.mlp.clone());
        }
        visual.merger.mlp = visual.merger.mlp.map(linear);
        model.embed_tokens = model.embed_tokens.dequantized();
        for layer in &mut model.layers {
            let attn = &mut layer.self_attn;
            attn.qkv_proj = linear(attn.qkv_proj.clone());
            attn.o_proj = linear(attn.o_proj.clone());
            layer.mlp = mlp(layer.mlp.clone());
        }
        let lm_head = lm_head.map(Matrix::dequantized);
        Qwen2_5Vl {
            visual,
            model,
            lm_head,
        }
    }

    fn visit_vision(&self, out: &mut Vec<Vec<f32>>) {
        let visual = &self.visual;
        linear(&visual.patch_embed.proj, out);
        for block in &visual.blocks {
            norm(&block.norm1, out);
            norm(&block.norm2, out);
            linear(&block.attn.qkv, out);
            linear(&block.attn.proj, out);
            mlp(&block.mlp, out);
        }
        norm(&visual.merger.ln_q, out);
        visual
            .merger
            .mlp
            .iter()
            .for_each(|layer| linear(layer, out));
    }

    fn visit_text(&self, out: &mut Vec<Vec<f32>>) {
        out.push(matrix(&self.model.embed_tokens));
        for layer in &self.model.layers {
            norm(&layer.input_layernorm, out);
            norm(&layer.post_attention_layernorm, out);
            let attn = &layer.self_attn;
            stacked(&attn.qkv_proj, attn.heads, out);
            linear(&attn.o_proj, out);
            mlp(&layer.mlp, out);
        }
        norm(&self.model.norm, out);
        if let Some(head) = &self.lm_head {
            out.push(matrix(head));
        }
    }
}

fn mlp(mlp: &Mlp, out: &mut Vec<Vec<f32>>) {
    for layer in [&mlp.gate_proj, &mlp.up_proj, &mlp.down_proj] {
        linear(layer, out);
    }
}

fn linear(layer: &Linear, out: &mut Vec<Vec<f32>>) {
    out.push(matrix(&layer.weight));
    out.extend(layer.bias.as_ref().map(values));
}

/// Queries, keys and values, each with weight and bias.
fn stacked(layer: &Linear, heads: Heads, out: &mut Vec<Vec<f32>>) {
    let (weight, bias) = (matrix(&layer.weight), layer.bias.as_ref().map(values));
    let [_, n_cols] = layer.weight.size();
    let (q_width, kv_width) = (
        heads.n_heads * heads.head_dim,
        heads.n_kv_heads * heads.head_dim,
    );
    let mut row = 0;
    for n_rows in [q_width, kv_width, kv_width] {
        let rows = row..row + n_rows;
        let part = weight.get(rows.start * n_cols..rows.end * n_cols);
        out.push(part.unwrap_or_default().to_vec());
        out.extend(bias.as_ref().map(|bias| bias[rows].to_vec()));
        row += n_rows;
    }
}

fn norm(norm: &RmsNorm, out: &mut Vec<Vec<f32>>) {
    out.push(values(&norm.weight));
}

fn matrix(matrix: &Matrix) -> Vec<f32> {
    match matrix {
        Matrix::Dense(dense) => dense.weight.iter().flat_map(values).collect(),
        Matrix::Packed(_) => Vec::new(),
    }
}

fn values<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f32> {
    let data: TensorData = param.val().into_data();
    data.iter::<f32>().collect()
}
