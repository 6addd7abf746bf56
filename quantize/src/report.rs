//! What the conversion cost: bytes, and the error of every tensor.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use weights::{Format, Manifest, Tensor};

use crate::error::Error;

const N_WORST: usize = 10;

/// Sums over the weights of one tensor, or of several.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loss {
    /// Of stored weight minus weight, squared.
    pub squared_error: f64,
    /// Of the weights squared.
    pub squared_weights: f64,
}

/// Sizes and errors of a finished conversion.
#[derive(Debug, Serialize)]
pub struct Report {
    name: String,
    /// Bytes of the checkpoint's tensors.
    bytes_in: u64,
    /// Bytes of shards and side files.
    bytes_out: u64,
    /// Over all weights of the model.
    relative_rms_error: f64,
    /// The tensors with the largest relative error, worst first.
    worst: Vec<TensorReport>,
    tensors: Vec<TensorReport>,
}

/// Size and error of one tensor.
#[derive(Debug, Clone, Serialize)]
struct TensorReport {
    name: String,
    shape: Vec<usize>,
    #[serde(flatten)]
    format: Format,
    bytes: u64,
    relative_rms_error: f64,
}

impl Loss {
    /// Adds the sums of other weights.
    pub fn add(&mut self, other: Loss) {
        self.squared_error += other.squared_error;
        self.squared_weights += other.squared_weights;
    }

    /// Root of the squared error over the squared weights; 0 where there is no error.
    fn relative_rms(self) -> f64 {
        if self.squared_error == 0.0 {
            return 0.0;
        }
        (self.squared_error / self.squared_weights).sqrt()
    }
}

impl Report {
    /// `losses` are those of the manifest's tensors, in order.
    pub fn new(manifest: &Manifest, bytes_in: u64, losses: &[Loss]) -> Self {
        let pairs = manifest.tensors.iter().zip(losses);
        let tensors: Vec<_> = pairs
            .map(|(tensor, &loss)| TensorReport::new(tensor, loss))
            .collect();
        let mut worst = tensors.clone();
        worst.sort_by(|a, b| b.relative_rms_error.total_cmp(&a.relative_rms_error));
        worst.truncate(N_WORST);
        let mut total = Loss::default();
        losses.iter().for_each(|&loss| total.add(loss));
        Self {
            name: manifest.name.clone(),
            bytes_in,
            bytes_out: manifest.total_bytes(),
            relative_rms_error: total.relative_rms(),
            worst,
            tensors,
        }
    }

    /// Writes the report as JSON.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let json = serde_json::to_string_pretty(self).map_err(io::Error::from);
        let json = json.map_err(Error::write(path))?;
        fs::write(path, json + "\n").map_err(Error::write(path))
    }
}

impl TensorReport {
    fn new(tensor: &Tensor, loss: Loss) -> Self {
        Self {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            format: tensor.format,
            bytes: tensor.length,
            relative_rms_error: loss.relative_rms(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mega = |bytes: u64| bytes as f64 / 1e6;
        writeln!(f, "model          {}", self.name)?;
        writeln!(f, "tensors        {}", self.tensors.len())?;
        writeln!(f, "read           {:.1} MB", mega(self.bytes_in))?;
        writeln!(f, "written        {:.1} MB", mega(self.bytes_out))?;
        writeln!(f, "relative error {:.5} (rms)", self.relative_rms_error)?;
        writeln!(f, "worst tensors")?;
        for tensor in &self.worst {
            let format = tensor.format.to_string();
            writeln!(
                f,
                "  {:.5}  {format:13} {}",
                tensor.relative_rms_error, tensor.name
            )?;
        }
        Ok(())
    }
}
