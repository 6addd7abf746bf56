//! One step's results on the host: the three shares and, for a recording, everything.

use burn::tensor::Tensor;
use qwen_vl::{
    Gpu, first_line,
    model::{Left, Outcome},
};
use trace::Shares;

use crate::Error;

/// Everything that one step computed.
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
    /// [`shares`] of this step.
    pub fn shares(&self) -> Shares {
        shares(&self.sums)
    }

    /// Reads all of a step back, for a recording.
    pub(crate) async fn of(left: Left, outcome: &Outcome) -> Result<Readout, Error> {
        let mut map = floats(left.map).await?;
        map.truncate(outcome.map.len());
        Ok(Readout {
            logits: floats(left.logits).await?,
            map,
            sums: outcome.sums.clone(),
        })
    }
}

/// Ratios per layer, then their mean over layers (Look-Back, `vis_demo/att_trend_viz.py`); a layer without
/// counted attention contributes 0. `sums` are image, question, generated and all counted tokens per layer.
pub fn shares(sums: &[[f32; 4]]) -> Shares {
    let mean = |kind: usize| {
        let ratios = sums.iter().map(|sums| {
            if sums[3] > 0.0 {
                f64::from(sums[kind]) / f64::from(sums[3])
            } else {
                0.0
            }
        });
        (ratios.sum::<f64>() / sums.len().max(1) as f64) as f32
    };
    Shares {
        image: mean(0),
        question: mean(1),
        generated: mean(2),
    }
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
