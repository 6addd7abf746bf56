//! Span tables of the kinds that training makes.

use kernels::gradients::attention::Span;

/// Sees `first … hole_first` and `hole_end … end`.
pub fn span([first, hole_first, hole_end, end, image_first]: [usize; 5]) -> Span {
    let [first, hole_first, hole_end, end, image_first] =
        [first, hole_first, hole_end, end, image_first].map(|word| word as u32);
    Span {
        first,
        hole_first,
        hole_end,
        end,
        image_first,
    }
}

/// As the words of a table.
pub fn table(spans: &[Span]) -> Vec<u32> {
    spans.iter().flat_map(|span| span.words()).collect()
}

/// Every row sees the rows of its task up to itself.
pub fn causal(first: usize, n_rows: usize, image_first: usize) -> Vec<Span> {
    let rows = first..first + n_rows;
    rows.map(|row| span([first, first, first, row + 1, image_first]))
        .collect()
}

/// Every row sees all of its window.
pub fn windows(borders: &[usize]) -> Vec<Span> {
    let pairs = borders.windows(2).map(|pair| (pair[0], pair[1]));
    pairs
        .flat_map(|(first, end)| vec![span([first, first, first, end, first]); end - first])
        .collect()
}

/// A prompt, and answers that each see it and themselves, but not each other.
pub fn answers(first: usize, n_prompt: usize, lengths: &[usize], image_first: usize) -> Vec<Span> {
    let mut spans = causal(first, n_prompt, image_first);
    for length in lengths {
        let own = first + spans.len();
        let rows = own..own + length;
        spans.extend(rows.map(|row| span([first, first + n_prompt, own, row + 1, image_first])));
    }
    spans
}

/// Causal, but the rows from `blind` on do not see the keys of `hole`.
pub fn hidden(first: usize, n_rows: usize, hole: [usize; 2], blind: usize) -> Vec<Span> {
    let mut spans = causal(first, n_rows, hole[0]);
    for (row, span) in spans.iter_mut().enumerate().skip(blind - first) {
        *span = self::span([first, hole[0], hole[1], first + row + 1, hole[0]]);
    }
    spans
}
