//! Which keys a row sees.

use std::ops::Range;

/// Words of a row in the span table.
pub const N_SPAN_WORD: usize = 5;

/// What a row sees: rows `first … hole_first` and `hole_end … end` of the same table. Neighbours that differ in
/// `end` alone, which must not fall, are computed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First key, and first row of the task.
    pub first: u32,
    /// End of the first range.
    pub hole_first: u32,
    /// Start of the second range.
    pub hole_end: u32,
    /// End of the second range.
    pub end: u32,
    /// First image key, where probabilities are read out; not before `first`.
    pub image_first: u32,
}

impl Span {
    /// As five words of a span table.
    pub fn words(self) -> [u32; N_SPAN_WORD] {
        [
            self.first,
            self.hole_first,
            self.hole_end,
            self.end,
            self.image_first,
        ]
    }

    pub(super) fn of_row(spans: &[u32], row: usize) -> Span {
        let words = &spans[row * N_SPAN_WORD..][..N_SPAN_WORD];
        Span {
            first: words[0],
            hole_first: words[1],
            hole_end: words[2],
            end: words[3],
            image_first: words[4],
        }
    }
}

/// Rows that share their first key, which must be the first of them.
pub(super) fn tasks(spans: &[u32]) -> Vec<Range<usize>> {
    let n_rows = spans.len() / N_SPAN_WORD;
    let mut tasks: Vec<Range<usize>> = Vec::new();
    for row in 0..n_rows {
        let first = spans[row * N_SPAN_WORD] as usize;
        match tasks.last_mut() {
            Some(task) if first == task.start => task.end = row + 1,
            _ => {
                assert_eq!(
                    first, row,
                    "a row's spans start at the first row of its task"
                );
                tasks.push(row..row + 1);
            }
        }
    }
    tasks
}
