use kernels::IMAGE_ROW;

use tests::FORMATS;

use crate::bench::{compare, matrix, random, random_tensor, values, words};

#[test]
fn tokens_of_all_segments_and_image_rows() {
    for format in FORMATS {
        for n_cols in [8, 33, 160] {
            let table = random(50 * n_cols, 1);
            compare(1e-6, |device| {
                let table = matrix(&table, [50, n_cols], format, 16, device);
                let source = [0, 49, 15, 16, IMAGE_ROW + 2, 31, 32, IMAGE_ROW, 7];
                let image = random_tensor([3, n_cols], 2, device);
                values(table.rows(words(&source, device), Some(&image)))
            });
        }
    }
}

#[test]
fn without_images() {
    compare(1e-6, |device| {
        let table = matrix(&random(9 * 20, 1), [9, 20], FORMATS[0], 9, device);
        values(table.rows(words(&[8, 0, 3], device), None))
    });
}
