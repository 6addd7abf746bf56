//! Rows that see nothing, a map that differs from row to row, and inputs that are views of larger tensors.

use burn::tensor::Tensor;
use kernels::{Angles, Heads, RopeHeads};

use super::device::{assert_close, training_devices, wide, word_table};
use super::{forward, span};
use crate::bench::{random, tensor, values};

const HEADS: Heads = Heads {
    n_heads: 2,
    n_kv_heads: 1,
    head_dim: 16,
};
const WIDTH: usize = 64;
const N_IMAGE: usize = 3;

#[test]
fn rows_that_see_nothing_have_zeros() {
    // Rows 1 and 2 see nothing, row 3 sees everything but itself.
    let spans = [
        [0, 0, 0, 1, 0],
        [0, 0, 1, 1, 0],
        [0, 0, 1, 1, 0],
        [0, 0, 0, 3, 0],
        [4, 4, 4, 4, 4],
    ];
    let spans = span::table(&spans.map(span::span));
    let qkv = random(5 * WIDTH, 1);
    for (name, device) in training_devices() {
        let leaf = tensor(&qkv, [5, WIDTH], &device).require_grad();
        let table = word_table(&spans, [5, 5], &device);
        let (context, map) = kernels::attention_spans(leaf.clone(), &table, HEADS, N_IMAGE);
        let out = Tensor::cat(vec![context, map.expect("a map was asked for")], 1);
        let gradients = out.clone().powi_scalar(2).sum().backward();
        let gradient = values(leaf.grad(&gradients).expect("the input has a gradient"));
        let out = values(out.inner());
        let expected = forward::attention(&wide(&qkv), &spans, HEADS, N_IMAGE);
        assert!(expected.iter().all(|value| value.is_finite()));
        assert_close(name, 1e-5, &out, &expected);
        assert!(
            out[35..105]
                .iter()
                .chain(&out[140..])
                .all(|value| *value == 0.0),
            "{name}"
        );
        assert!(
            gradient[4 * WIDTH..].iter().all(|value| *value == 0.0),
            "{name}"
        );
        assert!(gradient.iter().all(|value| value.is_finite()), "{name}");
    }
}

#[test]
fn every_row_has_its_own_image() {
    let spans = [
        [0, 0, 0, 4, 0],
        [0, 0, 0, 4, 1],
        [0, 0, 0, 4, 2],
        [0, 0, 0, 4, 3],
    ];
    let spans = span::table(&spans.map(span::span));
    let qkv = random(4 * WIDTH, 2);
    let expected = forward::attention(&wide(&qkv), &spans, HEADS, N_IMAGE);
    for (name, device) in training_devices() {
        let table = word_table(&spans, [4, 5], &device);
        let qkv = tensor(&qkv, [4, WIDTH], &device);
        let (context, map) = kernels::attention_spans(qkv, &table, HEADS, N_IMAGE);
        let map = map.expect("a map was asked for");
        assert_close(
            name,
            1e-5,
            &values(Tensor::cat(vec![context, map], 1).inner()),
            &expected,
        );
    }
}

#[test]
fn a_view_of_some_rows_is_rotated_alone() {
    let heads = RopeHeads {
        n_heads: 2,
        n_rotated: 1,
        head_dim: 8,
    };
    let qkv = random(7 * 16, 1);
    let [cosines, sines] = [2, 3].map(|seed| random(4 * 4, seed));
    let expected = forward::rope(
        &wide(&qkv[2 * 16..6 * 16]),
        &wide(&cosines),
        &wide(&sines),
        heads,
    );
    for (name, device) in training_devices() {
        let whole = tensor(&qkv, [7, 16], &device);
        let [cosines, sines] = [&cosines, &sines].map(|table| tensor(table, [4, 4], &device));
        let turned = kernels::rope(
            whole.clone().narrow(0, 2, 4),
            &Angles { cosines, sines },
            heads,
        );
        assert_close(name, 1e-6, &values(turned.inner()), &expected);
        assert_eq!(
            values(whole.inner()),
            qkv,
            "{name}: the tensor viewed is untouched"
        );
    }
}

#[test]
fn inputs_that_others_hold_are_untouched() {
    for (name, device) in training_devices() {
        let x = tensor(&random(5 * 16, 1), [5, 16], &device);
        let turned = kernels::rope(
            x.clone(),
            &Angles {
                cosines: Tensor::zeros([5, 4], &device),
                sines: Tensor::ones([5, 4], &device),
            },
            RopeHeads {
                n_heads: 2,
                n_rotated: 2,
                head_dim: 8,
            },
        );
        let bent = kernels::gelu(x.clone());
        assert_ne!(values(turned.inner()), random(5 * 16, 1), "{name}");
        assert_ne!(values(bent.inner()), random(5 * 16, 1), "{name}");
        assert_eq!(values(x.inner()), random(5 * 16, 1), "{name}");
    }
}
