use kernels::{Norm, project, project_normed};
use weights::Format;

use tests::FORMATS;

use crate::bench::{compare, matrix, random, random_tensor, values};

#[test]
fn one_to_three_rows_in_all_formats() {
    for format in FORMATS {
        for (n_x, [n_rows, n_cols]) in [
            (1, [1, 1]),
            (1, [65, 130]),
            (2, [3, 33]),
            (3, [200, 96]),
            (1, [7, 2048]),
        ] {
            let weight = random(n_rows * n_cols, 1);
            compare(1e-5, |device| {
                let weight = matrix(&weight, [n_rows, n_cols], format, n_rows, device);
                values(project(&random_tensor([n_x, n_cols], 2, device), &weight))
            });
        }
    }
}

#[test]
fn more_rows_than_one_dimension_of_the_grid() {
    let weight = random(140_000 * 8, 1);
    compare(1e-5, |device| {
        let weight = matrix(&weight, [140_000, 8], Format::F32, 140_000, device);
        values(project(&random_tensor([1, 8], 2, device), &weight))
    });
}

#[test]
fn a_row_as_long_as_the_7b_mlp() {
    let weight = random(16 * 18_944, 1);
    for format in [Format::F32, Format::Q4 { group: 64 }] {
        compare(1e-5, |device| {
            let weight = matrix(&weight, [16, 18_944], format, 16, device);
            values(project(&random_tensor([1, 18_944], 2, device), &weight))
        });
    }
}

/// The norm before the product, in one kernel where rows are whole loads, in two where they are not.
#[test]
fn a_norm_comes_first() {
    for format in FORMATS {
        for [n_rows, n_cols] in [[1, 8], [65, 136], [9, 2048], [7, 130], [30, 33]] {
            let weight = random(n_rows * n_cols, 1);
            for factor in [1.0, 1e-4, 1e4] {
                compare(1e-5, |device| {
                    let weight = matrix(&weight, [n_rows, n_cols], format, n_rows, device);
                    let x = random_tensor([1, n_cols], 2, device).mul_scalar(factor);
                    let norm = Norm {
                        weight: random_tensor([1, n_cols], 3, device).reshape([n_cols]),
                        eps: 1e-6,
                    };
                    values(project_normed(&x, &norm, &weight))
                });
            }
        }
    }
}
