use crate::bench::{compare, random_tensor, tensor, values};

#[test]
fn both_tails_and_the_middle() {
    for factor in [0.01, 1.0, 8.0] {
        compare(1e-6, |device| {
            values(kernels::gelu(
                random_tensor([7, 93], 1, device).mul_scalar(factor),
            ))
        });
    }
}

/// x · Φ(x) at −1, 0.5 and 2, from tables of the normal distribution.
#[test]
fn tabulated_values() {
    let got = values(kernels::gelu(tensor(
        &[-1.0, 0.5, 2.0],
        [1, 3],
        &burn::tensor::Device::flex(),
    )));
    for (got, expected) in got.iter().zip([-0.158_655_25, 0.345_731_23, 1.954_499_7]) {
        assert!((got - expected).abs() < 1e-6, "{got} for {expected}");
    }
}
