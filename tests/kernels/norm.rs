use burn::tensor::{Tensor, TensorData};

use crate::bench::{compare, random, tensor, values};

fn check(n_rows: usize, n_cols: usize, factor: f32) {
    let x: Vec<f32> = random(n_rows * n_cols, 1)
        .iter()
        .map(|x| x * factor)
        .collect();
    compare(2e-6, |device| {
        let weight = Tensor::from_data(TensorData::new(random(n_cols, 2), [n_cols]), device);
        values(kernels::norm(
            &tensor(&x, [n_rows, n_cols], device),
            weight,
            1e-6,
        ))
    });
}

#[test]
fn widths_around_the_workgroup() {
    for n_cols in [1, 2, 63, 64, 65, 1280, 3584] {
        check(3, n_cols, 1.0);
    }
}

#[test]
fn many_rows() {
    check(66_000, 4, 1.0);
}

#[test]
fn eps_counts_where_the_input_is_small() {
    check(4, 128, 1e-3);
    check(4, 128, 1e3);
}
