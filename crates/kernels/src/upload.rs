//! Streams bytes into a tensor: on a GPU, no more than the piece at hand is on the heap.

use burn::tensor::{DType, Device, Int, Tensor};
#[cfg(not(target_feature = "simd128"))]
use burn::{
    backend::DispatchDevice,
    tensor::{Bytes, Shape},
};
#[cfg(not(target_feature = "simd128"))]
use burn_wgpu::{CubeTensor, Wgpu};

/// A tensor that is being filled. Lengths and offsets are multiples of 4 bytes.
pub struct Upload {
    target: Target,
    n_bytes: usize,
}

enum Target {
    #[cfg(not(target_feature = "simd128"))]
    Gpu(Box<CubeTensor>),
    #[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
    Cpu(Vec<u8>, Device),
}

impl Upload {
    /// Allocates `n_bytes` on `device`, exactly and for as long as the tensor lives.
    pub fn new(n_bytes: usize, device: &Device) -> Upload {
        let target = match device.as_dispatch().clone() {
            #[cfg(not(target_feature = "simd128"))]
            DispatchDevice::Cube(cube) => {
                let client = cube.client();
                let handle = client.memory_persistent_allocation((), |()| client.empty(n_bytes));
                let shape = Shape::from([n_bytes / 4]);
                let tensor =
                    CubeTensor::new_contiguous(client.clone(), cube, shape, handle, DType::U32);
                Target::Gpu(Box::new(tensor))
            }
            #[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
            _ => Target::Cpu(vec![0; n_bytes], device.clone()),
        };
        Upload { target, n_bytes }
    }

    /// Writes `bytes` at `offset` and hands them to the queue at once.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) {
        match &mut self.target {
            #[cfg(not(target_feature = "simd128"))]
            Target::Gpu(tensor) => {
                let after = self.n_bytes - offset - bytes.len();
                let region = tensor
                    .handle
                    .clone()
                    .offset_start(offset as u64)
                    .offset_end(after as u64);
                tensor
                    .client
                    .write(&region, Bytes::from_bytes_vec(bytes.to_vec()));
                // A failed flush leaves its error on the queue, where the next read finds it.
                let _ = tensor.client.flush();
            }
            #[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
            Target::Cpu(all, _) => all[offset..offset + bytes.len()].copy_from_slice(bytes),
        }
    }

    /// What it holds now, as 32-bit words.
    pub fn words(&self) -> Tensor<1, Int> {
        match &self.target {
            #[cfg(not(target_feature = "simd128"))]
            Target::Gpu(tensor) => Tensor::from_primitive::<Wgpu>((**tensor).clone()),
            #[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
            Target::Cpu(bytes, device) => {
                cpu_tensor(bytes.clone(), [self.n_bytes / 4], DType::U32, device)
            }
        }
    }

    /// The tensor as 32-bit words.
    pub fn into_words(self) -> Tensor<1, Int> {
        match self.target {
            #[cfg(not(target_feature = "simd128"))]
            Target::Gpu(tensor) => Tensor::from_primitive::<Wgpu>(*tensor),
            #[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
            Target::Cpu(bytes, device) => {
                cpu_tensor(bytes, [self.n_bytes / 4], DType::U32, &device)
            }
        }
    }

    /// The tensor as f32 of `shape`.
    pub fn into_floats<const D: usize>(self, shape: [usize; D]) -> Tensor<D> {
        match self.target {
            #[cfg(not(target_feature = "simd128"))]
            Target::Gpu(tensor) => {
                let CubeTensor {
                    client,
                    handle,
                    device,
                    ..
                } = *tensor;
                Tensor::from_primitive::<Wgpu>(CubeTensor::new_contiguous(
                    client,
                    device,
                    Shape::from(shape),
                    handle,
                    DType::F32,
                ))
            }
            #[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
            Target::Cpu(bytes, device) => cpu_tensor(bytes, shape, DType::F32, &device),
        }
    }
}

#[cfg(any(not(target_family = "wasm"), target_feature = "simd128"))]
fn cpu_tensor<const D: usize, K: burn::tensor::kind::Basic>(
    bytes: Vec<u8>,
    shape: [usize; D],
    dtype: DType,
    device: &Device,
) -> Tensor<D, K> {
    let data = burn::tensor::TensorData::from_bytes_vec(bytes, shape, dtype);
    Tensor::from_data(data, (device, dtype))
}
