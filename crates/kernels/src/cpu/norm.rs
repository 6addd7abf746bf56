//! Twin of `norm.wgsl`.

/// x and out are [n_rows, n_cols], weight is [n_cols].
pub fn norm(x: &[f32], weight: &[f32], out: &mut [f32], eps: f32) {
    let n_cols = weight.len();
    for (x, out) in x.chunks_exact(n_cols).zip(out.chunks_exact_mut(n_cols)) {
        let squares: f64 = x.iter().map(|&x| f64::from(x).powi(2)).sum();
        let root = (squares / n_cols as f64 + f64::from(eps)).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = (f64::from(*weight) * f64::from(*x) / root) as f32;
        }
    }
}
