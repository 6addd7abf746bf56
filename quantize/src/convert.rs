//! Packing the tensors of a checkpoint, a few blocks of rows at a time.

use std::ops::Range;
use std::{num::NonZero, thread};

use weights::{
    Format, Layout, PackedRows, SourceTensor, Tensor, dequantize_rows, matrix_shape, pack_rows,
    stored_format,
};

use crate::error::Error;
use crate::progress::Progress;
use crate::report::Loss;
use crate::shards::ShardWriter;
use crate::source::Source;

/// Weights that one thread packs at a time; with its copies a block takes some 20 MB.
const BLOCK_WEIGHTS: usize = 1 << 20;

/// Packs tensors and collects what that loses.
pub struct Converter<'s> {
    source: &'s Source,
    format: Format,
    progress: Progress,
    losses: Vec<Loss>,
}

/// Packed rows of one block and what packing them lost.
struct Block {
    packed: PackedRows,
    loss: Loss,
}

impl<'s> Converter<'s> {
    /// Prepares to pack the matrices of `source` as `format`.
    pub fn new(source: &'s Source, format: Format) -> Self {
        Self {
            source,
            format,
            progress: Progress::new(source.bytes()),
            losses: Vec::new(),
        }
    }

    /// Packs all tensors into `shards` and returns their places.
    pub fn convert_all(&mut self, shards: &mut ShardWriter) -> Result<Vec<Tensor>, Error> {
        let source = self.source;
        let tensors = source
            .tensors()
            .map(|(name, tensor)| self.convert(name, tensor, shards))
            .collect();
        self.progress.finish();
        tensors
    }

    /// What packing lost of every tensor, in the order of conversion.
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    fn convert(
        &mut self,
        name: &str,
        from: &SourceTensor,
        shards: &mut ShardWriter,
    ) -> Result<Tensor, Error> {
        let format = stored_format(name, &from.shape, self.format);
        let (rows, cols) = matrix_shape(&from.shape).unwrap_or((0, 0));
        let layout = Layout::new(rows, cols, format).map_err(|source| Error::Shape {
            tensor: name.to_owned(),
            source,
        })?;
        let (shard, offset) = shards.begin(layout.total_bytes())?;
        self.pack(name, from, &layout, shards)?;
        Ok(Tensor {
            name: name.to_owned(),
            shape: if from.shape.len() == 1 {
                vec![cols]
            } else {
                vec![rows, cols]
            },
            format,
            shard,
            offset,
            length: layout.total_bytes(),
        })
    }

    /// Writes the words of all blocks as they are ready, then the scales.
    fn pack(
        &mut self,
        name: &str,
        from: &SourceTensor,
        layout: &Layout,
        shards: &mut ShardWriter,
    ) -> Result<(), Error> {
        let mut scales = Vec::new();
        let mut loss = Loss::default();
        let blocks = blocks(from);
        let n_threads = thread::available_parallelism().map_or(1, NonZero::get);
        for batch in blocks.chunks(n_threads) {
            for block in self.pack_batch(name, batch, layout) {
                let block = block?;
                shards.write(&block.packed.words)?;
                scales.extend(block.packed.scales);
                loss.add(block.loss);
            }
            let n_rows: usize = batch.iter().map(Range::len).sum();
            self.progress
                .add((n_rows * from.row_len() * from.dtype.bytes()) as u64);
        }
        shards.write(&scales)?;
        self.losses.push(loss);
        Ok(())
    }

    /// One thread per block; the results in the order of the blocks.
    fn pack_batch(
        &self,
        name: &str,
        batch: &[Range<usize>],
        layout: &Layout,
    ) -> Vec<Result<Block, Error>> {
        let pack = |rows: &Range<usize>| pack_block(self.source, name, rows.clone(), layout);
        let [rest @ .., last] = batch else {
            return Vec::new();
        };
        thread::scope(|scope| {
            let threads: Vec<_> = rest.iter().map(|rows| scope.spawn(|| pack(rows))).collect();
            let last = pack(last);
            let done = threads.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            done.chain([last]).collect()
        })
    }
}

/// Row ranges of a tensor; a vector is not cut.
fn blocks(from: &SourceTensor) -> Vec<Range<usize>> {
    let n_rows = from.n_rows();
    let step = match from.shape.len() {
        1 => n_rows,
        _ => (BLOCK_WEIGHTS / from.row_len()).max(1),
    };
    let starts = (0..n_rows).step_by(step);
    starts
        .map(|start| start..n_rows.min(start + step))
        .collect()
}

fn pack_block(
    source: &Source,
    name: &str,
    rows: Range<usize>,
    layout: &Layout,
) -> Result<Block, Error> {
    let weights = source.checkpoint.read_rows_f32(name, rows)?;
    let packed = pack_rows(name, &weights, layout)?;
    let stored = dequantize_rows(&packed.words, &packed.scales, layout)?;
    let squared = |x: f32| f64::from(x) * f64::from(x);
    let errors = weights
        .iter()
        .zip(&stored)
        .map(|(w, stored)| squared(w - stored));
    Ok(Block {
        loss: Loss {
            squared_error: errors.sum(),
            squared_weights: weights.iter().copied().map(squared).sum(),
        },
        packed,
    })
}
