//! The `vision_config` section of `config.json`.

use kernels::MAX_HEAD_DIM;

use super::field::{ConfigError, Fields, N_MAX_WIDTH};

/// Sizes of the vision tower, in the file's own words.
#[derive(Clone, Debug, PartialEq)]
pub struct VisionConfig {
    /// Blocks.
    pub depth: usize,
    /// Width of the tower.
    pub hidden_size: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Width of the MLP; 3420 in the published models, no multiple of a quantisation group.
    pub intermediate_size: usize,
    /// Edge of a patch in pixels.
    pub patch_size: usize,
    /// Frames in a patch; a still image is repeated.
    pub temporal_patch_size: usize,
    /// Edge of an image token in patches.
    pub spatial_merge_size: usize,
    /// Edge of an attention window in pixels of the resized image.
    pub window_size: usize,
    /// Blocks that attend over the whole image instead of a window.
    pub fullatt_block_indexes: Vec<usize>,
    /// Width after the merger: the language model's `hidden_size`.
    pub out_hidden_size: usize,
    /// Colour channels, always 3.
    pub in_chans: usize,
}

impl VisionConfig {
    /// Width of one attention head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_heads
    }

    /// Numbers in one row of `pixel_values`: channels × frames × patch rows × patch columns.
    pub fn n_patch_value(&self) -> usize {
        self.in_chans * self.temporal_patch_size * self.patch_size * self.patch_size
    }

    /// Edge of a full attention window in image tokens.
    pub fn window_token(&self) -> usize {
        self.window_size / self.spatial_merge_size / self.patch_size
    }

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, ConfigError> {
        let hidden_act = fields.text_or("hidden_act", "silu")?;
        if hidden_act != "silu" {
            return Err(fields.unsupported("hidden_act", &hidden_act, "silu"));
        }
        let config = Self {
            depth: fields.size("depth", 1024)?,
            hidden_size: fields.size("hidden_size", N_MAX_WIDTH)?,
            num_heads: fields.size("num_heads", N_MAX_WIDTH)?,
            intermediate_size: fields.size("intermediate_size", N_MAX_WIDTH)?,
            patch_size: fields.size_or("patch_size", 256, 14)?,
            temporal_patch_size: fields.size_or("temporal_patch_size", 16, 2)?,
            spatial_merge_size: fields.size_or("spatial_merge_size", 16, 2)?,
            window_size: fields.size_or("window_size", N_MAX_WIDTH, 112)?,
            fullatt_block_indexes: read_indexes(fields)?,
            out_hidden_size: fields.size("out_hidden_size", N_MAX_WIDTH)?,
            in_chans: read_channels(fields)?,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let inconsistent = |holds: bool, rule: &'static str, got: String| {
            if holds {
                Ok(())
            } else {
                Err(ConfigError::Inconsistent { rule, got })
            }
        };
        inconsistent(
            self.hidden_size.is_multiple_of(self.num_heads),
            "vision_config.hidden_size to be a multiple of num_heads",
            format!("{} and {}", self.hidden_size, self.num_heads),
        )?;
        inconsistent(
            self.head_dim().is_multiple_of(4) && self.head_dim() <= MAX_HEAD_DIM,
            "the vision head width (hidden_size / num_heads) to be a multiple of 4 up to 128",
            format!("{}", self.head_dim()),
        )?;
        inconsistent(
            self.window_token() > 0,
            "vision_config.window_size to hold at least one image token",
            format!(
                "{} px against {} px",
                self.window_size,
                self.patch_size * self.spatial_merge_size
            ),
        )?;
        let last = self.fullatt_block_indexes.iter().max();
        inconsistent(
            last.is_none_or(|last| *last < self.depth),
            "vision_config.fullatt_block_indexes to be below depth",
            format!("{:?} and {}", self.fullatt_block_indexes, self.depth),
        )
    }
}

fn read_indexes(fields: &Fields<'_>) -> Result<Vec<usize>, ConfigError> {
    const FIELD: &str = "fullatt_block_indexes";
    let ids = fields.ids(FIELD)?.ok_or_else(|| fields.missing(FIELD))?;
    Ok(ids.into_iter().map(|id| id as usize).collect())
}

/// Published files say `in_chans`, the library's class `in_channels`; both default to 3.
fn read_channels(fields: &Fields<'_>) -> Result<usize, ConfigError> {
    for field in ["in_chans", "in_channels"] {
        let n_channel = fields.size_or(field, N_MAX_WIDTH, 3)?;
        if n_channel != 3 {
            return Err(fields.unsupported(field, &n_channel.to_string(), "3 (RGB)"));
        }
    }
    Ok(3)
}
