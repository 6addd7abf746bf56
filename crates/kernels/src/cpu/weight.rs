//! One row of a weight matrix as f64.

use half::f16;
use weights::Format;

fn halves(word: u32) -> [f64; 2] {
    [word as u16, (word >> 16) as u16].map(|bits| f16::from_bits(bits).to_f64())
}

/// Row `row` of a matrix with `n_cols` columns.
pub(super) fn row(
    words: &[u32],
    scales: &[u32],
    format: Format,
    row: usize,
    n_cols: usize,
) -> Vec<f64> {
    match format {
        Format::F32 => words[row * n_cols..][..n_cols]
            .iter()
            .map(|&word| f64::from(f32::from_bits(word)))
            .collect(),
        Format::F16 => {
            let n_words = n_cols.div_ceil(2);
            let row = &words[row * n_words..][..n_words];
            let mut numbers: Vec<f64> = row.iter().flat_map(|&word| halves(word)).collect();
            numbers.truncate(n_cols);
            numbers
        }
        Format::Q8 { group } => grouped(words, scales, row, n_cols, group as usize, 8),
        Format::Q4 { group } => grouped(words, scales, row, n_cols, group as usize, 4),
    }
}

/// A row is whole groups, a group whole words; what the last group has beyond `n_cols` is padding.
fn grouped(
    words: &[u32],
    scales: &[u32],
    row: usize,
    n_cols: usize,
    group: usize,
    bits: usize,
) -> Vec<f64> {
    let n_groups = n_cols.div_ceil(group);
    let words_per_group = group * bits / 32;
    let mask = (1 << bits) - 1;
    let mut numbers = Vec::with_capacity(n_groups * group);
    for at in row * n_groups..(row + 1) * n_groups {
        let [scale, minimum] = halves(scales[at]);
        for word in &words[at * words_per_group..][..words_per_group] {
            let shifts = (0..32).step_by(bits);
            numbers.extend(shifts.map(|shift| f64::from(word >> shift & mask) * scale + minimum));
        }
    }
    numbers.truncate(n_cols);
    numbers
}
