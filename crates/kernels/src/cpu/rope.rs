//! Twin of `rope.wgsl`.

use crate::sizes::RopeHeads;

/// Rotates the first heads of every row of qkv in place.
pub fn rope(qkv: &mut [f32], cosines: &[f32], sines: &[f32], heads: RopeHeads) {
    let half = heads.head_dim / 2;
    for (m, row) in qkv
        .chunks_exact_mut(heads.n_heads * heads.head_dim)
        .enumerate()
    {
        for head in row.chunks_exact_mut(heads.head_dim).take(heads.n_rotated) {
            let (low, high) = head.split_at_mut(half);
            for j in 0..half {
                let (cos, sin) = (
                    f64::from(cosines[m * half + j]),
                    f64::from(sines[m * half + j]),
                );
                let (a, b) = (f64::from(low[j]), f64::from(high[j]));
                low[j] = (a * cos - b * sin) as f32;
                high[j] = (b * cos + a * sin) as f32;
            }
        }
    }
}
