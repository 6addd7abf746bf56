//! Every variant that the tuner may choose computes the same; other tests run beside it with any of them.

use kernels::{
    BLOCKINGS, Norm, SPREADS, Tuning, gated, project, project_normed, set_tuning, tuning,
};
use tests::FORMATS;

use crate::bench::{compare, matrix, random, random_tensor, values};

#[test]
fn every_choice_of_the_tuner_is_right() {
    let chosen = tuning();
    for spread in SPREADS {
        for blocking in BLOCKINGS {
            set_tuning(Tuning { spread, blocking });
            for format in FORMATS {
                products(format);
            }
        }
    }
    set_tuning(chosen);
}

#[test]
fn a_choice_is_told_and_understood() {
    for spread in SPREADS {
        for blocking in BLOCKINGS {
            let choice = Tuning { spread, blocking };
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
    }
    for other in ["", "8x2", "7x2,16x8", "8x2,16x8 ", "99999999999x1,16x8"] {
        assert!(other.parse::<Tuning>().is_err(), "{other:?}");
    }
}

/// 70 rows of w and of x are one more than a workgroup takes, 136 columns one more than a tile.
fn products(format: weights::Format) {
    let size @ [n_rows, n_cols] = [70, 136];
    let [first, second] = [1, 4].map(|seed| random(n_rows * n_cols, seed));
    compare(1e-5, |device| {
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
