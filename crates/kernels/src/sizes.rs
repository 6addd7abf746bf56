//! What a kernel is told beside its buffers: sizes, places and codes, for launchers and twins alike.

use weights::Format;

/// What a matrix product computes, as far as the pipeline depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Product {
    /// Storage of w.
    pub format: Format,
    /// Add a bias per row of w.
    pub has_bias: bool,
    /// Add to what the output holds.
    pub accumulate: bool,
}

/// One segment of a product: w is [n_rows, n_cols], its results go to columns
/// `column .. column + n_rows` of the output.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// What to compute.
    pub product: Product,
    /// Rows of w in this segment.
    pub n_rows: usize,
    /// Columns of w, the width of x.
    pub n_cols: usize,
    /// First output column.
    pub column: usize,
}

/// Added to a row number of the image embeddings to tell it from a token id.
pub const IMAGE_ROW: u32 = 0x8000_0000;

/// One row segment of the table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Storage.
    pub format: Format,
    /// Table row of the segment's first row.
    pub first_row: usize,
    /// Rows in the segment.
    pub n_rows: usize,
    /// Width of a row.
    pub n_cols: usize,
}

/// Grouped-query heads: query head h reads key/value head `h / (n_heads / n_kv_heads)`.
#[derive(Clone, Copy, Debug)]
pub struct Heads {
    /// Query heads.
    pub n_heads: usize,
    /// Key/value heads; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width of a head; a multiple of 8 up to [`MAX_HEAD_DIM`].
    pub head_dim: usize,
}

/// Heads of one row of a fused projection.
#[derive(Clone, Copy, Debug)]
pub struct RopeHeads {
    /// All heads of a row.
    pub n_heads: usize,
    /// How many of them, from the first, are rotated.
    pub n_rotated: usize,
    /// Width of a head.
    pub head_dim: usize,
}

/// Role of a cache slot that no share counts, such as the system prompt.
pub const ROLE_OUTSIDE: u32 = 0;
/// Role of a slot that counts in the denominator only, such as `<|vision_end|>`.
pub const ROLE_COUNTED: u32 = 1;
/// Role of a token of the question.
pub const ROLE_QUESTION: u32 = 2;
/// Role of a generated token.
pub const ROLE_GENERATED: u32 = 3;
/// Role of image token 0; image token j is `ROLE_IMAGE + j`.
pub const ROLE_IMAGE: u32 = 4;

/// Cache slots of a block: a workgroup's invocations, and the unit in which keys lie.
pub const BLOCK_TOKEN: usize = 64;

/// Widest head: its queries, keys and scores share 16 KiB of workgroup memory.
pub const MAX_HEAD_DIM: usize = 128;

/// Rows of queries that a workgroup of `shared/attention_tile.wgsl` covers.
#[cfg(not(target_feature = "simd128"))]
pub(crate) const TILE_ROWS: usize = 16;

/// Stretches into which a block's context is cut, so that every invocation has work.
pub fn n_parts(head_dim: usize) -> usize {
    BLOCK_TOKEN / (head_dim / 4)
}

/// Sizes of what `attention_decode` leaves for `attention_merge`, for a cache of `capacity_token` slots.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    /// Query and key/value heads.
    pub heads: Heads,
    /// Slots of the cache; a multiple of [`BLOCK_TOKEN`].
    pub capacity_token: usize,
}

impl Blocks {
    /// Blocks of the cache.
    pub fn n_blocks(&self) -> usize {
        self.capacity_token / BLOCK_TOKEN
    }

    /// Shape of the scores.
    pub fn scores(&self) -> [usize; 2] {
        [self.heads.n_heads, self.capacity_token]
    }

    /// Shape of the contexts.
    pub fn contexts(&self) -> [usize; 2] {
        let n_parts = self.n_blocks() * n_parts(self.heads.head_dim);
        [self.heads.n_heads, n_parts * self.heads.head_dim]
    }

    /// Shape of maxima and sums.
    pub fn stats(&self) -> [usize; 2] {
        [self.heads.n_heads, 2 * self.n_blocks()]
    }
}

/// Which layer is read out.
#[derive(Clone, Copy, Debug)]
pub struct LayerOf {
    /// This layer.
    pub layer: usize,
    /// All layers.
    pub n_layers: usize,
}

impl LayerOf {
    /// Of one.
    pub const ONLY: LayerOf = LayerOf {
        layer: 0,
        n_layers: 1,
    };
}

/// Sizes of what is packed.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Image tokens of the prompt.
    pub n_image_token: usize,
    /// Layers.
    pub n_layers: usize,
    /// Blocks of the cache.
    pub n_blocks: usize,
}

impl Shares {
    /// Word at which the bytes of the map begin.
    pub fn map_word(&self) -> usize {
        4 + 4 * self.n_layers
    }

    /// Words of the result: id, log probability, largest value of the map, 0; per layer the probability on image,
    /// question, generated and all counted slots; one byte per image token.
    pub fn n_words(&self) -> usize {
        self.map_word() + self.n_image_token.div_ceil(4)
    }
}

/// Repetition penalty, temperature, top-k and top-p, in the order of Hugging Face's logits processors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 takes the largest logit.
    pub temperature: f32,
    /// Keep this many most likely tokens, and those as likely as the last of them; 0 keeps all.
    pub top_k: usize,
    /// Keep the most likely tokens that reach this probability together; 1 keeps all.
    pub top_p: f32,
    /// Divides positive and multiplies negative logits of ids seen before; 1 is off.
    pub repetition_penalty: f32,
}

impl Sampling {
    /// The largest logit.
    pub const GREEDY: Sampling = Sampling {
        temperature: 0.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
    };
}

/// A token drawn from the logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Vocabulary id.
    pub id: u32,
    /// Natural logarithm of the probability that the model itself gives it: softmax of the raw logits.
    pub logprob: f32,
}

/// Word at which the cosines begin; the sines follow.
pub(crate) const STEP_ANGLES: usize = 8;
