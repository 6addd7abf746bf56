//! Rows that are computed together.

use std::ops::Range;

use super::span::{N_SPAN_WORD, Span};

/// Neighbouring rows of a task that differ in `end` alone; everything is counted from the task's first row.
pub(super) struct Block {
    /// Its rows.
    pub rows: Range<usize>,
    /// Keys that all its rows see.
    pub shared: Range<usize>,
    /// Keys of which each row sees a beginning.
    pub own: Range<usize>,
    /// How many of `own` each row sees.
    pub n_own: Vec<usize>,
    /// Key of the map's first column.
    image_first: usize,
}

/// The blocks of a task, without rows that see nothing: their context, map and gradients are 0.
pub(super) fn blocks(spans: &[u32]) -> Vec<Block> {
    let n_rows = spans.len() / N_SPAN_WORD;
    let mut blocks: Vec<Block> = Vec::new();
    for row in 0..n_rows {
        let span = Span::of_row(spans, row);
        let at = |key: u32| (key - span.first) as usize;
        let (shared, own_first) = (0..at(span.hole_first), at(span.hole_end));
        let (n_own, image_first) = (at(span.end) - own_first, at(span.image_first));
        match blocks.last_mut() {
            Some(block)
                if block.shared == shared
                    && block.own.start == own_first
                    && block.image_first == image_first =>
            {
                block.rows.end = row + 1;
                block.own.end = block.own.end.max(own_first + n_own);
                block.n_own.push(n_own);
            }
            _ => blocks.push(Block {
                rows: row..row + 1,
                shared,
                own: own_first..own_first + n_own,
                n_own: vec![n_own],
                image_first,
            }),
        }
    }
    blocks.retain(|block| block.n_keys() > 0);
    blocks
}

impl Block {
    pub fn n_keys(&self) -> usize {
        self.shared.len() + self.own.len()
    }

    /// Image keys among those that row number `row` of the block sees: their place in its scores and in the map.
    pub fn image_keys(&self, row: usize, n_image: usize) -> impl Iterator<Item = (usize, usize)> {
        let image = self.image_first..self.image_first + n_image;
        let own = self.own.start..self.own.start + self.n_own[row];
        let place = move |keys: Range<usize>, at: usize| {
            let (first, end) = (keys.start.max(image.start), keys.end.min(image.end));
            (first..end.max(first)).map(move |key| (at + key - keys.start, key - image.start))
        };
        let shared = place(self.shared.clone(), 0);
        shared.chain(place(own, self.shared.len()))
    }
}
