//! Weight matrices, dense or packed, and the layers made of them.

#[cfg(not(target_family = "wasm"))]
use burn::module::ParamId;
use burn::{
    backend::Dispatch,
    module::{Module, Param},
    tensor::{DType, Int, Tensor, TensorData},
};
use weights::Format;

use crate::{
    backend::Kernels,
    sizes::{Product, Segment, Table},
};

/// A matrix [n_rows, n_cols] whose rows are the outputs of a layer or the entries of a table, cut by
/// rows into segments that a kernel can bind.
#[derive(Module, Debug)]
pub enum Matrix {
    /// f32, as training and the oracle need it.
    Dense(DenseMatrix),
    /// f16, q8 or q4.
    Packed(PackedMatrix),
}

/// A matrix of f32.
#[derive(Module, Debug)]
pub struct DenseMatrix {
    /// Segments [n, n_cols].
    pub weight: Vec<Param<Tensor<2>>>,
}

/// A matrix in one of the packed layouts of `weights::Format`.
#[derive(Module, Debug)]
pub struct PackedMatrix {
    /// Packed numbers of each segment.
    pub words: Vec<Param<Tensor<1, Int>>>,
    /// Scales and minima of each segment; for f16, which has none, the words again.
    pub scales: Vec<Param<Tensor<1, Int>>>,
    /// Storage and size.
    #[module(skip)]
    pub packing: Packing,
}

/// Storage and size of a packed matrix.
#[derive(Clone, Copy, Debug)]
pub struct Packing {
    /// Layout.
    pub format: Format,
    /// Rows of all segments together.
    pub n_rows: usize,
    /// Columns.
    pub n_cols: usize,
    /// Rows of each segment but the last, which may have fewer.
    pub rows_per_segment: usize,
}

impl Matrix {
    /// [n_rows, n_cols]
    pub fn size(&self) -> [usize; 2] {
        match self {
            Matrix::Dense(dense) => {
                let n_rows = dense.weight.iter().map(|w| w.dims()[0]).sum();
                [n_rows, dense.weight.first().map_or(0, |w| w.dims()[1])]
            }
            Matrix::Packed(packed) => [packed.packing.n_rows, packed.packing.n_cols],
        }
    }

    /// Rows by token id, image rows in between: `source[t]` is an id, or `IMAGE_ROW` plus a row of `image`.
    /// → [n_tokens, n_cols]
    pub fn rows(&self, source: Tensor<1, Int>, image: Option<&Tensor<2>>) -> Tensor<2> {
        let device = source.device();
        let image = match image {
            Some(image) => image.clone(),
            None => Tensor::zeros([1, 1], &device),
        };
        let from_first =
            Tensor::from_data(TensorData::new(vec![0_u32], [1]), (&device, DType::U32));
        self.rows_from(&source, &from_first, source.dims()[0], &image)
    }

    /// Rows by token id, image rows in between: `source`, from the step's slot on, holds ids, or `IMAGE_ROW` plus a
    /// row of `image` ([n, n_cols]; anything where there is none). → [n_token, n_cols]
    pub fn rows_from(
        &self,
        source: &Tensor<1, Int>,
        step: &Tensor<1, Int>,
        n_token: usize,
        image: &Tensor<2>,
    ) -> Tensor<2> {
        let [_, n_cols] = self.size();
        let mut out = Tensor::<2>::empty([n_token, n_cols], &source.device());
        let mut first_row = 0;
        for index in 0..self.n_segments() {
            let table = Table {
                format: self.format(),
                first_row,
                n_rows: self.segment_rows(index),
                n_cols,
            };
            let (source, step) = (source.clone().into_dispatch(), step.clone().into_dispatch());
            let image = image.clone().into_dispatch();
            out = Tensor::from_dispatch(match self {
                Matrix::Dense(dense) => Dispatch::embedding_dense(
                    source,
                    step,
                    dense.weight[index].val().into_dispatch(),
                    image,
                    out.into_dispatch(),
                    table,
                ),
                Matrix::Packed(packed) => Dispatch::embedding(
                    source,
                    step,
                    packed.words[index].val().into_dispatch(),
                    packed.scales[index].val().into_dispatch(),
                    image,
                    out.into_dispatch(),
                    table,
                ),
            });
            first_row += table.n_rows;
        }
        out
    }

    /// Storage of the numbers.
    pub fn format(&self) -> Format {
        match self {
            Matrix::Dense(_) => Format::F32,
            Matrix::Packed(packed) => packed.packing.format,
        }
    }

    fn n_segments(&self) -> usize {
        match self {
            Matrix::Dense(dense) => dense.weight.len(),
            Matrix::Packed(packed) => packed.words.len(),
        }
    }

    fn segment_rows(&self, index: usize) -> usize {
        match self {
            Matrix::Dense(dense) => dense.weight[index].dims()[0],
            Matrix::Packed(PackedMatrix { packing, .. }) => {
                let before = index * packing.rows_per_segment;
                packing.rows_per_segment.min(packing.n_rows - before)
            }
        }
    }

    /// The same matrix as f32; a dense one as it is.
    #[cfg(not(target_family = "wasm"))]
    pub fn dequantized(self) -> Matrix {
        let Matrix::Packed(packed) = &self else {
            return self;
        };
        let Packing { format, n_cols, .. } = packed.packing;
        let host = |words: &Param<Tensor<1, Int>>| -> Vec<u32> {
            words.val().into_data().iter::<u32>().collect()
        };
        let segments = packed.words.iter().zip(&packed.scales).enumerate();
        let weight = segments.map(|(index, (words, scales))| {
            let n_rows = self.segment_rows(index);
            let scales = if format == Format::F16 {
                Vec::new()
            } else {
                host(scales)
            };
            let layout = weights::Layout::new(n_rows, n_cols, format);
            let values =
                layout.and_then(|layout| weights::dequantize_rows(&host(words), &scales, &layout));
            let values = values.expect("a packed matrix is complete once it was loaded");
            let data = TensorData::new(values, [n_rows, n_cols]);
            Param::initialized(
                ParamId::new(),
                Tensor::from_data(data, &words.val().device()),
            )
        });
        Matrix::Dense(DenseMatrix {
            weight: weight.collect(),
        })
    }

    /// `x · wᵀ`, or `norm(x) · wᵀ`, into columns `column …` of `out`.
    fn product(
        &self,
        x: &Tensor<2>,
        norm: Option<&Norm>,
        bias: Option<&Param<Tensor<1>>>,
        mut out: Tensor<2>,
        mut column: usize,
        accumulate: bool,
    ) -> Tensor<2> {
        let product = Product {
            format: self.format(),
            has_bias: bias.is_some(),
            accumulate,
        };
        let [_, n_cols] = self.size();
        let mut first_row = 0;
        for index in 0..self.n_segments() {
            let n_rows = self.segment_rows(index);
            let segment = Segment {
                product,
                n_rows,
                n_cols,
                column,
            };
            let bias = match bias {
                Some(bias) if self.n_segments() == 1 => bias.val().into_dispatch(),
                Some(bias) => bias.val().narrow(0, first_row, n_rows).into_dispatch(),
                None => x.clone().into_dispatch(),
            };
            let (x, target) = (x.clone().into_dispatch(), out.into_dispatch());
            let norm = norm.map(|norm| (norm.weight.clone().into_dispatch(), norm.eps));
            out = Tensor::from_dispatch(match self {
                Matrix::Dense(dense) => {
                    let weight = dense.weight[index].val().into_dispatch();
                    match norm {
                        Some((gain, eps)) => {
                            Dispatch::matvec_dense(x, gain, weight, bias, target, segment, eps)
                        }
                        None => Dispatch::matmul_dense(x, weight, bias, target, segment),
                    }
                }
                Matrix::Packed(packed) => {
                    let words = packed.words[index].val().into_dispatch();
                    let scales = packed.scales[index].val().into_dispatch();
                    match norm {
                        Some((gain, eps)) => {
                            Dispatch::matvec(x, gain, words, scales, bias, target, segment, eps)
                        }
                        None => Dispatch::matmul(x, words, scales, bias, target, segment),
                    }
                }
            });
            first_row += n_rows;
            column += n_rows;
        }
        out
    }
}

/// `y = x · weightᵀ + bias`
#[derive(Module, Debug)]
pub struct Linear {
    /// [n_out, n_in]
    pub weight: Matrix,
    /// [n_out]
    pub bias: Option<Param<Tensor<1>>>,
}

/// An RMS norm that a product takes along: `weight · x / sqrt(mean(x²) + eps)`.
#[derive(Clone, Debug)]
pub struct Norm {
    /// [width]
    pub weight: Tensor<1>,
    /// Added to the mean square.
    pub eps: f32,
}

impl Linear {
    /// [n, n_in] → [n, n_out]
    pub fn forward(&self, x: &Tensor<2>) -> Tensor<2> {
        side_by_side(x, &[self])
    }

    /// The layer on `norm(x)`, for one row: [1, n_in] → [1, n_out]
    pub fn forward_normed(&self, x: &Tensor<2>, norm: &Norm) -> Tensor<2> {
        let out = Tensor::empty([1, self.weight.size()[0]], &x.device());
        let bias = self.bias.as_ref();
        self.weight.product(x, Some(norm), bias, out, 0, false)
    }

    /// Adds the result to `residual` [n, n_out], in place.
    pub fn add_to(&self, residual: Tensor<2>, x: &Tensor<2>) -> Tensor<2> {
        self.weight
            .product(x, None, self.bias.as_ref(), residual, 0, true)
    }
}

/// Several layers on the same input, their outputs side by side: [n, n_in] → [n, Σ n_out].
pub fn side_by_side(x: &Tensor<2>, layers: &[&Linear]) -> Tensor<2> {
    let widths = layers.iter().map(|layer| layer.weight.size()[0]);
    let mut out = Tensor::empty([x.dims()[0], widths.clone().sum()], &x.device());
    let mut column = 0;
    for (layer, width) in layers.iter().zip(widths) {
        out = layer
            .weight
            .product(x, None, layer.bias.as_ref(), out, column, false);
        column += width;
    }
    out
}

/// `silu(gate(norm(x))) · up(norm(x))` for one row, by layers without bias of one shape and storage:
/// [1, n_in] → [1, n_out]
pub fn gated(x: &Tensor<2>, norm: &Norm, gate: &Matrix, up: &Matrix) -> Tensor<2> {
    let [n_out, n_cols] = gate.size();
    let mut out = Tensor::empty([1, n_out], &x.device());
    let product = Product {
        format: gate.format(),
        has_bias: false,
        accumulate: false,
    };
    let mut column = 0;
    for index in 0..gate.n_segments() {
        let n_rows = gate.segment_rows(index);
        let segment = Segment {
            product,
            n_rows,
            n_cols,
            column,
        };
        let (x, target) = (x.clone().into_dispatch(), out.into_dispatch());
        let (gain, eps) = (norm.weight.clone().into_dispatch(), norm.eps);
        out = Tensor::from_dispatch(match (gate, up) {
            (Matrix::Packed(gate), Matrix::Packed(up)) => {
                let [gate_words, up_words] =
                    [gate, up].map(|matrix| matrix.words[index].val().into_dispatch());
                let [gate_scales, up_scales] =
                    [gate, up].map(|matrix| matrix.scales[index].val().into_dispatch());
                Dispatch::matvec_gated(
                    x,
                    gain,
                    gate_words,
                    gate_scales,
                    up_words,
                    up_scales,
                    target,
                    segment,
                    eps,
                )
            }
            (Matrix::Dense(gate), Matrix::Dense(up)) => {
                let [gate, up] =
                    [gate, up].map(|matrix| matrix.weight[index].val().into_dispatch());
                Dispatch::matvec_gated_dense(x, gain, gate, up, target, segment, eps)
            }
            // The loader gives both the same storage.
            _ => target,
        });
        column += n_rows;
    }
    out
}

/// `norm(x) · weightᵀ` with a bare matrix, such as a tied head, for one row: [1, n_cols] → [1, n_rows]
pub fn project_normed(x: &Tensor<2>, norm: &Norm, weight: &Matrix) -> Tensor<2> {
    let out = Tensor::empty([1, weight.size()[0]], &x.device());
    weight.product(x, Some(norm), None, out, 0, false)
}

/// `x · weightᵀ` with a bare matrix: [n, n_cols] → [n, n_rows]
pub fn project(x: &Tensor<2>, weight: &Matrix) -> Tensor<2> {
    let out = Tensor::empty([x.dims()[0], weight.size()[0]], &x.device());
    weight.product(x, None, None, out, 0, false)
}
