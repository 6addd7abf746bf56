//! The header of a safetensors file: names, types, shapes and places of its tensors.
//! <https://github.com/huggingface/safetensors#format>

use safetensors::tensor::Metadata;
use thiserror::Error;

/// Number formats of checkpoints that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// The upper half of an f32.
    Bf16,
    /// IEEE half precision.
    F16,
    /// IEEE single precision.
    F32,
}

/// One tensor of a header; its length in bytes is that of its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTensor {
    /// Name as in the file.
    pub name: String,
    /// Number format.
    pub dtype: Dtype,
    /// Sides of the tensor; empty for a scalar.
    pub shape: Vec<usize>,
    /// First byte within the file.
    pub start: u64,
}

/// Why a safetensors header is refused.
#[derive(Debug, Error)]
pub enum HeaderError {
    /// The file ends before the header does.
    #[error("its header should have {header_bytes} bytes, but only {got} follow")]
    Truncated {
        /// Bytes that the first eight bytes announce.
        header_bytes: u64,
        /// Bytes of the file behind the length.
        got: u64,
    },
    /// The announced header is too long to be one.
    #[error("its header should have {header_bytes} bytes, but at most {max} are plausible", max = MAX_HEADER_BYTES)]
    TooLong {
        /// Bytes that the first eight bytes announce.
        header_bytes: u64,
    },
    /// Not JSON, or tensors that do not follow one on the other.
    #[error("its header is no list of tensors ({0})")]
    Json(#[from] serde_json::Error),
    /// Tensors end elsewhere than the file.
    #[error("its tensors take {expected} bytes, but the file has {got}")]
    Length {
        /// Bytes that header and tensors take.
        expected: u64,
        /// Bytes of the file.
        got: u64,
    },
    /// A tensor without numbers.
    #[error("tensor {tensor} is empty")]
    Empty {
        /// Name of the tensor.
        tensor: String,
    },
    /// A number format that no Qwen2.5-VL checkpoint has.
    #[error("tensor {tensor} has the type {dtype}, but only BF16, F16 and F32 can be read")]
    Dtype {
        /// Name of the tensor.
        tensor: String,
        /// Its type.
        dtype: String,
    },
}

/// Longest header that the format allows.
const MAX_HEADER_BYTES: u64 = 100_000_000;

impl Dtype {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Dtype::Bf16 | Dtype::F16 => 2,
            Dtype::F32 => 4,
        }
    }
}

/// The length of the header from the first eight bytes of a file.
pub(crate) fn header_bytes(prefix: [u8; 8], file_bytes: u64) -> Result<usize, HeaderError> {
    let header_bytes = u64::from_le_bytes(prefix);
    if header_bytes > MAX_HEADER_BYTES {
        return Err(HeaderError::TooLong { header_bytes });
    }
    let got = file_bytes.saturating_sub(8);
    if header_bytes > got {
        return Err(HeaderError::Truncated { header_bytes, got });
    }
    Ok(header_bytes as usize)
}

/// The tensors of a header, in the order of the file. `json` is the header without its length,
/// `file_bytes` the length of the whole file.
///
/// # Errors
/// No header, ranges with gaps or overlaps or of a wrong length, a file of another length, an empty
/// tensor, or a type other than BF16, F16 and F32.
pub fn parse_header(json: &[u8], file_bytes: u64) -> Result<Vec<HeaderTensor>, HeaderError> {
    let metadata: Metadata = serde_json::from_slice(json)?;
    let data_start = 8 + json.len() as u64;
    let expected = data_start.saturating_add(metadata.data_len() as u64);
    if expected != file_bytes {
        let got = file_bytes;
        return Err(HeaderError::Length { expected, got });
    }
    let infos = metadata.tensors();
    let mut tensors = infos
        .into_iter()
        .map(|(name, info)| {
            if info.shape.contains(&0) {
                return Err(HeaderError::Empty { tensor: name });
            }
            Ok(HeaderTensor {
                dtype: known_dtype(&name, info.dtype)?,
                name,
                shape: info.shape.clone(),
                start: data_start + info.data_offsets.0 as u64,
            })
        })
        .collect::<Result<Vec<_>, HeaderError>>()?;
    tensors.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
    Ok(tensors)
}

fn known_dtype(tensor: &str, dtype: safetensors::Dtype) -> Result<Dtype, HeaderError> {
    match dtype {
        safetensors::Dtype::BF16 => Ok(Dtype::Bf16),
        safetensors::Dtype::F16 => Ok(Dtype::F16),
        safetensors::Dtype::F32 => Ok(Dtype::F32),
        other => Err(HeaderError::Dtype {
            tensor: tensor.to_owned(),
            dtype: other.to_string(),
        }),
    }
}
