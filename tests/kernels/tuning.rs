//! Every variant of the products that the tuner may choose computes the same; of caches of halves the tests of their
//! kernels tell.

use kernels::{
    BATCHES, BLOCKINGS, Features, KV_FORMATS, Norm, SPREADS, Tuning, gated, project, project_normed,
};
use tests::FORMATS;

use crate::bench::{
    blockings, compare, matrix, random, random_tensor, subgroup, tolerance, values, with_tuning,
};

/// A few rows go through `matvec`, which knows spreads, or through one of the blockings: each is tried where it counts.
#[test]
fn every_choice_of_the_tuner_is_right() {
    let [many, few] = BATCHES;
    for features in features_there() {
        // What of the adapter is used changes how scales and halves are read, and how lanes add up.
        let is_plain = features.subgroup == 1 && !features.halves;
        let formats = if is_plain {
            &FORMATS[..]
        } else {
            &FORMATS[1..3]
        };
        let check = |choice: Tuning| {
            let off_by = tolerance(choice.blocking);
            with_tuning(
                |_| choice,
                || formats.iter().for_each(|&format| products(format, off_by)),
            );
        };
        for spread in SPREADS {
            check(Tuning {
                spread,
                blocking: BLOCKINGS[0],
                batch: many,
                kv: KV_FORMATS[0],
                features,
            });
        }
        for blocking in blockings() {
            check(Tuning {
                spread: SPREADS[0],
                blocking,
                batch: few,
                kv: KV_FORMATS[0],
                features,
            });
        }
    }
}

#[test]
fn a_choice_is_told_and_understood() {
    for choice in Tuning::all() {
        assert_eq!(choice.to_string().parse(), Ok(choice));
    }
    let plain = "32x2,tiles,8,f32,1,0";
    assert!(plain.parse::<Tuning>().is_ok());
    for other in [
        "",
        "32x2,tiles",
        "32x2,tiles,8,1,0",
        "7x2,tiles,8,f32,1,0",
        "8x2w,tiles,8,f32,1,0",
        "32x2,tiles,8,f64,1,0",
        "32x2,tiles,8,f32,1,0 ",
        "32x2,tiles,8,f32,99999999999,0",
    ] {
        assert!(other.parse::<Tuning>().is_err(), "{other:?}");
    }
}

/// Those that the adapter of the tests has.
fn features_there() -> impl Iterator<Item = Features> {
    Features::all().filter(|features| features.subgroup <= subgroup())
}

/// Neither 70 rows nor 136 columns fill whole workgroups and tiles; 28 rows of x are two fours for each neighbour.
fn products(format: weights::Format, tolerance: f64) {
    let size @ [n_rows, n_cols] = [70, 136];
    let [first, second] = [1, 4].map(|seed| random(n_rows * n_cols, seed));
    compare(tolerance, |device| {
        let [weight, up] = [&first, &second].map(|w| matrix(w, size, format, n_rows, device));
        let norm = Norm {
            weight: random_tensor([1, n_cols], 3, device).reshape([n_cols]),
            eps: 1e-6,
        };
        let one = random_tensor([1, n_cols], 2, device);
        let outputs = [
            project(&one, &weight),
            project_normed(&one, &norm, &weight),
            gated(&one, &norm, &weight, &up),
            project(&random_tensor([5, n_cols], 2, device), &weight),
            project(&random_tensor([28, n_cols], 2, device), &weight),
            project(&random_tensor([70, n_cols], 2, device), &weight),
        ];
        outputs.into_iter().flat_map(values).collect()
    });
}
