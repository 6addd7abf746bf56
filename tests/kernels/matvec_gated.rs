use kernels::{Norm, gated};
use weights::Format;

use tests::FORMATS;

use crate::bench::{compare, matrix, random, random_tensor, values};

fn check([n_rows, n_cols]: [usize; 2], format: Format, rows_per_segment: usize, factor: f32) {
    let size = [n_rows, n_cols];
    let (gate, up) = (random(n_rows * n_cols, 1), random(n_rows * n_cols, 2));
    compare(1e-5, |device| {
        let x = random_tensor([1, n_cols], 3, device).mul_scalar(factor);
        let norm = Norm {
            weight: random_tensor([1, n_cols], 4, device).reshape([n_cols]),
            eps: 1e-6,
        };
        let gate = matrix(&gate, size, format, rows_per_segment, device);
        let up = matrix(&up, size, format, rows_per_segment, device);
        values(gated(&x, &norm, &gate, &up))
    });
}

#[test]
fn all_formats_and_ragged_sizes() {
    for format in FORMATS {
        for size in [[1, 8], [7, 40], [65, 136], [64, 256]] {
            check(size, format, size[0], 1.0);
        }
    }
}

#[test]
fn segments_fill_their_own_columns() {
    for format in FORMATS {
        check([50, 64], format, 16, 1.0);
    }
}

#[test]
fn the_published_widths() {
    for n_cols in [1536, 2048, 3584] {
        check([96, n_cols], Format::Q4 { group: 32 }, 96, 1.0);
        check([96, n_cols], Format::Q8 { group: 64 }, 96, 1.0);
    }
}

#[test]
fn tiny_and_large_inputs() {
    for factor in [1e-4, 1e4] {
        check([33, 64], Format::Q4 { group: 64 }, 33, factor);
    }
}
