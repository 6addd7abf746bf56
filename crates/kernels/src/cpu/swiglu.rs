//! Twin of `swiglu.wgsl`.

/// x [n_rows, 2 · n_cols], out [n_rows, n_cols].
pub fn swiglu(x: &[f32], out: &mut [f32], n_cols: usize) {
    for (x, out) in x.chunks_exact(2 * n_cols).zip(out.chunks_exact_mut(n_cols)) {
        let (gate, up) = x.split_at(n_cols);
        for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
            let gate = f64::from(*gate);
            *out = (gate / (1.0 + (-gate).exp()) * f64::from(*up)) as f32;
        }
    }
}
