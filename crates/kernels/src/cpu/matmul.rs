//! Twin of `matmul.wgsl` and `matvec.wgsl`.

use rayon::prelude::*;

use super::weight;
use crate::sizes::Segment;

/// x [n_x, n_cols], out [n_x, n_columns]; writes columns `column .. column + n_rows`.
pub fn matmul(
    x: &[f32],
    words: &[u32],
    scales: &[u32],
    bias: &[f32],
    out: &mut [f32],
    segment: &Segment,
    n_columns: usize,
) {
    let n_cols = segment.n_cols;
    let x: Vec<f64> = x.iter().map(|&value| f64::from(value)).collect();
    let products: Vec<Vec<f64>> = (0..segment.n_rows)
        .into_par_iter()
        .map(|row| {
            let w = weight::row(words, scales, segment.product.format, row, n_cols);
            x.chunks_exact(n_cols).map(|x| dot(x, &w)).collect()
        })
        .collect();
    for (row, column) in products.iter().enumerate() {
        for (m, product) in column.iter().enumerate() {
            let old = &mut out[m * n_columns + segment.column + row];
            let mut sum = *product;
            if segment.product.has_bias {
                sum += f64::from(bias[row]);
            }
            if segment.product.accumulate {
                sum += f64::from(*old);
            }
            *old = sum as f32;
        }
    }
}

/// Sums that vector instructions keep side by side.
const N_SUMS: usize = 8;

fn dot(x: &[f64], w: &[f64]) -> f64 {
    let (x, w) = (x.chunks_exact(N_SUMS), w.chunks_exact(N_SUMS));
    let rest = x.remainder().iter().zip(w.remainder());
    let rest: f64 = rest.map(|(x, w)| x * w).sum();
    let mut sums = [0.0; N_SUMS];
    for (x, w) in x.zip(w) {
        for (sum, (x, w)) in sums.iter_mut().zip(x.iter().zip(w)) {
            *sum += x * w;
        }
    }
    rest + sums.iter().sum::<f64>()
}
