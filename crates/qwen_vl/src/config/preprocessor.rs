//! `preprocessor_config.json`: pixel limits, patch sizes and colour statistics of the image processor.

use super::VisionConfig;
use super::field::{ConfigError, Fields};
use serde_json::Value;

/// What the image processor is told, in the file's own words; absent fields have the published values.
#[derive(Clone, Debug, PartialEq)]
pub struct PreprocessorConfig {
    /// Least area of the resized image in pixels.
    pub min_pixels: usize,
    /// Greatest area of the resized image in pixels.
    pub max_pixels: usize,
    /// Edge of a patch in pixels.
    pub patch_size: usize,
    /// Frames in a patch.
    pub temporal_patch_size: usize,
    /// Edge of an image token in patches.
    pub merge_size: usize,
    /// Mean of red, green and blue, 0…1.
    pub image_mean: [f32; 3],
    /// Standard deviation of red, green and blue.
    pub image_std: [f32; 3],
}

impl Default for PreprocessorConfig {
    fn default() -> Self {
        Self {
            min_pixels: 3136,
            max_pixels: 12_845_056,
            patch_size: 14,
            temporal_patch_size: 2,
            merge_size: 2,
            image_mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
            image_std: [0.268_629_55, 0.261_302_6, 0.275_777_1],
        }
    }
}

impl PreprocessorConfig {
    /// Largest `max_pixels` accepted: 65 536 published image tokens, four times the published limit.
    pub const N_MAX_PIXELS: usize = 65_536 * 28 * 28;

    /// Reads a parsed `preprocessor_config.json`; `min_pixels`/`max_pixels` win over `size`, as in the library.
    ///
    /// # Errors
    /// [`ConfigError`] for ill-typed or contradictory values and for steps that are switched off or replaced.
    pub fn parse(value: &Value) -> Result<Self, ConfigError> {
        let fields = Fields::root("preprocessor_config.json", value)?;
        check_steps(&fields)?;
        let published = Self::default();
        let size = fields.section("size")?.unwrap_or_else(|| fields.clone());
        let limit = |field, of_size, default| {
            let default = size.size_or(of_size, Self::N_MAX_PIXELS, default)?;
            fields.size_or(field, Self::N_MAX_PIXELS, default)
        };
        let config = Self {
            min_pixels: limit("min_pixels", "shortest_edge", published.min_pixels)?,
            max_pixels: limit("max_pixels", "longest_edge", published.max_pixels)?,
            patch_size: fields.size_or("patch_size", 256, published.patch_size)?,
            temporal_patch_size: fields.size_or(
                "temporal_patch_size",
                16,
                published.temporal_patch_size,
            )?,
            merge_size: fields.size_or("merge_size", 16, published.merge_size)?,
            image_mean: channels(&fields, "image_mean", published.image_mean)?,
            image_std: channels(&fields, "image_std", published.image_std)?,
        };
        if let Some(value) = fields.get("image_std")
            && config.image_std.iter().any(|std| *std <= 0.0)
        {
            return Err(fields.wrong_type("image_std", "three numbers above 0", value));
        }
        config.with_pixel_limits(None, None)
    }

    /// The same with other limits on the area of the resized image, in pixels; `None` keeps a limit.
    ///
    /// # Errors
    /// [`ConfigError::Inconsistent`] if no area satisfies the limits.
    pub fn with_pixel_limits(
        mut self,
        min: Option<usize>,
        max: Option<usize>,
    ) -> Result<Self, ConfigError> {
        self.min_pixels = min.unwrap_or(self.min_pixels);
        self.max_pixels = max.unwrap_or(self.max_pixels);
        let edge_px = self.token_edge_px();
        let got = format!("{} and {}", self.min_pixels, self.max_pixels);
        if self.max_pixels > Self::N_MAX_PIXELS {
            return Err(ConfigError::Inconsistent {
                rule: "max_pixels to be at most 51380224",
                got,
            });
        }
        if self.min_pixels > self.max_pixels || edge_px * edge_px > self.max_pixels {
            let rule = "min_pixels and one image token's area to be at most max_pixels";
            return Err(ConfigError::Inconsistent { rule, got });
        }
        Ok(self)
    }

    /// Edge of one image token in pixels of the resized image.
    pub fn token_edge_px(&self) -> usize {
        self.patch_size * self.merge_size
    }

    /// Checks that the processor cuts the patches the vision tower expects.
    ///
    /// # Errors
    /// [`ConfigError::Inconsistent`] if the two files disagree.
    pub fn check_against(&self, vision: &VisionConfig) -> Result<(), ConfigError> {
        let ours = [self.patch_size, self.temporal_patch_size, self.merge_size];
        let theirs = [
            vision.patch_size,
            vision.temporal_patch_size,
            vision.spatial_merge_size,
        ];
        if ours == theirs {
            return Ok(());
        }
        Err(ConfigError::Inconsistent {
            rule: "patch, temporal patch and merge size to agree in preprocessor_config.json and config.json",
            got: format!("{ours:?} and {theirs:?}"),
        })
    }
}

/// Steps this engine always takes, and the one resampling filter it knows (3 = bicubic in Pillow).
fn check_steps(fields: &Fields<'_>) -> Result<(), ConfigError> {
    for field in ["do_resize", "do_rescale", "do_normalize", "do_convert_rgb"] {
        if !fields.flag_or(field, true)? {
            return Err(fields.unsupported(field, "false", "true"));
        }
    }
    let resample = fields.number_or("resample", 3.0)?;
    if resample != 3.0 {
        return Err(fields.unsupported("resample", &resample.to_string(), "3 (bicubic)"));
    }
    let factor = fields.number_or("rescale_factor", 1.0 / 255.0)?;
    if (factor - 1.0 / 255.0).abs() > 1e-9 {
        return Err(fields.unsupported("rescale_factor", &factor.to_string(), "1/255"));
    }
    Ok(())
}

fn channels(
    fields: &Fields<'_>,
    field: &'static str,
    default: [f32; 3],
) -> Result<[f32; 3], ConfigError> {
    let Some(value) = fields.get(field) else {
        return Ok(default);
    };
    let numbers = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let numbers: Vec<f32> = numbers
        .iter()
        .filter_map(Value::as_f64)
        .map(|number| number as f32)
        .collect();
    match <[f32; 3]>::try_from(numbers) {
        Ok(numbers) if numbers.iter().all(|number| number.is_finite()) => Ok(numbers),
        _ => Err(fields.wrong_type(field, "a list of three numbers", value)),
    }
}
