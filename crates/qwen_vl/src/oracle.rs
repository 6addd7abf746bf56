//! Reads the reference data that lies next to the repository; tests that need it skip visibly without it.

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::path::PathBuf;

/// Bytes of a file below `shared`, or `None` with a note on stderr.
pub(crate) fn bytes(path: &str) -> Option<Vec<u8>> {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    match std::fs::read(shared.join(path)) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            eprintln!("SKIPPED: shared/{path}: {error}");
            None
        }
    }
}

/// A parsed JSON file below `shared`.
pub(crate) fn json(path: &str) -> Option<Value> {
    Some(serde_json::from_slice(&bytes(path)?).expect("the oracle's JSON parses"))
}

/// One case of the oracle.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) checkpoint: String,
    pub(crate) facts: Value,
    tensors: Vec<u8>,
}

impl Case {
    /// All cases; empty where the oracle is absent.
    pub(crate) fn all() -> Vec<Self> {
        let Some(index) = json("oracle/cases/index.json") else {
            return Vec::new();
        };
        let name = |case: &Value| case["name"].as_str().map(str::to_owned);
        index["cases"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|case| Self::read(name(case)?))
            .collect()
    }

    fn read(name: String) -> Option<Self> {
        let facts = json(&format!("oracle/cases/{name}.json"))?;
        let tensors = bytes(&format!("oracle/cases/{name}.safetensors"))?;
        let checkpoint = facts["checkpoint"].as_str()?.to_owned();
        Some(Self {
            name,
            checkpoint,
            facts,
            tensors,
        })
    }

    pub(crate) fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.tensors).expect("the oracle's tensors parse")
    }

    /// A file of the case's checkpoint.
    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        bytes(&format!("oracle/checkpoints/{}/{name}", self.checkpoint))
            .expect("the oracle is complete")
    }

    /// A JSON file of the case's checkpoint.
    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.file(name)).expect("the oracle's JSON parses")
    }

    /// The image files of the case, in order.
    pub(crate) fn images(&self) -> Vec<Vec<u8>> {
        let names = self.facts["images"].as_array().into_iter().flatten();
        let read = |name: &Value| bytes(&format!("oracle/images/{}", name.as_str()?));
        names.filter_map(read).collect()
    }

    /// Patch rows and columns of each image.
    pub(crate) fn grids(&self) -> Vec<crate::grid::Grid> {
        if self.images().is_empty() {
            return Vec::new();
        }
        let thw = ints(&self.tensors(), "image_grid_thw");
        let grid = |thw: &[u32]| crate::grid::Grid::new(thw[1] as usize, thw[2] as usize, 2);
        thw.chunks(3)
            .map(|thw| grid(thw).expect("the oracle's grids are even"))
            .collect()
    }
}

/// An I32 tensor of non-negative numbers.
pub(crate) fn ints(tensors: &SafeTensors<'_>, name: &str) -> Vec<u32> {
    let tensor = tensors.tensor(name).expect("the oracle has the tensor");
    assert_eq!(tensor.dtype(), Dtype::I32, "{name}");
    tensor
        .data()
        .chunks_exact(4)
        .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

/// An F32 tensor.
pub(crate) fn floats(tensors: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let tensor = tensors.tensor(name).expect("the oracle has the tensor");
    assert_eq!(tensor.dtype(), Dtype::F32, "{name}");
    tensor
        .data()
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

/// Largest absolute difference of two arrays of one length.
pub(crate) fn max_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}
