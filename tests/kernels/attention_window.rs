use crate::bench::{compare, random_tensor, values, words};

fn check(n_heads: usize, head_dim: usize, borders: &[u32], factor: f32) {
    let rows: Vec<u32> = borders
        .windows(2)
        .flat_map(|pair| [pair[0], pair[1]].repeat((pair[1] - pair[0]) as usize))
        .collect();
    let n_rows = rows.len() / 2;
    compare(1e-5, |device| {
        let qkv = random_tensor([n_rows, 3 * n_heads * head_dim], 1, device).mul_scalar(factor);
        values(kernels::attention_window(
            qkv,
            &words(&rows, device),
            n_heads,
        ))
    });
}

#[test]
fn windows_of_different_lengths() {
    check(2, 32, &[0, 64, 96, 100], 1.0);
    check(3, 80, &[0, 4, 68], 1.0);
    check(1, 20, &[0, 1, 3], 1.0);
    check(2, 128, &[0, 8, 9, 30, 31, 100, 230], 1.0);
    check(1, 4, &[0, 15, 17, 80], 30.0);
}

#[test]
fn a_whole_image() {
    check(2, 20, &[0, 260], 1.0);
}

#[test]
fn scores_that_overflow_without_the_maximum() {
    check(2, 16, &[0, 33], 40.0);
}
