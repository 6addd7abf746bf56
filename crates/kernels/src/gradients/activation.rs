//! SwiGLU (Shazeer 2020) and the exact GELU (Hendrycks and Gimpel 2016) with their gradients: the derivatives of
//! x·σ(x) and x·Φ(x), σ the logistic and Φ the normal distribution function.

use super::simd::{exp, for_rows};

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// silu(gate) · up: x [n, 2 · width] → [n, width]
pub fn swiglu(x: &[f32], out: &mut [f32], width: usize) {
    for_rows(out, width, |row, out| {
        let (gate, up) = x[row * 2 * width..][..2 * width].split_at(width);
        for ((y, gate), up) in out.iter_mut().zip(gate).zip(up) {
            *y = gate * sigmoid(*gate) * up;
        }
    });
}

/// d gate = g · up · σ · (1 + gate · (1 − σ)) and d up = g · gate · σ: dx [n, 2 · width]
pub fn swiglu_backward(x: &[f32], grad: &[f32], dx: &mut [f32], width: usize) {
    for_rows(dx, 2 * width, |row, dx| {
        let (gate, up) = x[row * 2 * width..][..2 * width].split_at(width);
        let (d_gate, d_up) = dx.split_at_mut(width);
        let grad = &grad[row * width..][..width];
        for i in 0..width {
            let s = sigmoid(gate[i]);
            d_gate[i] = grad[i] * up[i] * s * (1.0 + gate[i] * (1.0 - s));
            d_up[i] = grad[i] * gate[i] * s;
        }
    });
}

/// erf within 1.5e-7 (Abramowitz and Stegun 7.1.26).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let mut p = 1.061_405_4;
    p = p * t - 1.453_152;
    p = p * t + 1.421_413_7;
    p = p * t - 0.284_496_72;
    p = p * t + 0.254_829_6;
    (1.0 - p * t * exp(-x * x)).copysign(x)
}

/// Width of a task's rows: the activation has no rows of its own.
const CHUNK: usize = 64;

/// x · Φ(x)
pub fn gelu(x: &[f32], out: &mut [f32]) {
    for_rows(out, CHUNK, |row, out| {
        for (y, x) in out.iter_mut().zip(&x[row * CHUNK..]) {
            *y = 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
        }
    });
}

/// g · (Φ(x) + x · φ(x))
pub fn gelu_backward(x: &[f32], grad: &[f32], dx: &mut [f32]) {
    const FRAC_1_SQRT_TAU: f32 = 0.398_942_3;
    for_rows(dx, CHUNK, |row, dx| {
        let from = row * CHUNK;
        for ((dx, x), g) in dx.iter_mut().zip(&x[from..]).zip(&grad[from..]) {
            let cdf = 0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
            *dx = g * (cdf + x * FRAC_1_SQRT_TAU * exp(-0.5 * x * x));
        }
    });
}
