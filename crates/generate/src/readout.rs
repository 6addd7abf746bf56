//! One step's results on the host: logits, the map over image tokens, the three shares.

use burn::tensor::Tensor;
use qwen_vl::{Gpu, first_line, model::Step};
use trace::Shares;

use crate::Error;

/// What a step leaves for the host.
#[derive(Clone, Debug)]
pub struct Readout {
    /// [vocab_size]
    pub logits: Vec<f32>,
    /// Probability on each image token, mean over heads and layers.
    pub map: Vec<f32>,
    /// Per layer, mean over heads: probability on image, question, generated and all counted tokens.
    pub sums: Vec<[f32; 4]>,
}

impl Readout {
    /// Ratios per layer, then their mean over layers (Look-Back, `vis_demo/att_trend_viz.py`); a layer without
    /// counted attention contributes 0.
    pub fn shares(&self) -> Shares {
        let mean = |kind: usize| {
            let ratios = self.sums.iter().map(|sums| {
                if sums[3] > 0.0 {
                    f64::from(sums[kind]) / f64::from(sums[3])
                } else {
                    0.0
                }
            });
            (ratios.sum::<f64>() / self.sums.len().max(1) as f64) as f32
        };
        Shares {
            image: mean(0),
            question: mean(1),
            generated: mean(2),
        }
    }
}

/// Waits for a step and reads it back.
///
/// # Errors
/// [`Error::Gpu`] or [`Error::Read`] when the device failed since the last call.
pub async fn read(step: Step, n_image_token: usize) -> Result<Readout, Error> {
    let logits = floats(step.logits).await?;
    let mut readout = floats(step.readout).await?;
    if let Some(error) = Gpu::take_error() {
        return Err(error.into());
    }
    let sums = readout.split_off(n_image_token);
    let sums = sums
        .chunks_exact(4)
        .map(|sums| [sums[0], sums[1], sums[2], sums[3]]);
    Ok(Readout {
        logits,
        sums: sums.collect(),
        map: readout,
    })
}

/// The numbers of a tensor.
pub(crate) async fn floats<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    let failed = |reason: String| match Gpu::take_error() {
        Some(error) => Error::Gpu(error),
        None => Error::Read(first_line(&reason)),
    };
    let data = tensor.into_data_async().await;
    let data = data.map_err(|error| failed(error.to_string()))?;
    data.try_to_vec().map_err(|error| failed(error.to_string()))
}
