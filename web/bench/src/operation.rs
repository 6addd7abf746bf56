//! Kernels for JavaScript.

use bench::{Decode, Operation, Prefill, Product, packed_q4};
use generate::{Gpu, open_gpu};
use kernels::Heads;
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

/// The GPU and what runs on it.
#[wasm_bindgen]
pub struct Kernels {
    gpu: Gpu,
}

/// A kernel with its buffers.
#[wasm_bindgen]
pub struct Kernel {
    gpu: Gpu,
    operation: Operation,
}

#[wasm_bindgen]
impl Kernels {
    /// Opens the GPU.
    pub async fn open() -> Result<Kernels, JsError> {
        Ok(Kernels {
            gpu: open_gpu().await?,
        })
    }

    /// Name of the adapter.
    pub fn adapter(&self) -> String {
        self.gpu.adapter.clone()
    }

    /// `x · wᵀ`: w [n_rows, n_cols] in nibbles with zero point 8 and one scale per 32 columns, x [m, n_cols].
    pub fn product(
        &self,
        words: &[u32],
        scales: &[f32],
        x: Vec<f32>,
        n_rows: usize,
        n_cols: usize,
    ) -> Kernel {
        let scales = packed_q4(scales);
        let size = [n_rows, n_cols];
        let product = Product::new(words, &scales, x, size, &self.gpu.device);
        self.kernel(Operation::Product(Box::new(product)))
    }

    /// Attention of one token, `qkv`, over `keys` and `values` [n_past, n_kv_heads · head_dim] and itself.
    pub fn decode(
        &self,
        qkv: Vec<f32>,
        keys: &[f32],
        values: &[f32],
        n_heads: usize,
        n_kv_heads: usize,
        head_dim: usize,
    ) -> Kernel {
        let heads = heads(n_heads, n_kv_heads, head_dim);
        let decode = Decode::new(qkv, keys, values, heads, &self.gpu.device);
        self.kernel(Operation::Decode(Box::new(decode)))
    }

    /// Causal attention of the rows of `qkv`.
    pub fn prefill(
        &self,
        qkv: Vec<f32>,
        n_heads: usize,
        n_kv_heads: usize,
        head_dim: usize,
    ) -> Kernel {
        let heads = heads(n_heads, n_kv_heads, head_dim);
        let prefill = Prefill::new(qkv, heads, &self.gpu.device);
        self.kernel(Operation::Prefill(Box::new(prefill)))
    }

    fn kernel(&self, operation: Operation) -> Kernel {
        Kernel {
            gpu: self.gpu.clone(),
            operation,
        }
    }
}

#[wasm_bindgen]
impl Kernel {
    /// Asks for one run.
    pub fn launch(&self) {
        drop(self.operation.launch());
    }

    /// Waits until all that was asked for is done.
    pub async fn wait(&self) -> Result<(), JsError> {
        Ok(kernels::wait(&self.gpu.device).await?)
    }

    /// Runs once and returns what it computes.
    pub async fn values(&self) -> Result<Vec<f32>, JsError> {
        let data = self.operation.launch().into_data_async().await;
        let data = data.map_err(|error| JsError::new(&error.to_string()))?;
        data.try_to_vec()
            .map_err(|error| JsError::new(&error.to_string()))
    }
}

fn heads(n_heads: usize, n_kv_heads: usize, head_dim: usize) -> Heads {
    Heads {
        n_heads,
        n_kv_heads,
        head_dim,
    }
}
