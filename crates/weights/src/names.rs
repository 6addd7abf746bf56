//! Names and shapes of stored tensors.

use std::borrow::Cow;

use crate::Format;

/// The patch embedding, a convolution that is stored as a matrix `[hidden, 1176]`.
const PATCH_EMBEDDING: &str = "visual.patch_embed.proj.weight";

/// The published name of a tensor: `visual.*`, `model.layers.*`, `model.embed_tokens.weight`,
/// `model.norm.weight`, `lm_head.weight`.
///
/// Newer tools save `model.visual.*` and `model.language_model.*`; other names stay as they are.
pub fn canonical_name(name: &str) -> Cow<'_, str> {
    if let Some(rest) = name.strip_prefix("model.language_model.") {
        return Cow::Owned(format!("model.{rest}"));
    }
    match name.strip_prefix("model.") {
        Some(visual) if visual.starts_with("visual.") => Cow::Borrowed(visual),
        _ => Cow::Borrowed(name),
    }
}

/// Rows and columns of a tensor seen as a matrix: a vector is one row, further dimensions are columns.
/// `None` for a scalar or an overflow.
pub fn matrix_shape(shape: &[usize]) -> Option<(usize, usize)> {
    match shape {
        [] => None,
        [cols] => Some((1, *cols)),
        [rows, rest @ ..] => {
            let cols = rest
                .iter()
                .try_fold(1usize, |cols, &n| cols.checked_mul(n))?;
            Some((*rows, cols))
        }
    }
}

/// The format in which a tensor is stored when `chosen` is asked for: norms and biases stay f32, and the patch
/// embedding has at least 8 bits.
pub fn stored_format(name: &str, shape: &[usize], chosen: Format) -> Format {
    match chosen {
        // The sight of every patch passes through it, and it is small: never less than 8 bits.
        Format::Q4 { group } if name == PATCH_EMBEDDING => Format::Q8 { group },
        _ if shape.len() == 2 || name == PATCH_EMBEDDING => chosen,
        _ => Format::F32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_naming_schemes_meet() {
        for (name, canonical) in [
            (
                "model.visual.blocks.0.norm1.weight",
                "visual.blocks.0.norm1.weight",
            ),
            (
                "model.language_model.layers.1.mlp.up_proj.weight",
                "model.layers.1.mlp.up_proj.weight",
            ),
            (
                "model.language_model.embed_tokens.weight",
                "model.embed_tokens.weight",
            ),
            ("model.language_model.norm.weight", "model.norm.weight"),
            ("lm_head.weight", "lm_head.weight"),
            ("visual.merger.ln_q.weight", "visual.merger.ln_q.weight"),
            (
                "model.layers.0.input_layernorm.weight",
                "model.layers.0.input_layernorm.weight",
            ),
        ] {
            assert_eq!(canonical_name(name), canonical);
            assert_eq!(canonical_name(canonical), canonical);
        }
    }

    #[test]
    fn only_matrices_are_quantised() {
        let q4 = Format::Q4 { group: 32 };
        assert_eq!(stored_format("model.norm.weight", &[8], q4), Format::F32);
        let q8 = Format::Q8 { group: 32 };
        let patches = [8, 3, 2, 14, 14];
        assert_eq!(stored_format(PATCH_EMBEDDING, &patches, q4), q8);
        assert_eq!(stored_format(PATCH_EMBEDDING, &[8, 1176], q8), q8);
        assert_eq!(
            stored_format(PATCH_EMBEDDING, &patches, Format::F16),
            Format::F16
        );
        assert_eq!(stored_format("model.norm.bias", &[8], q8), Format::F32);
        assert_eq!(stored_format("lm_head.weight", &[8, 8], q4), q4);
        assert_eq!(matrix_shape(&[8, 3, 2, 14, 14]), Some((8, 1176)));
        assert_eq!(matrix_shape(&[8]), Some((1, 8)));
        assert_eq!(matrix_shape(&[2, usize::MAX, 2]), None);
        assert_eq!(matrix_shape(&[]), None);
    }
}
