use crate::bench::{compare, random_tensor, values};

#[test]
fn ragged_widths_and_saturated_gates() {
    for (n_rows, n_cols, factor) in [(1, 1, 1.0), (3, 300, 5.0), (2, 65, 90.0), (33_000, 2, 1.0)] {
        compare(2e-6, |device| {
            let x = random_tensor([n_rows, 2 * n_cols], 1, device).mul_scalar(factor);
            values(kernels::swiglu(x))
        });
    }
}
