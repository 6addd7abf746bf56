use kernels::{Linear, project, side_by_side};
use weights::Format;

use tests::FORMATS;

use crate::bench::{compare, matrix, random, random_tensor, values, with_each_blocking};

fn check(n_x: usize, [n_rows, n_cols]: [usize; 2], format: Format, rows_per_segment: usize) {
    let weight = random(n_rows * n_cols, 1);
    with_each_blocking(|tolerance| {
        compare(tolerance, |device| {
            let weight = matrix(&weight, [n_rows, n_cols], format, rows_per_segment, device);
            let x = random_tensor([n_x, n_cols], 2, device);
            values(project(&x, &weight))
        });
    });
}

#[test]
fn all_formats_and_ragged_sizes() {
    for format in FORMATS {
        for size in [[1, 1], [3, 7], [33, 220], [64, 256], [70, 300], [5, 129]] {
            check(5, size, format, size[0]);
            check(11, size, format, size[0]);
        }
        check(67, [41, 96], format, 41);
        check(24, [1030, 64], format, 1030);
    }
}

#[test]
fn the_vision_mlp_of_the_published_models() {
    check(9, [160, 3420], Format::Q4 { group: 64 }, 160);
    check(9, [160, 3420], Format::F32, 160);
}

#[test]
fn segments_fill_their_own_columns() {
    for format in FORMATS {
        check(12, [50, 64], format, 16);
    }
}

#[test]
fn bias_residual_and_neighbours() {
    for (n_x, format) in [
        (19, Format::F32),
        (9, Format::Q8 { group: 32 }),
        (1, Format::Q4 { group: 32 }),
    ] {
        let linear = |n_rows: usize, seed: u64, device: &burn::tensor::Device| Linear {
            weight: matrix(
                &random(n_rows * 40, seed),
                [n_rows, 40],
                format,
                n_rows,
                device,
            ),
            bias: Some(burn::module::Param::initialized(
                burn::module::ParamId::new(),
                burn::tensor::Tensor::from_data(
                    burn::tensor::TensorData::new(random(n_rows, seed + 1), [n_rows]),
                    device,
                ),
            )),
        };
        with_each_blocking(|tolerance| {
            compare(tolerance, |device| {
                let x = random_tensor([n_x, 40], 3, device);
                let (first, second) = (linear(30, 4, device), linear(13, 6, device));
                let both = side_by_side(&x, &[&first, &second]);
                let residual = random_tensor([n_x, 30], 8, device);
                let sum = first.add_to(residual, &x);
                [values(both), values(sum)].concat()
            })
        });
    }
}

#[test]
fn a_bias_follows_its_segment() {
    with_each_blocking(|tolerance| {
        compare(tolerance, |device| {
            let weight = matrix(
                &random(20 * 24, 1),
                [20, 24],
                Format::Q8 { group: 32 },
                7,
                device,
            );
            let bias = burn::tensor::TensorData::new(random(20, 2), [20]);
            let linear = Linear {
                weight,
                bias: Some(burn::module::Param::initialized(
                    burn::module::ParamId::new(),
                    burn::tensor::Tensor::from_data(bias, device),
                )),
            };
            values(linear.forward(&random_tensor([10, 24], 3, device)))
        })
    });
}

#[test]
fn large_and_tiny_weights() {
    for factor in [1e-7, 1e-4, 3e4] {
        let weight: Vec<f32> = random(32 * 128, 5).iter().map(|w| w * factor).collect();
        for format in FORMATS {
            with_each_blocking(|tolerance| {
                compare(tolerance, |device| {
                    let weight = matrix(&weight, [32, 128], format, 32, device);
                    values(project(&random_tensor([9, 128], 6, device), &weight))
                });
            });
        }
    }
}
