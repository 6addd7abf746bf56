//! Twin of `gelu.wgsl`.

/// x · Φ(x) in place, Φ the normal distribution function.
pub fn gelu(x: &mut [f32]) {
    for x in x {
        let wide = f64::from(*x);
        *x = (0.5 * wide * libm::erfc(-wide / std::f64::consts::SQRT_2)) as f32;
    }
}
