//! Tensors of a safetensors file as plain numbers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// Numbers with their shape, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Array<T> {
    /// Sides, slowest first.
    pub shape: Vec<usize>,
    /// The numbers; their count is the product of the sides.
    pub values: Vec<T>,
}

impl<T: Clone> Array<T> {
    /// The first `n` entries of the slowest axis, or all of them if there are fewer.
    pub fn first_rows(&self, n: usize) -> Self {
        let mut shape = self.shape.clone();
        let row_len = shape.iter().skip(1).product::<usize>();
        if let Some(rows) = shape.first_mut() {
            *rows = n.min(*rows);
        }
        let values = self.values.iter().take(n * row_len).cloned().collect();
        Self { shape, values }
    }

    /// The entries of the slowest axis with these indices.
    ///
    /// # Errors
    /// An index beyond the array.
    pub fn rows(&self, indices: &[usize]) -> Result<Self> {
        let mut shape = self.shape.clone();
        let row_len = shape.iter().skip(1).product::<usize>();
        if let Some(rows) = shape.first_mut() {
            *rows = indices.len();
        }
        let mut values = Vec::with_capacity(indices.len() * row_len);
        for &row in indices {
            let numbers = self.values.get(row * row_len..(row + 1) * row_len);
            values.extend_from_slice(
                numbers.with_context(|| format!("no row {row} in {:?}", self.shape))?,
            );
        }
        Ok(Self { shape, values })
    }
}

/// The content of one safetensors file.
#[derive(Debug)]
pub struct Tensors {
    bytes: Vec<u8>,
}

impl Tensors {
    /// Reads a file.
    ///
    /// # Errors
    /// The file is missing or is no safetensors file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        SafeTensors::deserialize(&bytes)
            .with_context(|| format!("{} is no safetensors file", path.display()))?;
        Ok(Self { bytes })
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.view(name).is_ok()
    }

    /// An F32 tensor.
    ///
    /// # Errors
    /// No such tensor, or another type.
    pub fn floats(&self, name: &str) -> Result<Array<f32>> {
        let view = self.view(name)?;
        if view.dtype() != Dtype::F32 {
            bail!("{name} is {:?}, expected F32", view.dtype());
        }
        let numbers = view.data().chunks_exact(4);
        let values = numbers
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        Ok(Array {
            shape: view.shape().to_vec(),
            values,
        })
    }

    /// A tensor of whole numbers: U8, I32, U32 or I64.
    ///
    /// # Errors
    /// No such tensor, or another type.
    pub fn integers(&self, name: &str) -> Result<Array<i64>> {
        let view = self.view(name)?;
        let data = view.data();
        let words = data.chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
        let values = match view.dtype() {
            Dtype::U8 => data.iter().map(|&byte| i64::from(byte)).collect(),
            Dtype::I32 => words
                .map(|word| i64::from(i32::from_le_bytes(word)))
                .collect(),
            Dtype::U32 => words
                .map(|word| i64::from(u32::from_le_bytes(word)))
                .collect(),
            Dtype::I64 => {
                let longs = data.chunks_exact(8);
                longs
                    .map(|b| i64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
                    .collect()
            }
            other => bail!("{name} is {other:?}, expected whole numbers"),
        };
        Ok(Array {
            shape: view.shape().to_vec(),
            values,
        })
    }

    fn view(&self, name: &str) -> Result<TensorView<'_>> {
        let file = SafeTensors::deserialize(&self.bytes)?;
        file.tensor(name)
            .with_context(|| format!("there is no tensor {name}"))
    }
}
