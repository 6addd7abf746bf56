//! Twin of `mrope.wgsl`.

use crate::sizes::Heads;

fn rotated(head: &[f32], cosines: &[f32], sines: &[f32]) -> Vec<f32> {
    let half = head.len() / 2;
    (0..head.len())
        .map(|d| {
            let angle = d % half;
            let (cos, sin) = (f64::from(cosines[angle]), f64::from(sines[angle]));
            let partner = if d < half {
                -f64::from(head[d + half])
            } else {
                f64::from(head[d - half])
            };
            (f64::from(head[d]) * cos + partner * sin) as f32
        })
        .collect()
}

/// Rotates the queries in place and fills the cache from slot `n_past` on.
pub fn mrope(
    qkv: &mut [f32],
    cosines: &[f32],
    sines: &[f32],
    n_past: usize,
    keys: &mut [f32],
    values: &mut [f32],
    heads: Heads,
) {
    let dim = heads.head_dim;
    let kv_width = heads.n_kv_heads * dim;
    let width = heads.n_heads * dim + 2 * kv_width;
    for (m, row) in qkv.chunks_exact_mut(width).enumerate() {
        let angles = m * dim / 2..(m + 1) * dim / 2;
        for head in row[..width - kv_width].chunks_exact_mut(dim) {
            head.copy_from_slice(&rotated(
                head,
                &cosines[angles.clone()],
                &sines[angles.clone()],
            ));
        }
        let slot = (n_past + m) * kv_width..(n_past + m + 1) * kv_width;
        let (_, key_value) = row.split_at(heads.n_heads * dim);
        keys[slot.clone()].copy_from_slice(&key_value[..kv_width]);
        values[slot].copy_from_slice(&key_value[kv_width..]);
    }
}
