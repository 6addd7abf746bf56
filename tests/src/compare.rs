//! Where two arrays differ most.

use std::fmt;

use anyhow::{Result, bail};

use crate::Array;

/// The element in which two arrays differ most; for empty arrays a difference of 0 at no index.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Absolute difference; infinite where the value is not a number.
    pub worst: f64,
    /// Index of the element, one number per axis.
    pub index: Vec<usize>,
    /// The value under test.
    pub got: f64,
    /// The reference's value.
    pub expected: f64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            worst,
            index,
            got,
            expected,
        } = self;
        write!(
            f,
            "worst difference {worst:.3e} at {index:?}: got {got}, expected {expected}"
        )
    }
}

/// The worst element of two arrays of one shape.
///
/// # Errors
/// The shapes differ.
pub fn difference<T: Copy>(got: &Array<T>, expected: &Array<T>) -> Result<Difference>
where
    f64: From<T>,
{
    if got.shape != expected.shape {
        bail!("got shape {:?}, expected {:?}", got.shape, expected.shape);
    }
    let mut found = Difference {
        worst: 0.0,
        index: Vec::new(),
        got: 0.0,
        expected: 0.0,
    };
    for (i, (&got, &expected)) in got.values.iter().zip(&expected.values).enumerate() {
        let (got, expected) = (f64::from(got), f64::from(expected));
        let distance = (got - expected).abs();
        let worst = if distance.is_nan() {
            f64::INFINITY
        } else {
            distance
        };
        if worst > found.worst {
            found = Difference {
                worst,
                index: vec![i],
                got,
                expected,
            };
        }
    }
    if let Some(&flat) = found.index.first() {
        found.index = unravel(flat, &got.shape);
    }
    Ok(found)
}

/// The number of elements that differ, and the first of them in words.
///
/// # Errors
/// The shapes differ.
pub fn mismatches(got: &Array<i64>, expected: &Array<i64>) -> Result<(usize, String)> {
    if got.shape != expected.shape {
        bail!("got shape {:?}, expected {:?}", got.shape, expected.shape);
    }
    let pairs = got.values.iter().zip(&expected.values).enumerate();
    let mut wrong = pairs.filter(|(_, (got, expected))| got != expected);
    let Some((flat, (first, wanted))) = wrong.next() else {
        return Ok((0, String::new()));
    };
    let index = unravel(flat, &got.shape);
    Ok((
        1 + wrong.count(),
        format!("first at {index:?}: got {first}, expected {wanted}"),
    ))
}

fn unravel(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut index = vec![0; shape.len()];
    for (axis, &side) in shape.iter().enumerate().rev() {
        index[axis] = rest % side;
        rest /= side;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array<T: Clone>(values: &[T]) -> Array<T> {
        Array {
            shape: vec![2, 2],
            values: values.to_vec(),
        }
    }

    #[test]
    fn the_worst_element_is_named() {
        let found = difference(
            &array(&[0.0f32, 1.0, 2.0, 3.5]),
            &array(&[0.0, 1.25, 2.0, 3.0]),
        );
        let found = found.expect("shapes agree");
        assert_eq!((found.worst, found.index), (0.5, vec![1, 1]));
    }

    #[test]
    fn not_a_number_is_infinitely_wrong() {
        let found = difference(&array(&[0.0, f32::NAN, 9.0, 0.0]), &array(&[0.0f32; 4]));
        let found = found.expect("shapes agree");
        assert_eq!((found.worst, found.index), (f64::INFINITY, vec![0, 1]));
    }

    #[test]
    fn other_shapes_are_refused() {
        let row = Array {
            shape: vec![4],
            values: vec![0i64; 4],
        };
        assert!(mismatches(&array(&[0; 4]), &row).is_err());
        let (n, first) =
            mismatches(&array(&[1, 2, 3, 4]), &array(&[1, 0, 0, 4])).expect("shapes agree");
        assert_eq!(
            (n, first.as_str()),
            (2, "first at [0, 1]: got 2, expected 0")
        );
    }
}
