//! The gated MLP of both towers.

use burn::{module::Module, tensor::Tensor};
use kernels::{Linear, Norm, gated, side_by_side, swiglu};

/// `down(silu(gate(x)) · up(x))`; biases in the vision tower only.
#[derive(Module, Debug)]
pub struct Mlp {
    /// hidden → intermediate
    pub gate_proj: Linear,
    /// hidden → intermediate
    pub up_proj: Linear,
    /// intermediate → hidden
    pub down_proj: Linear,
}

impl Mlp {
    /// Adds the result for `x` [n, hidden] to `residual` [n, hidden].
    pub fn add_to(&self, residual: Tensor<2>, x: &Tensor<2>) -> Tensor<2> {
        let gate_up = side_by_side(x, &[&self.gate_proj, &self.up_proj]);
        self.down_proj.add_to(residual, &swiglu(gate_up))
    }

    /// The same for one row x that `norm` has still to be applied to, without biases: residual [1, hidden].
    pub fn add_normed(&self, residual: Tensor<2>, norm: &Norm) -> Tensor<2> {
        let (gate, up) = (&self.gate_proj.weight, &self.up_proj.weight);
        let inner = gated(&residual, norm, gate, up);
        self.down_proj.add_to(residual, &inner)
    }
}
