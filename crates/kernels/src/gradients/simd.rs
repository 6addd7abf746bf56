//! Vectorised loops for whatever the processor has, and an exponential that vectorises.

use pulp::Arch;
use rayon::prelude::*;

/// Rows that one task takes: few enough to spread, many enough to be worth it.
const ROWS_PER_TASK: usize = 64;

/// Runs `task` compiled for the widest vectors of this processor; everything it calls must be inlined.
#[inline(always)]
pub fn vectorised<R>(task: impl FnOnce() -> R) -> R {
    struct Task<F>(F);
    impl<R, F: FnOnce() -> R> pulp::NullaryFnOnce for Task<F> {
        type Output = R;
        #[inline(always)]
        fn call(self) -> R {
            (self.0)()
        }
    }
    Arch::new().dispatch(Task(task))
}

/// Calls `row(index, out_row)` for every row of `out`, in parallel.
pub fn for_rows(out: &mut [f32], width: usize, row: impl Fn(usize, &mut [f32]) + Sync) {
    out.par_chunks_mut(ROWS_PER_TASK * width)
        .enumerate()
        .for_each(|(task, rows)| {
            vectorised(
                #[inline(always)]
                || {
                    for (index, out_row) in rows.chunks_mut(width).enumerate() {
                        row(task * ROWS_PER_TASK + index, out_row);
                    }
                },
            );
        });
}

/// Sums what `rows(range, sum)` adds up over disjoint ranges of `n_rows` rows, in a fixed order.
pub fn sum_over_rows(
    n_rows: usize,
    width: usize,
    rows: impl Fn(std::ops::Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    let n_tasks = n_rows.div_ceil(ROWS_PER_TASK);
    let parts: Vec<Vec<f32>> = (0..n_tasks)
        .into_par_iter()
        .map(|task| {
            let first = task * ROWS_PER_TASK;
            let mut sum = vec![0.0; width];
            vectorised(
                #[inline(always)]
                || rows(first..(first + ROWS_PER_TASK).min(n_rows), &mut sum),
            );
            sum
        })
        .collect();
    let mut total = vec![0.0; width];
    for part in &parts {
        for (total, part) in total.iter_mut().zip(part) {
            *total += part;
        }
    }
    total
}

/// e^x within 2 units in the last place for x in −87 … 88, clamped outside (Cephes `expf`).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let e = p * r * r + r + 1.0;
    e * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// Σ a·b
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    let (a_lanes, b_lanes) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest: f32 = a_lanes
        .remainder()
        .iter()
        .zip(b_lanes.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a_lanes.zip(b_lanes) {
        for lane in 0..16 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}
