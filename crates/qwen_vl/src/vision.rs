//! The vision tower: patches to image embeddings, everything in window order.

use burn::{
    module::Module,
    tensor::{Int, Tensor},
};
use kernels::{Angles, Linear, RopeHeads, attention_window, gelu, rope};

use crate::{mlp::Mlp, rms_norm::RmsNorm};

/// `visual.*`
#[derive(Module, Debug)]
pub struct Vision {
    /// The patch embedding, a Conv3d whose kernel is its stride.
    pub patch_embed: PatchEmbed,
    /// Transformer blocks.
    pub blocks: Vec<VisionBlock>,
    /// Four patches to one image token.
    pub merger: PatchMerger,
}

/// `visual.patch_embed.*`
#[derive(Module, Debug)]
pub struct PatchEmbed {
    /// 1176 → hidden, no bias.
    pub proj: Linear,
}

/// `visual.blocks.N.*`
#[derive(Module, Debug)]
pub struct VisionBlock {
    /// Before attention.
    pub norm1: RmsNorm,
    /// Before the MLP.
    pub norm2: RmsNorm,
    /// Attention inside windows, or over the whole image.
    pub attn: VisionAttention,
    /// Gated MLP.
    pub mlp: Mlp,
    /// Whether the block sees the whole image.
    #[module(skip)]
    pub is_full: bool,
}

/// `visual.blocks.N.attn.*`
#[derive(Module, Debug)]
pub struct VisionAttention {
    /// hidden → q, k and v heads.
    pub qkv: Linear,
    /// Output projection.
    pub proj: Linear,
    /// Heads of q, of k and of v.
    #[module(skip)]
    pub n_heads: usize,
}

/// `visual.merger.*`
#[derive(Module, Debug)]
pub struct PatchMerger {
    /// On single patches.
    pub ln_q: RmsNorm,
    /// `mlp.0` and `mlp.2`, with an exact GELU between.
    pub mlp: [Linear; 2],
    /// Patches of one image token.
    #[module(skip)]
    pub n_group_patch: usize,
}

/// What the tower is given: all images of a prompt, patches in window order.
#[derive(Clone, Debug)]
pub struct VisionInput {
    /// [n_patch, 1176]
    pub pixel_values: Tensor<2>,
    /// Rotary tables [n_patch, head_dim / 2].
    pub angles: Angles,
    /// First and end row of each patch's window, flattened [n_patch, 2].
    pub windows: Tensor<1, Int>,
    /// First and end row of each patch's image, flattened [n_patch, 2].
    pub images: Tensor<1, Int>,
}

impl Vision {
    /// → [n_patch / 4, out_hidden_size], one row per image token, in window order.
    pub fn forward(&self, input: &VisionInput) -> Tensor<2> {
        let mut hidden = self.patch_embed.proj.forward(&input.pixel_values);
        for block in &self.blocks {
            hidden = block.forward(hidden, input);
            // A block at a time keeps the device at work, and each submission short.
            kernels::flush(&hidden.device());
        }
        self.merger.forward(&hidden)
    }
}

impl VisionBlock {
    /// [n_patch, hidden] → the same.
    fn forward(&self, hidden: Tensor<2>, input: &VisionInput) -> Tensor<2> {
        let borders = if self.is_full {
            &input.images
        } else {
            &input.windows
        };
        let context = self
            .attn
            .context(&self.norm1.forward(&hidden), &input.angles, borders);
        let hidden = self.attn.proj.add_to(hidden, &context);
        let x = self.norm2.forward(&hidden);
        self.mlp.add_to(hidden, &x)
    }
}

impl VisionAttention {
    /// [n_patch, hidden] → [n_patch, hidden], before the output projection.
    fn context(&self, x: &Tensor<2>, angles: &Angles, borders: &Tensor<1, Int>) -> Tensor<2> {
        let qkv = self.qkv.forward(x);
        let heads = RopeHeads {
            n_heads: 3 * self.n_heads,
            n_rotated: 2 * self.n_heads,
            head_dim: qkv.dims()[1] / (3 * self.n_heads),
        };
        attention_window(rope(qkv, angles, heads), borders, self.n_heads)
    }
}

impl PatchMerger {
    /// [n_patch, hidden] → [n_patch / n_group_patch, out_hidden_size]
    fn forward(&self, hidden: &Tensor<2>) -> Tensor<2> {
        let [n_patch, width] = hidden.dims();
        let groups = self
            .ln_q
            .forward(hidden)
            .reshape([n_patch / self.n_group_patch, width * self.n_group_patch]);
        self.mlp[1].forward(&gelu(self.mlp[0].forward(&groups)))
    }
}
