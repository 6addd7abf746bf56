//! What an answer computed, for comparison with a reference; names as in `tests/reference.py`.

use crate::{Prepared, Readout};

/// Tensors of one answer.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// [T]
    pub input_ids: Vec<u32>,
    /// [3, T]
    pub position_ids: [Vec<u32>; 3],
    /// [n_images, 3]
    pub image_grid_thw: Vec<[u32; 3]>,
    /// [n_patch, 1176]
    pub pixel_values: Vec<f32>,
    /// [n_image_token, hidden], image tokens in prompt order.
    pub vision_embeds: Vec<f32>,
    /// Per step: logits, map and sums.
    pub steps: Vec<Readout>,
    /// [steps]
    pub generated_ids: Vec<u32>,
    /// [steps − 1]
    pub decode_position_ids: Vec<u32>,
}

impl Recording {
    pub(crate) fn prompt(&mut self, prepared: &Prepared) {
        self.input_ids = prepared.tokens.input_ids.clone();
        self.position_ids = prepared.positions.axes.clone();
        let grids = prepared.tokens.grids();
        self.image_grid_thw = grids.iter().map(|grid| grid.thw()).collect();
        for image in prepared.images_in_order() {
            self.pixel_values.extend_from_slice(&image.pixel_values);
        }
    }
}
