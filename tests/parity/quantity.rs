//! What is compared for each case, and how closely.

use anyhow::{Result, ensure};
use tests::{Array, Case, Tensors, difference, mismatches};

use crate::program::{Answer, Device, Trace};
use crate::table::{Bound, Table};

/// Whole numbers, which must be equal.
const EQUAL: [&str; 5] = [
    "input_ids",
    "position_ids",
    "image_grid_thw",
    "generated_ids",
    "decode_position_ids",
];

/// Tensors with one row per generated token and the absolute tolerance on the CPU, from the oracle's README.
const PER_STEP: [(&str, f64); 4] = [
    ("logits", 2e-3),
    ("attn_image_tokens", 2e-5),
    ("attn_image_mass_per_layer", 1e-4),
    ("attn_image_mass", 1e-4),
];

/// The others; `pixel_values` is in few cases as a whole and otherwise a sample of rows.
const VISION: [(&str, f64); 2] = [("pixel_values", 1e-5), ("vision_embeds", 2e-4)];

/// The shares are in the tensors and in the trace; they have the attention masses' tolerance.
const SHARES: (&str, f64) = ("shares", 1e-4);

/// Compares everything that the reference of this case has.
pub fn check(
    case: &Case,
    device: Device,
    answer: &Answer,
    reference: &Tensors,
    table: &mut Table,
) -> Result<()> {
    let got = &answer.tensors;
    for name in EQUAL.into_iter().filter(|name| reference.contains(name)) {
        let (n_wrong, first) = mismatches(&got.integers(name)?, &reference.integers(name)?)?;
        let place = format!("{} {first}", case.name);
        table.add(name, Bound::Equal, device, n_wrong as f64, &place);
    }
    for (name, bound) in VISION
        .into_iter()
        .filter(|(name, _)| reference.contains(name))
    {
        let (got, expected) = (got.floats(name)?, reference.floats(name)?);
        add(case, device, (name, bound), &got, &expected, table)?;
    }
    if reference.contains("pixel_values_sample") {
        let rows = reference.integers("pixel_values_rows")?.values;
        let rows: Vec<usize> = rows
            .into_iter()
            .map(usize::try_from)
            .collect::<Result<_, _>>()?;
        let sample = got.floats("pixel_values")?.rows(&rows)?;
        add(
            case,
            device,
            VISION[0],
            &sample,
            &reference.floats("pixel_values_sample")?,
            table,
        )?;
    }
    let n_steps = comparable_steps(
        &got.integers("generated_ids")?,
        &reference.integers("generated_ids")?,
    );
    for (name, bound) in PER_STEP
        .into_iter()
        .filter(|(name, _)| reference.contains(name))
    {
        let (got, expected) = (
            got.floats(name)?.first_rows(n_steps),
            reference.floats(name)?.first_rows(n_steps),
        );
        add(case, device, (name, bound), &got, &expected, table)?;
    }
    if reference.contains(SHARES.0) {
        let expected = reference.floats(SHARES.0)?.first_rows(n_steps);
        let recorded = got.floats(SHARES.0)?.first_rows(n_steps);
        add(case, device, SHARES, &recorded, &expected, table)?;
        let traced = shares(&answer.trace, n_steps)?;
        let expected = expected.first_rows(traced.shape[0]);
        add(case, device, SHARES, &traced, &expected, table)?;
    }
    Ok(())
}

fn add(
    case: &Case,
    device: Device,
    (name, bound): (&'static str, f64),
    got: &Array<f32>,
    expected: &Array<f32>,
    table: &mut Table,
) -> Result<()> {
    let found = difference(got, expected).map_err(|error| error.context(name))?;
    let place = format!("{}, {found}", case.name);
    table.add(name, Bound::Absolute(bound), device, found.worst, &place);
    Ok(())
}

/// Steps with the same history: the equal ids at the beginning, and the step that chose the first other one.
fn comparable_steps(got: &Array<i64>, expected: &Array<i64>) -> usize {
    let pairs = got.values.iter().zip(&expected.values);
    let n_equal = pairs.take_while(|(got, expected)| got == expected).count();
    (n_equal + 1).min(expected.values.len())
}

/// `[steps, 3]` of the trace: image, question, generated. An end token has no text, so the trace may lack it.
fn shares(trace: &Trace, n_steps: usize) -> Result<Array<f32>> {
    let n_tokens = trace.tokens.len();
    ensure!(
        n_tokens + 1 >= n_steps,
        "the trace has {n_tokens} tokens, expected {n_steps} or one less"
    );
    let n_rows = n_tokens.min(n_steps);
    let rows = trace.tokens.iter().take(n_rows).map(|token| &token.shares);
    let values = rows.flat_map(|row| [row.image, row.question, row.generated]);
    Ok(Array {
        shape: vec![n_rows, 3],
        values: values.collect(),
    })
}
