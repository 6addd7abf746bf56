//! What one answer keeps on the device: keys and values, roles of the slots, the attention read out.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use kernels::{KeyValues, ROLE_GENERATED};

use crate::config::Config;

/// Keys, values and roles of up to `capacity_token` tokens; allocated once at full size.
#[derive(Debug)]
pub struct Cache {
    /// Per layer.
    pub(crate) layers: Vec<KeyValues>,
    /// Role of each slot, [capacity_token]; see `kernels::probe`.
    pub(crate) roles: Tensor<1, Int>,
    /// Scratch and result of the attention read-out.
    pub(crate) reading: Reading,
    /// Slots.
    pub(crate) capacity_token: usize,
    /// Image tokens of the prompt.
    pub(crate) n_image_token: usize,
    /// Slots in use.
    pub(crate) n_past: usize,
}

/// Attention of the latest step.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// [num_attention_heads, capacity_token], of the layer at hand.
    pub probabilities: Tensor<2>,
    /// [n_image_token + 4 · num_hidden_layers]
    pub readout: Tensor<1>,
}

impl Cache {
    /// Room for `capacity_token` tokens; `roles` are those of the prompt, all later slots are generated.
    pub fn new(
        config: &Config,
        roles: &[u32],
        n_image_token: usize,
        capacity_token: usize,
        device: &Device,
    ) -> Cache {
        let width = config.num_key_value_heads * config.head_dim;
        let empty = || Tensor::empty([capacity_token, width], device);
        let layers = (0..config.num_hidden_layers).map(|_| KeyValues {
            keys: empty(),
            values: empty(),
        });
        let mut roles = roles.to_vec();
        roles.resize(capacity_token, ROLE_GENERATED);
        let n_readout = n_image_token + 4 * config.num_hidden_layers;
        Cache {
            layers: layers.collect(),
            roles: words(roles, device),
            reading: Reading {
                probabilities: Tensor::empty([config.num_attention_heads, capacity_token], device),
                readout: Tensor::empty([n_readout], device),
            },
            capacity_token,
            n_image_token,
            n_past: 0,
        }
    }

    /// Tokens it can still take.
    pub fn n_free_token(&self) -> usize {
        self.capacity_token - self.n_past
    }
}

/// 32-bit words on the device.
pub(crate) fn words(words: Vec<u32>, device: &Device) -> Tensor<1, Int> {
    let n = words.len();
    Tensor::from_data(TensorData::new(words, [n]), (device, DType::U32))
}
