//! `y = x · wᵀ + bias` with a dense weight, and its gradients dx = g·w, dw = gᵀ·x and db = Σ over rows of g, where g
//! is the gradient of y.

use gemm::{Parallelism, gemm};
use rayon::prelude::*;

use super::simd::{for_rows, sum_over_rows};

/// A matrix as it lies in memory: element (r, c) at `r · row_stride + c · col_stride`.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub values: &'a [f32],
    pub row_stride: usize,
    pub col_stride: usize,
}

impl<'a> View<'a> {
    /// A row-major table of `width` columns, from `row` and `column` on.
    pub fn of(table: &'a [f32], width: usize, row: usize, column: usize) -> Self {
        View {
            values: &table[row * width + column..],
            row_stride: width,
            col_stride: 1,
        }
    }

    pub fn transposed(self) -> Self {
        View {
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// Sizes of a product: x [n, k], w [m, k], out [n, width] whose columns `column … column + m` are ours.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rows of x and out.
    pub n: usize,
    /// Columns of x and w.
    pub k: usize,
    /// Rows of w.
    pub m: usize,
    /// Columns of out.
    pub width: usize,
    /// First column of out that is written.
    pub column: usize,
}

/// Writes or, with `accumulate`, adds `x · wᵀ + bias` to its columns of `out`.
pub fn forward(
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    out: &mut [f32],
    sizes: Sizes,
    accumulate: bool,
) {
    let Sizes {
        k,
        m,
        width,
        column,
        ..
    } = sizes;
    for_rows(out, width, |_, row| {
        let row = &mut row[column..column + m];
        match (bias, accumulate) {
            (Some(bias), true) => row.iter_mut().zip(bias).for_each(|(y, b)| *y += b),
            (Some(bias), false) => row.copy_from_slice(bias),
            (None, true) => {}
            (None, false) => row.fill(0.0),
        }
    });
    let rows = rows_per_task(sizes.n);
    let outs = out.par_chunks_mut(rows * width);
    outs.zip(x.par_chunks(rows * k)).for_each(|(out, x)| {
        let x = View::of(x, k, 0, 0);
        let w = View::of(w, k, 0, 0).transposed();
        product(
            &mut out[column..],
            width,
            [x.values.len() / k, k, m],
            1.0,
            x,
            w,
        );
    });
}

/// dx = g · w, where g are our columns of `grad`.
pub fn backward_input(w: &[f32], grad: &[f32], dx: &mut [f32], sizes: Sizes) {
    let Sizes {
        k,
        m,
        width,
        column,
        ..
    } = sizes;
    let rows = rows_per_task(sizes.n);
    let grads = grad.par_chunks(rows * width);
    dx.par_chunks_mut(rows * k)
        .zip(grads)
        .for_each(|(dx, grad)| {
            let n = dx.len() / k;
            let g = View::of(grad, width, 0, column);
            let w = View::of(w, k, 0, 0);
            product(dx, k, [n, m, k], 1.0, g, w);
        });
}

/// dw = gᵀ · x → [m, k]
pub fn backward_weight(x: &[f32], grad: &[f32], sizes: Sizes) -> Vec<f32> {
    let Sizes {
        k,
        m,
        width,
        column,
        ..
    } = sizes;
    let rows = rows_per_task(sizes.n);
    let grads = grad.par_chunks(rows * width);
    let parts: Vec<Vec<f32>> = x
        .par_chunks(rows * k)
        .zip(grads)
        .map(|(x, grad)| {
            let mut dw = vec![0.0; m * k];
            let n = x.len() / k;
            let g = View::of(grad, width, 0, column).transposed();
            let x = View::of(x, k, 0, 0);
            product(&mut dw, k, [m, n, k], 1.0, g, x);
            dw
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut dw = parts.next().unwrap_or_else(|| vec![0.0; m * k]);
    for part in parts {
        dw.iter_mut().zip(&part).for_each(|(dw, part)| *dw += part);
    }
    dw
}

/// db = Σ over rows of g → [m]
pub fn backward_bias(grad: &[f32], sizes: Sizes) -> Vec<f32> {
    let Sizes {
        m, width, column, ..
    } = sizes;
    sum_over_rows(sizes.n, m, |rows, sum| {
        for row in rows {
            let g = &grad[row * width + column..][..m];
            sum.iter_mut().zip(g).for_each(|(sum, g)| *sum += g);
        }
    })
}

/// Some tasks for each thread, so that one that is held up does not hold up all.
fn rows_per_task(n: usize) -> usize {
    n.div_ceil(4 * rayon::current_num_threads()).max(64)
}

/// out [n, m] += scale · a [n, k] · b [k, m]; `out` has `out_stride` values per row.
pub(super) fn product(
    out: &mut [f32],
    out_stride: usize,
    [n, k, m]: [usize; 3],
    scale: f32,
    a: View,
    b: View,
) {
    if n == 0 || k == 0 || m == 0 {
        return;
    }
    let last = |view: View, rows: usize, cols: usize| {
        (rows - 1) * view.row_stride + (cols - 1) * view.col_stride
    };
    assert!(last(a, n, k) < a.values.len() && last(b, k, m) < b.values.len());
    assert!((n - 1) * out_stride + m <= out.len());
    // SAFETY: the largest index of every operand was just checked, and `out` is borrowed alone.
    unsafe {
        gemm(
            n,
            m,
            k,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            true,
            a.values.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0f32,
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
