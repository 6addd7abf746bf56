use proptest::prelude::*;
use trace::{HeatMap, PromptImage, Token, encode_map, peak};

fn image(rows: u32, cols: u32) -> PromptImage {
    PromptImage {
        rows,
        cols,
        ..PromptImage::default()
    }
}

fn token(probabilities: &[f32]) -> Token {
    let (map, map_max) = encode_map(probabilities);
    Token {
        map,
        map_max,
        ..Token::default()
    }
}

#[test]
fn maps_are_quantised_to_their_peak() {
    assert_eq!(
        encode_map(&[0.0, 0.1, 0.2, 0.05]),
        (vec![0, 128, 255, 64], 0.2)
    );
    assert_eq!(encode_map(&[]), (vec![], 0.0));
    assert_eq!(encode_map(&[0.0, 0.0]), (vec![0, 0], 0.0));
    let odd = [f32::NAN, f32::INFINITY, -1.0, 0.5, f32::NEG_INFINITY];
    assert_eq!(encode_map(&odd), (vec![0, 0, 0, 255, 0], 0.5));
}

#[test]
fn each_picture_has_its_own_cells() {
    let images = [image(2, 3), image(1, 2)];
    let token = token(&[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0, 0.6]);
    let maps = HeatMap::mean(&[token], &images);
    assert_eq!(maps.len(), 2);
    assert_eq!(
        (
            maps[0].n_rows,
            maps[0].n_cols,
            maps[1].n_rows,
            maps[1].n_cols
        ),
        (2, 3, 1, 2)
    );
    assert!((maps[0].probability(1, 0) - 0.3).abs() < 0.002);
    assert!((maps[0].probability(0, 2) - 0.2).abs() < 0.002);
    assert!((maps[1].probability(0, 1) - 0.6).abs() < 0.002);
    assert_eq!(
        (maps[0].probability(2, 0), maps[0].probability(0, 3)),
        (0.0, 0.0)
    );
}

#[test]
fn a_span_is_averaged_in_probability() {
    // Bytes 255 and 51 of scales 0.2 and 0.5: probabilities 0.2 and 0.1.
    let tokens = [
        Token {
            map: vec![255],
            map_max: 0.2,
            ..Token::default()
        },
        Token {
            map: vec![51],
            map_max: 0.5,
            ..Token::default()
        },
    ];
    let maps = HeatMap::mean(&tokens, &[image(1, 1)]);
    assert!((maps[0].probability(0, 0) - 0.15).abs() < 1e-6);
    assert_eq!(peak(&tokens), 0.5);
}

#[test]
fn a_map_of_the_wrong_length_is_read_as_far_as_it_goes() {
    let short = Token {
        map: vec![255],
        map_max: 0.5,
        ..Token::default()
    };
    let maps = HeatMap::mean(&[short], &[image(1, 2), image(1, 1)]);
    assert_eq!(
        (maps[0].cells.as_slice(), maps[1].cells.as_slice()),
        (&[0.5, 0.0][..], &[0.0][..])
    );
    assert_eq!(HeatMap::mean(&[], &[image(1, 1)])[0].cells, [0.0]);
}

#[test]
fn levels_are_relative_to_the_peak_that_is_asked_for() {
    let map = HeatMap {
        n_rows: 1,
        n_cols: 3,
        cells: vec![0.1, 0.2, 0.4],
    };
    assert_eq!(map.levels(map.peak()).collect::<Vec<_>>(), [0.25, 0.5, 1.0]);
    assert_eq!(map.levels(0.8).collect::<Vec<_>>(), [0.125, 0.25, 0.5]);
    assert_eq!(map.levels(0.2).collect::<Vec<_>>(), [0.5, 1.0, 1.0]);
    assert_eq!(map.levels(0.0).collect::<Vec<_>>(), [0.0; 3]);
}

#[test]
fn regions_are_named_by_where_the_cell_lies() {
    let mut cells = vec![0.0; 6 * 3];
    cells[0] = 0.31; // row 0, column 0
    cells[3 + 2] = 0.19; // row 1, column 2
    cells[5 * 3 + 1] = 0.5; // row 5, column 1
    let map = HeatMap {
        n_rows: 6,
        n_cols: 3,
        cells,
    };
    let words: Vec<_> = map.regions().iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "lower middle, 50 %",
            "upper left, 31 %",
            "upper right, 19 %"
        ]
    );
}

#[test]
fn a_tiny_picture_has_a_centre() {
    let map = HeatMap {
        n_rows: 1,
        n_cols: 2,
        cells: vec![0.5, 0.25],
    };
    let names: Vec<_> = map.regions().iter().map(|region| region.name).collect();
    assert_eq!(names, ["left", "right"]);
    let single = HeatMap {
        n_rows: 1,
        n_cols: 1,
        cells: vec![0.5],
    };
    assert_eq!(single.regions()[0].to_string(), "centre, 100 %");
    assert!(
        HeatMap {
            n_rows: 1,
            n_cols: 1,
            cells: vec![0.0]
        }
        .regions()
        .is_empty()
    );
}

/// By the definition: the centre of cell `index`, on a scale where the picture is 1.
#[test]
fn a_cell_lies_in_the_third_that_holds_its_centre() {
    for n_cells in 1..40_usize {
        for index in 0..n_cells {
            let third = ((index as f64 + 0.5) / n_cells as f64 * 3.0) as usize;
            let in_it = |other: usize| trace::cells_of_third(other, n_cells).contains(&index);
            assert_eq!([0, 1, 2].map(in_it), [0, 1, 2].map(|other| other == third));
        }
    }
}

#[test]
fn a_region_knows_its_place() {
    let mut cells = vec![0.0; 9];
    cells[5] = 0.3;
    let map = HeatMap {
        n_rows: 3,
        n_cols: 3,
        cells,
    };
    let region = map.regions()[0];
    assert_eq!(
        (region.name, region.row_third, region.col_third),
        ("right", 1, 2)
    );
}

proptest! {
    #[test]
    fn quantising_costs_at_most_half_a_step(
        probabilities in prop::collection::vec(0.0_f32..1.0, 12),
    ) {
        let map = &HeatMap::mean(&[token(&probabilities)], &[image(3, 4)])[0];
        let step = map.peak() / 255.0;
        for (cell, probability) in map.cells.iter().zip(&probabilities) {
            prop_assert!((cell - probability).abs() <= step * 0.5 + 1e-6);
        }
    }

    #[test]
    fn regions_add_up(
        (n_rows, n_cols, cells) in (1_usize..9, 1_usize..9).prop_flat_map(|(rows, cols)| {
            (Just(rows), Just(cols), prop::collection::vec(0.01_f32..1.0, rows * cols))
        }),
    ) {
        let regions = HeatMap { n_rows, n_cols, cells }.regions();
        let total: f32 = regions.iter().map(|region| region.share).sum();
        prop_assert!((total - 1.0).abs() < 1e-5);
        prop_assert!(regions.is_sorted_by(|a, b| a.share >= b.share));
        prop_assert!(n_rows < 3 || n_cols < 3 || regions.len() == 9);
    }

    #[test]
    fn any_numbers_can_be_quantised(probabilities in prop::collection::vec(prop::num::f32::ANY, 0..40)) {
        let (map, map_max) = encode_map(&probabilities);
        prop_assert_eq!(map.len(), probabilities.len());
        prop_assert!(map_max.is_finite() && map_max >= 0.0);
    }
}
