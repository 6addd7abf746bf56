//! One head of a block: scores, probabilities and gradients as matrix products.

use std::ops::Range;

use super::{Shape, block::Block};
use crate::gradients::{
    linear::{View, product},
    simd::{dot, exp, vectorised},
};

/// One head of a block.
pub(super) struct Head<'a> {
    /// Rows of the task.
    pub qkv: &'a [f32],
    /// Sizes.
    pub shape: Shape,
    /// Number of the query head.
    pub head: usize,
    /// Rows and keys.
    pub block: &'a Block,
}

impl Head<'_> {
    fn scale(&self) -> f32 {
        1.0 / (self.shape.heads.head_dim as f32).sqrt()
    }

    fn columns(&self) -> [usize; 3] {
        let [keys, values] = self.shape.kv_columns(self.head / self.shape.group());
        [self.head * self.shape.heads.head_dim, keys, values]
    }

    /// Both key ranges, each with its first column in the scores.
    fn ranges(&self) -> [(Range<usize>, usize); 2] {
        [
            (self.block.shared.clone(), 0),
            (self.block.own.clone(), self.block.shared.len()),
        ]
    }

    /// scores [n_rows, n_keys] += scale · a · bᵀ, where b are the keys' columns `column`.
    fn scores(&self, a: View, column: usize, scale: f32, scores: &mut [f32]) {
        let (n, d, n_keys) = (
            self.block.rows.len(),
            self.shape.heads.head_dim,
            self.block.n_keys(),
        );
        for (keys, first) in self.ranges() {
            if keys.is_empty() {
                continue;
            }
            let b = View::of(self.qkv, self.shape.in_width(), keys.start, column).transposed();
            product(
                &mut scores[first..],
                n_keys,
                [n, d, keys.len()],
                scale,
                a,
                b,
            );
        }
    }

    /// Softmax of every row over the keys that it sees; 0 elsewhere.
    fn probabilities(&self, p: &mut Vec<f32>) {
        let (n_keys, width) = (self.block.n_keys(), self.shape.in_width());
        p.clear();
        p.resize(self.block.rows.len() * n_keys, 0.0);
        let [q_column, k_column, _] = self.columns();
        let q = View::of(self.qkv, width, self.block.rows.start, q_column);
        self.scores(q, k_column, self.scale(), p);
        vectorised(
            #[inline(always)]
            || {
                for (row, n_own) in p.chunks_exact_mut(n_keys).zip(&self.block.n_own) {
                    let (seen, hidden) = row.split_at_mut(self.block.shared.len() + n_own);
                    softmax(seen);
                    hidden.fill(0.0);
                }
            },
        );
    }

    /// Adds the head's context and its share of the map to `out`, the rows of the task.
    pub fn forward(&self, out: &mut [f32], p: &mut Vec<f32>) {
        self.probabilities(p);
        let (n, d, n_keys) = (
            self.block.rows.len(),
            self.shape.heads.head_dim,
            self.block.n_keys(),
        );
        let (width, out_width) = (self.shape.in_width(), self.shape.out_width());
        let [q_column, _, v_column] = self.columns();
        let out = &mut out[self.block.rows.start * out_width..self.block.rows.end * out_width];
        for (keys, first) in self.ranges() {
            if !keys.is_empty() {
                let a = View::of(p, n_keys, 0, first);
                let b = View::of(self.qkv, width, keys.start, v_column);
                product(
                    &mut out[q_column..],
                    out_width,
                    [n, keys.len(), d],
                    1.0,
                    a,
                    b,
                );
            }
        }
        if self.shape.n_image > 0 {
            let n_context = out_width - self.shape.n_image;
            let share = 1.0 / self.shape.heads.n_heads as f32;
            let rows = out.chunks_exact_mut(out_width).zip(p.chunks_exact(n_keys));
            for (row, (out, p)) in rows.enumerate() {
                for (key, image) in self.block.image_keys(row, self.shape.n_image) {
                    out[n_context + image] += p[key] * share;
                }
            }
        }
    }

    /// Adds the head's gradients to `d_qkv`, the rows of the task: with dp = g·vᵀ + the map's gradient and
    /// ds = p · (dp − Σ p·dp), dq = scale · ds·k, dk = scale · dsᵀ·q and dv = pᵀ·g.
    pub fn backward(&self, grad: &[f32], d_qkv: &mut [f32], [p, ds]: &mut [Vec<f32>; 2]) {
        self.probabilities(p);
        let block = self.block;
        let (n, d, n_keys) = (block.rows.len(), self.shape.heads.head_dim, block.n_keys());
        let (width, out_width) = (self.shape.in_width(), self.shape.out_width());
        let [q_column, k_column, v_column] = self.columns();
        let grad = &grad[block.rows.start * out_width..block.rows.end * out_width];
        let g = View::of(grad, out_width, 0, q_column);
        ds.clear();
        ds.resize(n * n_keys, 0.0);
        self.scores(g, v_column, 1.0, ds);
        self.add_map_gradient(grad, ds);
        vectorised(
            #[inline(always)]
            || {
                for (p, ds) in p.chunks_exact(n_keys).zip(ds.chunks_exact_mut(n_keys)) {
                    let along = dot(p, ds);
                    for (ds, p) in ds.iter_mut().zip(p) {
                        *ds = p * (*ds - along);
                    }
                }
            },
        );
        let scale = self.scale();
        let q = View::of(self.qkv, width, block.rows.start, q_column);
        for (keys, first) in self.ranges() {
            if keys.is_empty() {
                continue;
            }
            let k = View::of(self.qkv, width, keys.start, k_column);
            let (p, ds) = (
                View::of(p, n_keys, 0, first),
                View::of(ds, n_keys, 0, first),
            );
            let at = |row: usize, column: usize| row * width + column;
            let d_q = &mut d_qkv[at(block.rows.start, q_column)..];
            product(d_q, width, [n, keys.len(), d], scale, ds, k);
            let d_k = &mut d_qkv[at(keys.start, k_column)..];
            product(d_k, width, [keys.len(), n, d], scale, ds.transposed(), q);
            let d_v = &mut d_qkv[at(keys.start, v_column)..];
            product(d_v, width, [keys.len(), n, d], 1.0, p.transposed(), g);
        }
    }

    fn add_map_gradient(&self, grad: &[f32], ds: &mut [f32]) {
        let (n_keys, out_width) = (self.block.n_keys(), self.shape.out_width());
        let n_context = out_width - self.shape.n_image;
        let share = 1.0 / self.shape.heads.n_heads as f32;
        let rows = ds
            .chunks_exact_mut(n_keys)
            .zip(grad.chunks_exact(out_width));
        for (row, (ds, grad)) in rows.enumerate() {
            for (key, image) in self.block.image_keys(row, self.shape.n_image) {
                ds[key] += grad[n_context + image] * share;
            }
        }
    }
}

/// In place.
#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let mut max = [f32::MIN; 16];
    let mut chunks = scores.chunks_exact(16);
    for chunk in &mut chunks {
        for lane in 0..16 {
            max[lane] = max[lane].max(chunk[lane]);
        }
    }
    let max = max
        .iter()
        .chain(chunks.remainder())
        .fold(f32::MIN, |max, &x| max.max(x));
    let mut lanes = [0.0f32; 16];
    let mut sum = 0.0;
    let mut chunks = scores.chunks_exact_mut(16);
    for chunk in &mut chunks {
        for lane in 0..16 {
            chunk[lane] = exp(chunk[lane] - max);
            lanes[lane] += chunk[lane];
        }
    }
    for x in chunks.into_remainder() {
        *x = exp(*x - max);
        sum += *x;
    }
    let scale = 1.0 / (sum + lanes.iter().sum::<f32>());
    scores.iter_mut().for_each(|x| *x *= scale);
}
