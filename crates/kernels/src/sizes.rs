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
    /// Width of a head; a multiple of 4.
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

/// Which layer is read out, and the sizes of the buffers.
#[derive(Clone, Copy, Debug)]
pub struct ProbeLayer {
    /// Query heads.
    pub n_heads: usize,
    /// Slots of the cache.
    pub capacity_token: usize,
    /// Image tokens of the prompt.
    pub n_image_token: usize,
    /// This layer.
    pub layer: usize,
    /// All layers.
    pub n_layers: usize,
}
