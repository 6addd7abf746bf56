//! The inverse cosine transform of libjpeg's "islow" method: integers with 13 fraction bits, rounded after each pass.

/// Raster place of the k-th coefficient in the file.
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

const N_FRACTION_BIT: u32 = 13;
/// Extra bits kept between the passes.
const N_PASS_BIT: u32 = 2;

/// Samples 0…255 of a block of quantised coefficients, both in raster order.
pub(super) fn samples(coefficients: &[i16; 64], quant: &[u16; 64]) -> [u8; 64] {
    let mut columns = [0i64; 64];
    for x in 0..8 {
        let input: [i64; 8] = std::array::from_fn(|y| {
            i64::from(coefficients[8 * y + x]) * i64::from(quant[8 * y + x])
        });
        let output = if input[1..] == [0; 7] {
            [input[0] << N_PASS_BIT; 8]
        } else {
            transformed(input, N_FRACTION_BIT - N_PASS_BIT)
        };
        for (y, value) in output.into_iter().enumerate() {
            columns[8 * y + x] = value;
        }
    }
    let mut samples = [0; 64];
    for (row, line) in columns
        .as_chunks()
        .0
        .iter()
        .zip(samples.chunks_exact_mut(8))
    {
        // Two passes gain a factor of 8.
        let output = transformed(*row, N_FRACTION_BIT + N_PASS_BIT + 3);
        for (sample, value) in line.iter_mut().zip(output) {
            *sample = (value + 128).clamp(0, 255) as u8;
        }
    }
    samples
}

/// One dimension, after Loeffler, Ligtenberg and Moschytz; the result is divided by 2^`n_shift` with rounding.
fn transformed(input: [i64; 8], n_shift: u32) -> [i64; 8] {
    let [i0, i1, i2, i3, i4, i5, i6, i7] = input;
    let turned = (i2 + i6) * 4433;
    let [low, high] = [turned - i6 * 15137, turned + i2 * 6270];
    let [sum, difference] = [(i0 + i4) << N_FRACTION_BIT, (i0 - i4) << N_FRACTION_BIT];
    let even = [sum + high, difference + low, difference - low, sum - high];
    let both = (i7 + i3 + i5 + i1) * 9633;
    let [z1, z2] = [(i7 + i1) * -7373, (i5 + i3) * -20995];
    let [z3, z4] = [(i7 + i3) * -16069 + both, (i5 + i1) * -3196 + both];
    let odd = [
        i1 * 12299 + z1 + z4,
        i3 * 25172 + z2 + z3,
        i5 * 16819 + z2 + z4,
        i7 * 2446 + z1 + z3,
    ];
    let rounded = |value: i64| (value + (1 << (n_shift - 1))) >> n_shift;
    std::array::from_fn(|i| {
        rounded(if i < 4 {
            even[i] + odd[i]
        } else {
            even[7 - i] - odd[7 - i]
        })
    })
}
