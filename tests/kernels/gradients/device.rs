//! The devices under test, and numbers held against f64 ones.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use futures_lite::future::block_on;
use kernels::Gpu;

/// The CPU by the fused loops and the software GPU by plain operations, both with autodiff.
pub fn training_devices() -> [(&'static str, Device); 2] {
    let gpu = block_on(Gpu::open(|_| None)).expect("the kernel tests need a Vulkan driver");
    [
        ("CPU", Device::flex().autodiff()),
        ("GPU", gpu.device.autodiff()),
    ]
}

/// Every number within `tolerance` times the expected root mean square, or the expected value where that is
/// larger.
pub fn assert_close(what: &str, tolerance: f64, got: &[f32], expected: &[f64]) {
    assert_eq!(
        got.len(),
        expected.len(),
        "{what}: as many numbers as expected"
    );
    let squares: f64 = expected.iter().map(|e| e * e).sum();
    let scale = (squares / expected.len().max(1) as f64).sqrt();
    for (index, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(got) - expected).abs() / scale.max(expected.abs()).max(1e-30);
        assert!(
            error <= tolerance,
            "{what}, element {index}: expected {expected}, got {got}, relative error {error:e} over {tolerance:e}"
        );
    }
}

/// Widened.
pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// A table of words.
pub fn word_table(words: &[u32], size: [usize; 2], device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(words.to_vec(), size), (device, DType::U32))
}
