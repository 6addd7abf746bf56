//! Packing and unpacking, against words worked by hand and against bounds that hold for any input.

use half::f16;
use proptest::prelude::*;
use weights::{Format, Layout, PackError, PackedRows, dequantize_rows, pack_rows};

const Q4: Format = Format::Q4 { group: 32 };
const Q8: Format = Format::Q8 { group: 32 };

fn pack(values: &[f32], cols: usize, format: Format) -> (Layout, PackedRows) {
    let layout = Layout::new(values.len() / cols, cols, format).expect("layout");
    let packed = pack_rows("t", values, &layout).expect("packed");
    assert_eq!(packed.words.len() as u64 * 4, layout.words_bytes());
    assert_eq!(packed.scales.len() as u64 * 4, layout.scales_bytes());
    (layout, packed)
}

fn restored(values: &[f32], cols: usize, format: Format) -> Vec<f32> {
    let (layout, packed) = pack(values, cols, format);
    dequantize_rows(&packed.words, &packed.scales, &layout).expect("unpacked")
}

/// Steps 0, 1, 2, 15 of a grid of 0.5 (f16 0x3800) above 0; low nibble first, then padding.
#[test]
fn a_q4_group_by_hand() {
    let (_, packed) = pack(&[0.0, 0.5, 1.0, 7.5], 4, Q4);
    assert_eq!(packed.words, [0xf210, 0, 0, 0]);
    assert_eq!(packed.scales, [0x0000_3800]);
}

/// Steps 0, 1, 255, 128 of a grid of 0.125 (f16 0x3000) above -16 (f16 0xcc00); low byte first.
#[test]
fn a_q8_group_by_hand() {
    let (_, packed) = pack(&[-16.0, -15.875, 15.875, 0.0], 4, Q8);
    assert_eq!(packed.words, [0x80ff_0100, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(packed.scales, [0xcc00_3000]);
}

#[test]
fn f16_and_f32_words_by_hand() {
    let (_, packed) = pack(&[1.0, -2.0, 0.5, 0.5, 1.0, -2.0], 3, Format::F16);
    assert_eq!(packed.words, [0xc000_3c00, 0x3800, 0x3c00_3800, 0xc000]);
    let (_, packed) = pack(&[1.0, -2.0], 2, Format::F32);
    assert_eq!(packed.words, [0x3f80_0000, 0xc000_0000]);
}

/// 33 columns: the second group of each row holds one weight in its first step.
#[test]
fn a_short_last_group_has_its_own_scale() {
    let row: Vec<f32> = (0..32).map(|q| (q % 16) as f32).chain([100.0]).collect();
    let values = [row.clone(), row].concat();
    let (layout, packed) = pack(&values, 33, Q4);
    assert_eq!((layout.n_groups(), layout.words_per_row()), (2, 8));
    assert_eq!(packed.words[..2], [0x7654_3210, 0xfedc_ba98]);
    assert_eq!(packed.words[..8], packed.words[8..]);
    assert_eq!(packed.scales[0], 0x3c00);
    assert_eq!(restored(&values, 33, Q4), values);
}

#[test]
fn groups_without_a_range_keep_their_value() {
    for format in [Q4, Q8] {
        for value in [0.0, -0.0, 0.1, -0.1, 3e-5, 65504.0, -65504.0, 1234.567] {
            for (w, stored) in restored(&[value; 40], 40, format).iter().zip([value; 40]) {
                assert!(
                    (w - stored).abs() <= stored.abs() * 1e-5 + 2f32.powi(-25),
                    "{format}: {stored} became {w}"
                );
            }
        }
    }
}

/// Weights below the finest f16 step (2^-24) lose at most half of it.
#[test]
fn tiny_weights_stay_tiny() {
    let values: Vec<f32> = (0..64).map(|i| (i as f32 - 20.0) * 1e-9).collect();
    for format in [Q4, Q8] {
        for (w, stored) in values.iter().zip(restored(&values, 64, format)) {
            assert!(
                (w - stored).abs() <= 2f32.powi(-25) * 1.001,
                "{w} became {stored}"
            );
        }
    }
}

/// A spread far finer than the f16 step at its distance from 0.
#[test]
fn a_narrow_group_far_from_zero_is_covered() {
    let values: Vec<f32> = (0..32).map(|i| 1000.1 + i as f32 * 1e-3).collect();
    for (w, stored) in values.iter().zip(restored(&values, 32, Q8)) {
        assert!((w - stored).abs() <= 0.5 / 255.0, "{w} became {stored}");
    }
}

#[test]
fn weights_that_do_not_fit_name_their_tensor() {
    let refused = |value: f32, format| {
        let layout = Layout::new(1, 2, format).expect("layout");
        pack_rows("model.norm.weight", &[0.0, value], &layout).expect_err("refused")
    };
    for format in [Q4, Q8, Format::F16] {
        for value in [65505.0, -1e30] {
            let error = refused(value, format);
            assert!(matches!(&error, PackError::TooLarge { .. }), "{error}");
            assert!(error.to_string().contains("model.norm.weight"));
        }
    }
    for format in [Q4, Q8, Format::F16, Format::F32] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = refused(value, format);
            assert!(matches!(error, PackError::NotFinite { .. }), "{error}");
        }
    }
    let layout = Layout::new(2, 2, Q4).expect("layout");
    let error = pack_rows("t", &[0.0; 3], &layout).expect_err("refused");
    assert!(matches!(error, PackError::PartialRow { n_values: 3, .. }));
    assert!(dequantize_rows(&[0; 5], &[0; 2], &layout).is_err());
    assert!(dequantize_rows(&[0; 8], &[0; 1], &layout).is_err());
}

fn format() -> impl Strategy<Value = Format> {
    let group = prop::sample::select(Format::GROUPS.to_vec());
    (group, any::<bool>()).prop_map(|(group, four)| match four {
        true => Format::Q4 { group },
        false => Format::Q8 { group },
    })
}

/// Matrices of ragged widths and of magnitudes from 1e-7 to 6e4, some groups shifted away from 0.
fn matrix() -> impl Strategy<Value = (usize, Vec<f32>)> {
    let cols = prop_oneof![1usize..200, Just(220), Just(33), Just(3420)];
    (cols, 1usize..4, -7f32..4.7, -2f32..2.0).prop_flat_map(|(cols, rows, exponent, shift)| {
        let size = 10f32.powf(exponent) / 3.0;
        let weights = prop::collection::vec(-1f32..1.0, rows * cols);
        weights.prop_map(move |w| (cols, w.iter().map(|w| (w + shift) * size).collect()))
    })
}

proptest! {
    /// Every weight goes to the nearest step, and no group is worse than the plain grid over its range.
    #[test]
    fn errors_are_bounded((cols, values) in matrix(), format in format()) {
        let (layout, packed) = pack(&values, cols, format);
        let stored = dequantize_rows(&packed.words, &packed.scales, &layout).expect("unpacked");
        let group = format.group().expect("group") as usize;
        let q_max = format.q_max().expect("steps") as f32;
        let groups = values.chunks(cols).zip(stored.chunks(cols))
            .flat_map(|(w, s)| w.chunks(group).zip(s.chunks(group)));
        for ((w, stored), scale_word) in groups.zip(&packed.scales) {
            let scale = f16::from_bits(*scale_word as u16).to_f32();
            let min = f16::from_bits((scale_word >> 16) as u16).to_f32();
            let top = min + q_max * scale;
            let size = w.iter().fold(0f32, |size, w| size.max(w.abs()));
            let rounding = size * 1e-6;
            for (w, stored) in w.iter().zip(stored) {
                let nearest = (w - stored).abs() <= scale * 0.5001 + rounding;
                let clipped = (*stored == min && *w < min) || (*stored == top && *w > top);
                prop_assert!(nearest || clipped, "{w} became {stored} with {scale} above {min}");
            }
            let lo = w.iter().copied().fold(f32::INFINITY, f32::min);
            let hi = w.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let f16_step = size * 2f32.powi(-10) + 2f32.powi(-24);
            let plain = ((hi - lo + f16_step) / q_max) * 1.001 + 2f32.powi(-24);
            let error: f32 = w.iter().zip(stored).map(|(w, s)| (w - s).powi(2)).sum();
            let bound = w.len() as f32 * (plain / 2.0 + rounding).powi(2);
            prop_assert!(error <= bound * 1.001, "squared error {error} over {bound}");
        }
    }

    /// The float formats give back what they can hold.
    #[test]
    fn floats_round_trip((cols, values) in matrix()) {
        prop_assert_eq!(&restored(&values, cols, Format::F32), &values);
        let halves: Vec<f32> = values.iter().map(|&w| f16::from_f32(w).to_f32()).collect();
        prop_assert_eq!(restored(&values, cols, Format::F16), halves);
    }

    /// Rows may be packed in blocks.
    #[test]
    fn blocks_of_rows_add_up((cols, values) in matrix(), format in format()) {
        let (layout, whole) = pack(&values, cols, format);
        let mut parts = PackedRows { words: vec![], scales: vec![] };
        for row in values.chunks(cols) {
            let row = pack_rows("t", row, &layout).expect("packed");
            parts.words.extend(row.words);
            parts.scales.extend(row.scales);
        }
        prop_assert_eq!(whole, parts);
    }
}

/// What was 4 bits before stays what it was, also where a group holds neither end of its old grid: both numbers of
/// the new grid are off by half an f16 step at most.
#[test]
fn a_checkpoint_of_four_bits_keeps_its_values() {
    let scale = f16::from_f32(0.0173).to_f32();
    for seed in 0..200_usize {
        let level = |i: usize| ((i * i + 7 * i + seed * 31) % 11 + 2 + seed % 3) as f32 - 8.0;
        let values: Vec<f32> = (0..64).map(|i| level(i) * scale).collect();
        for (w, stored) in restored(&values, 64, Q4).iter().zip(&values) {
            assert!(
                (w - stored).abs() <= 8.0 * scale * 2f32.powi(-10),
                "{stored} became {w}, seed {seed}"
            );
        }
    }
}
