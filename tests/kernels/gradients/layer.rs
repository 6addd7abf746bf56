//! Layers of dense weights that are leaves of a graph.

use burn::module::{Param, ParamId};
use burn::tensor::Tensor;
use kernels::{DenseMatrix, Linear, Matrix};

/// A matrix of row segments.
pub fn matrix(segments: &[&Tensor<2>]) -> Matrix {
    let param = |segment: &&Tensor<2>| Param::initialized(ParamId::new(), (*segment).clone());
    Matrix::Dense(DenseMatrix {
        weight: segments.iter().map(param).collect(),
    })
}

/// A layer of one segment; its bias is a table of one row.
pub fn layer(weight: &Tensor<2>, bias: Option<&Tensor<2>>) -> Linear {
    Linear {
        weight: matrix(&[weight]),
        bias: bias.map(|bias| Param::initialized(ParamId::new(), bias.clone().squeeze_dim(0))),
    }
}
