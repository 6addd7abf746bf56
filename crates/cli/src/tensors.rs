//! `--tensors`: an answer's recording as safetensors, names as in `tests/reference.py`.

use anyhow::Result;
use generate::{Readout, Recording};
use safetensors::{Dtype, tensor::TensorView};

struct Entry {
    name: &'static str,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn floats(name: &'static str, shape: &[usize], values: impl Iterator<Item = f32>) -> Entry {
    Entry {
        name,
        dtype: Dtype::F32,
        shape: shape.to_vec(),
        bytes: values.flat_map(f32::to_le_bytes).collect(),
    }
}

fn ints(name: &'static str, shape: &[usize], values: impl Iterator<Item = u32>) -> Entry {
    Entry {
        name,
        dtype: Dtype::I32,
        shape: shape.to_vec(),
        bytes: values
            .flat_map(|value| (value as i32).to_le_bytes())
            .collect(),
    }
}

/// The whole file.
pub fn serialize(recording: &Recording) -> Result<Vec<u8>> {
    let mut entries = prompt(recording);
    entries.extend(steps(recording));
    let views = entries.iter().map(|entry| {
        let view = TensorView::new(entry.dtype, entry.shape.clone(), &entry.bytes)?;
        Ok((entry.name, view))
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    Ok(safetensors::serialize(views, None)?)
}

fn prompt(recording: &Recording) -> Vec<Entry> {
    let n_token = recording.input_ids.len();
    let positions = recording.position_ids.iter().flatten().copied();
    let grids = recording.image_grid_thw.iter().flatten().copied();
    let n_patch: u32 = recording
        .image_grid_thw
        .iter()
        .map(|[t, h, w]| t * h * w)
        .sum();
    let n_patch = n_patch as usize;
    let mut entries = vec![
        ints("input_ids", &[n_token], recording.input_ids.iter().copied()),
        ints("position_ids", &[3, n_token], positions),
        ints(
            "image_grid_thw",
            &[recording.image_grid_thw.len(), 3],
            grids,
        ),
    ];
    if !recording.pixel_values.is_empty() {
        let n_image_token = recording
            .steps
            .first()
            .map_or(0, |step| step.map.len())
            .max(1);
        let width = recording.pixel_values.len() / n_patch;
        let hidden = recording.vision_embeds.len() / n_image_token;
        let pixels = recording.pixel_values.iter().copied();
        let embeds = recording.vision_embeds.iter().copied();
        entries.push(floats("pixel_values", &[n_patch, width], pixels));
        entries.push(floats("vision_embeds", &[n_image_token, hidden], embeds));
    }
    entries
}

fn steps(recording: &Recording) -> Vec<Entry> {
    let steps = &recording.steps;
    let n = steps.len();
    let size = |of: fn(&Readout) -> usize| steps.first().map_or(0, of);
    let n_layers = size(|step| step.sums.len());
    let mass = |step: &Readout| step.map.iter().sum::<f32>();
    let shares = |step: &Readout| {
        let shares = step.shares();
        [shares.image, shares.question, shares.generated]
    };
    let logits = steps.iter().flat_map(|step| step.logits.iter().copied());
    let map = steps.iter().flat_map(|step| step.map.iter().copied());
    let per_layer = steps
        .iter()
        .flat_map(|step| step.sums.iter().map(|sums| sums[0]));
    let positions = &recording.decode_position_ids;
    vec![
        floats("logits", &[n, size(|step| step.logits.len())], logits),
        ints(
            "generated_ids",
            &[n],
            recording.generated_ids.iter().copied(),
        ),
        ints(
            "decode_position_ids",
            &[positions.len()],
            positions.iter().copied(),
        ),
        floats("attn_image_tokens", &[n, size(|step| step.map.len())], map),
        floats("attn_image_mass_per_layer", &[n, n_layers], per_layer),
        floats("attn_image_mass", &[n], steps.iter().map(mass)),
        floats("shares", &[n, 3], steps.iter().flat_map(shares)),
    ]
}
