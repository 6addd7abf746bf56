//! Softmax attention in which every row has its own two ranges of keys, the head mean of its probabilities
//! on image keys, and the gradients of both.
//!
//! Rows that belong together (a picture's window; a prompt with the answers that share it) follow one another
//! and only see each other, so they are a task of their own.
//!
//! Forward: p = softmax(q·kᵀ / sqrt(head_dim)) and y = p·v. Backward: the gradient of the softmax recomputed from
//! q and k, as FlashAttention does (Dao et al. 2022, section 3.1), with the map's gradient added to that of p.

mod block;
mod head;
mod span;

use std::ops::Range;

use rayon::prelude::*;

use self::{block::blocks, head::Head, span::tasks};
use crate::sizes::Heads;

pub use self::span::{N_SPAN_WORD, Span};

/// Sizes of a call.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Query and key/value heads.
    pub heads: Heads,
    /// Image keys that are read out; 0 for none.
    pub n_image: usize,
}

impl Shape {
    /// Width of a row of queries, keys and values.
    pub fn in_width(&self) -> usize {
        (self.heads.n_heads + 2 * self.heads.n_kv_heads) * self.heads.head_dim
    }

    /// Width of a row of the result: context, then the map.
    pub fn out_width(&self) -> usize {
        self.heads.n_heads * self.heads.head_dim + self.n_image
    }

    fn group(&self) -> usize {
        self.heads.n_heads / self.heads.n_kv_heads
    }

    /// Column of a head's keys, and of its values.
    fn kv_columns(&self, kv_head: usize) -> [usize; 2] {
        let keys = self.heads.n_heads + kv_head;
        [keys, keys + self.heads.n_kv_heads].map(|head| head * self.heads.head_dim)
    }
}

/// qkv [n, in_width] (already rotated) → [n, out_width]
pub fn forward(qkv: &[f32], spans: &[u32], out: &mut [f32], shape: Shape) {
    for_tasks(out, spans, shape.out_width(), |rows, out| {
        let mut scratch = Vec::new();
        out.fill(0.0);
        for_heads(qkv, spans, &rows, shape, |head| {
            head.forward(out, &mut scratch);
        });
    });
}

/// d qkv [n, in_width]
pub fn backward(qkv: &[f32], spans: &[u32], grad: &[f32], d_qkv: &mut [f32], shape: Shape) {
    for_tasks(d_qkv, spans, shape.in_width(), |rows, d_qkv| {
        let grad = rows_of(grad, shape.out_width(), &rows);
        let mut scratch = [Vec::new(), Vec::new()];
        d_qkv.fill(0.0);
        for_heads(qkv, spans, &rows, shape, |head| {
            head.backward(grad, d_qkv, &mut scratch);
        });
    });
}

fn rows_of<'a, T>(table: &'a [T], width: usize, rows: &Range<usize>) -> &'a [T] {
    &table[rows.start * width..rows.end * width]
}

/// Every head of every block of the task that has these rows.
fn for_heads(
    qkv: &[f32],
    spans: &[u32],
    rows: &Range<usize>,
    shape: Shape,
    mut visit: impl FnMut(Head),
) {
    let qkv = rows_of(qkv, shape.in_width(), rows);
    for block in blocks(rows_of(spans, N_SPAN_WORD, rows)) {
        for head in 0..shape.heads.n_heads {
            visit(Head {
                qkv,
                shape,
                head,
                block: &block,
            });
        }
    }
}

fn for_tasks(
    out: &mut [f32],
    spans: &[u32],
    width: usize,
    task: impl Fn(Range<usize>, &mut [f32]) + Sync,
) {
    let mut rest = out;
    let mut parts = Vec::new();
    for rows in tasks(spans) {
        let (part, later) = rest.split_at_mut(rows.len() * width);
        parts.push((rows, part));
        rest = later;
    }
    parts
        .into_par_iter()
        .for_each(|(rows, part)| task(rows, part));
}
