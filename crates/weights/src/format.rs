//! The number formats of stored tensors.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the numbers of one tensor are stored; in the manifest the two fields `format` and `group`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "lowercase")]
pub enum Format {
    /// 32-bit floats, one per word.
    F32,
    /// 16-bit floats, two per word, the first in the low half.
    F16,
    /// 8-bit steps above a minimum, four per word, with one scale and one minimum per group.
    Q8 {
        /// Columns that share a scale: 32, 64 or 128.
        group: u32,
    },
    /// 4-bit steps above a minimum, eight per word, with one scale and one minimum per group.
    Q4 {
        /// Columns that share a scale: 32, 64 or 128.
        group: u32,
    },
}

impl Format {
    /// The group lengths that the format knows.
    pub const GROUPS: [u32; 3] = [32, 64, 128];

    /// Columns that share a scale, or `None` for the float formats.
    pub fn group(self) -> Option<u32> {
        match self {
            Format::F32 | Format::F16 => None,
            Format::Q8 { group } | Format::Q4 { group } => Some(group),
        }
    }

    /// Numbers in one 32-bit word.
    pub fn values_per_word(self) -> usize {
        match self {
            Format::F32 => 1,
            Format::F16 => 2,
            Format::Q8 { .. } => 4,
            Format::Q4 { .. } => 8,
        }
    }

    /// The highest step `q` of a quantised format (15 or 255), or `None` for the float formats.
    pub fn q_max(self) -> Option<u32> {
        match self {
            Format::F32 | Format::F16 => None,
            Format::Q8 { .. } => Some(255),
            Format::Q4 { .. } => Some(15),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Format::F32 => f.write_str("f32"),
            Format::F16 => f.write_str("f16"),
            Format::Q8 { group } => write!(f, "q8 group {group}"),
            Format::Q4 { group } => write!(f, "q4 group {group}"),
        }
    }
}
