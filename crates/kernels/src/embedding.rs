//! Rows of a table by token id, image rows in between.

use burn_wgpu::CubeTensor;
use weights::Format;

use crate::{
    launch::{Binding, Constant, Shader, launch},
    matmul::{format_constants, row_words},
    sizes::Table,
};

/// Constants of `embedding.wgsl`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Embedding {
    /// Storage of the table.
    pub format: Format,
}

impl Shader for Embedding {
    fn parts(&self) -> Vec<&'static str> {
        vec![
            include_str!("../../../shaders/shared/half.wgsl"),
            include_str!("../../../shaders/shared/weight.wgsl"),
            include_str!("../../../shaders/embedding.wgsl"),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, Constant)> {
        let (format, group) = format_constants(self.format);
        vec![
            ("FORMAT", Constant::U32(format)),
            ("GROUP", Constant::U32(group)),
        ]
    }
}

/// Fills the rows of `out` ([n_tokens, n_cols]) that `source`, from
/// the step's slot on, finds in this segment or in `image`.
pub(crate) fn run(buffers: [&CubeTensor; 5], out: &CubeTensor, table: &Table, n_tokens: usize) {
    let [source, step, words, scales, image] = buffers;
    let (words_per_row, groups_per_row) = row_words(table.format, table.n_cols);
    let n_blocks = table.n_cols.div_ceil(8);
    launch(
        Embedding {
            format: table.format,
        },
        [n_blocks.div_ceil(64) as u32, n_tokens as u32, 1],
        &[
            Binding::Read(source),
            Binding::Read(step),
            Binding::Read(words),
            Binding::Read(scales),
            Binding::Read(image),
            Binding::Write(out),
        ],
        &[
            table.n_cols,
            words_per_row,
            groups_per_row,
            table.first_row,
            table.n_rows,
            n_tokens,
            n_blocks,
        ]
        .map(|value| value as u32),
    );
}
