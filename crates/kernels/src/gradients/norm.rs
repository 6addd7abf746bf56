//! RMS norm (Zhang and Sennrich 2019) and its gradients: y = w·x·r with r = 1 / sqrt(mean(x²) + eps), and so
//! dr/dx = −x · r³ / width.

use super::simd::{dot, for_rows, sum_over_rows};

#[inline(always)]
fn scale(x: &[f32], eps: f32) -> f32 {
    1.0 / (dot(x, x) / x.len() as f32 + eps).sqrt()
}

/// y [n, width]
pub fn forward(x: &[f32], weight: &[f32], out: &mut [f32], eps: f32) {
    let width = weight.len();
    for_rows(out, width, |row, out| {
        let x = &x[row * width..][..width];
        let r = scale(x, eps);
        for ((y, x), w) in out.iter_mut().zip(x).zip(weight) {
            *y = w * x * r;
        }
    });
}

/// dx = r·w·g − x · r³ · mean(w·g·x)
pub fn backward_input(x: &[f32], weight: &[f32], grad: &[f32], dx: &mut [f32], eps: f32) {
    let width = weight.len();
    for_rows(dx, width, |row, dx| {
        let (x, g) = (&x[row * width..][..width], &grad[row * width..][..width]);
        let r = scale(x, eps);
        for ((dx, g), w) in dx.iter_mut().zip(g).zip(weight) {
            *dx = g * w;
        }
        let along = dot(dx, x) * r * r * r / width as f32;
        for (dx, x) in dx.iter_mut().zip(x) {
            *dx = *dx * r - x * along;
        }
    });
}

/// dw = Σ over rows of g·x·r
pub fn backward_weight(x: &[f32], grad: &[f32], width: usize, eps: f32) -> Vec<f32> {
    sum_over_rows(x.len() / width, width, |rows, sum| {
        for row in rows {
            let (x, g) = (&x[row * width..][..width], &grad[row * width..][..width]);
            let r = scale(x, eps);
            for ((sum, x), g) in sum.iter_mut().zip(x).zip(g) {
                *sum += g * x * r;
            }
        }
    })
}
