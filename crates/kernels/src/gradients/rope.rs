//! Rotary embedding (Su et al. 2021) of the first heads of every row: (a, b) → (a·cos − b·sin, b·cos + a·sin) for
//! the halves a and b of a head. A rotation is orthogonal: its gradient is the rotation by the opposite angle.

use super::simd::for_rows;
use crate::sizes::RopeHeads;

/// Rotates in place; with `back`, by the opposite angle.
pub fn rotate(qkv: &mut [f32], cosines: &[f32], sines: &[f32], heads: RopeHeads, back: bool) {
    let half = heads.head_dim / 2;
    let sign = if back { -1.0 } else { 1.0 };
    for_rows(qkv, heads.n_heads * heads.head_dim, |row, values| {
        let (cos, sin) = (&cosines[row * half..][..half], &sines[row * half..][..half]);
        for head in values
            .chunks_exact_mut(heads.head_dim)
            .take(heads.n_rotated)
        {
            let (left, right) = head.split_at_mut(half);
            for i in 0..half {
                let (a, b, sin) = (left[i], right[i], sign * sin[i]);
                left[i] = a * cos[i] - b * sin;
                right[i] = b * cos[i] + a * sin;
            }
        }
    });
}
