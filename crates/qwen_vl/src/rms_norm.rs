//! The norm of both towers.

use burn::{
    module::{Module, Param},
    tensor::Tensor,
};

/// `weight · x / sqrt(mean(x²) + eps)`
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// [width]
    pub weight: Param<Tensor<1>>,
    /// Added to the mean square.
    #[module(skip)]
    pub eps: f32,
}

impl RmsNorm {
    /// [n, width] → [n, width]
    pub fn forward(&self, x: &Tensor<2>) -> Tensor<2> {
        kernels::norm(x, self.weight.val(), self.eps)
    }

    /// The norm for a product that takes it along.
    pub fn taken(&self) -> kernels::Norm {
        kernels::Norm {
            weight: self.weight.val(),
            eps: self.eps,
        }
    }
}
