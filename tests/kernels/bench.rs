//! The two devices under comparison, and inputs for them.

use std::cell::Cell;
use std::sync::{LazyLock, PoisonError, RwLock};

use burn::{
    module::{Param, ParamId},
    tensor::{DType, Device, Int, Tensor, TensorData},
};
use futures_lite::future::block_on;
use half::f16;
use kernels::{
    BLOCKINGS, Blocking, Features, Gpu, Matrix, PackedMatrix, Packing, Step, StepBuffer, Tuning,
    Upload, set_tuning, tuning,
};
use weights::{Format, Layout, pack_rows};

static GPU: LazyLock<Gpu> = LazyLock::new(|| {
    #[cfg(debug_assertions)]
    crate::mutations::apply();
    block_on(Gpu::open(|_| None)).expect("the kernel tests need a Vulkan driver")
});

/// Variants are the process's: who asks for some is alone.
static TURN: RwLock<()> = RwLock::new(());

thread_local! {
    /// Whether this test asked for variants.
    static HAS_ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `compute` on the CPU twin and on the GPU; every difference must stay below `tolerance` times
/// the twin's root mean square, or its value at that place where that is larger.
pub fn compare(tolerance: f64, compute: impl Fn(&Device) -> Vec<f32>) {
    let has_asked = HAS_ASKED.get();
    let _turn = (!has_asked).then(|| TURN.read().unwrap_or_else(PoisonError::into_inner));
    let expected = compute(&Device::flex());
    let got = compute(&GPU.device);
    if let Some(error) = Gpu::take_error() {
        panic!("{error}");
    }
    assert_eq!(expected.len(), got.len());
    let squares: f64 = expected.iter().map(|&e| f64::from(e).powi(2)).sum();
    let scale = (squares / expected.len() as f64).sqrt();
    assert!(scale > 0.0, "the twin returns zeros only");
    for (index, (e, g)) in expected.iter().zip(&got).enumerate() {
        let error = (f64::from(*e) - f64::from(*g)).abs() / scale.max(f64::from(e.abs()));
        assert!(
            error <= tolerance,
            "element {index}: twin {e}, kernel {g}, relative error {error:e} over {tolerance:e}"
        );
    }
}

/// The twin's device and the GPU.
pub fn devices() -> [Device; 2] {
    [Device::flex(), GPU.device.clone()]
}

/// So many neighbouring invocations of the GPU are said to lie in one subgroup.
pub fn subgroup() -> u32 {
    GPU.subgroup
}

/// The variants of a product of many rows that the GPU has.
pub fn blockings() -> impl Iterator<Item = Blocking> {
    BLOCKINGS
        .into_iter()
        .filter(|&blocking| blocking != Blocking::Halves || GPU.has_f16)
}

/// Whether the GPU computes in halves.
pub fn has_f16() -> bool {
    GPU.has_f16
}

/// Runs `check` with every variant of a product of many rows, and what it may be off by.
pub fn with_each_blocking(check: impl Fn(f64)) {
    for blocking in blockings() {
        let wanted = |chosen| Tuning { blocking, ..chosen };
        with_tuning(wanted, || check(tolerance(blocking)));
    }
}

/// Bytes round x to a 32,639th of the largest of 32 columns, halves to 11 bits.
pub fn tolerance(blocking: Blocking) -> f64 {
    match blocking {
        Blocking::Neighbours | Blocking::Tiles => 1e-5,
        Blocking::Bytes => 1e-4,
        Blocking::Halves => 5e-3,
    }
}

/// Runs `check` with what `wanted` makes of the variants in use; the other tests wait.
pub fn with_tuning(wanted: impl FnOnce(Tuning) -> Tuning, check: impl Fn()) {
    let _turn = TURN.write().unwrap_or_else(PoisonError::into_inner);
    // Opening it chooses.
    LazyLock::force(&GPU);
    let before = tuning();
    set_tuning(wanted(before));
    HAS_ASKED.set(true);
    check();
    HAS_ASKED.set(false);
    set_tuning(before);
}

/// A step at slot `n_past`, with the angles of some position.
pub fn step(n_past: usize, head_dim: usize, device: &Device) -> Tensor<1, Int> {
    let angles = (0..head_dim / 2).map(|j| 0.3 + 0.7 * j as f32);
    let (cosines, sines) = angles.map(|angle| (angle.cos(), angle.sin())).unzip();
    step_at(n_past, cosines, sines, device)
}

/// A step at slot `n_past` that rotates by [`quarter_turns`].
pub fn turned_step(n_past: usize, head_dim: usize, device: &Device) -> Tensor<1, Int> {
    let (cosines, sines) = quarter_turns(head_dim / 2);
    step_at(n_past, cosines, sines, device)
}

fn step_at(n_past: usize, cosines: Vec<f32>, sines: Vec<f32>, device: &Device) -> Tensor<1, Int> {
    StepBuffer::holding(&Step::at(n_past, cosines, sines), device).words()
}

/// `n` cosines and sines of angles by which halves turn into halves.
pub fn quarter_turns(n: usize) -> (Vec<f32>, Vec<f32>) {
    let turns = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)];
    (0..n).map(|angle| turns[angle * 7 / 5 % 4]).unzip()
}

/// The numbers of a tensor.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = block_on(tensor.into_data_async()).expect("the device returns its results");
    data.iter().collect()
}

/// Random [n_rows, n_cols], at most `factor`; every number is also a half.
pub fn random_halves(size: [usize; 2], seed: u64, factor: f32, device: &Device) -> Tensor<2> {
    tensor(&halves(size, seed, factor), size, device)
}

/// The same as keys or values: in f16 on the GPU, in f32 for the twin.
pub fn kept_halves(size: [usize; 2], seed: u64, factor: f32, device: &Device) -> Tensor<2> {
    if *device == Device::flex() {
        return random_halves(size, seed, factor, device);
    }
    let halves = halves(size, seed, factor).into_iter().map(f16::from_f32);
    let data = TensorData::new(halves.collect::<Vec<f16>>(), size);
    Tensor::from_data(data, (device, DType::F16))
}

fn halves(size: [usize; 2], seed: u64, factor: f32) -> Vec<f32> {
    let numbers = random(size[0] * size[1], seed).into_iter();
    numbers
        .map(|x| f16::from_f32(x * factor).to_f32())
        .collect()
}

/// Runs `check` with halves read by arithmetic, and as the adapter converts them.
pub fn with_each_reading_of_halves(check: impl Fn()) {
    for halves in [false, true] {
        let features = |chosen: Tuning| Features {
            halves,
            ..chosen.features
        };
        let wanted = |chosen| Tuning {
            features: features(chosen),
            ..chosen
        };
        with_tuning(wanted, &check);
    }
}

/// `n` numbers in −1 … 1, the same for the same seed.
pub fn random(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| rng.f32() * 2.0 - 1.0).collect()
}

/// [n_rows, n_cols] of given numbers.
pub fn tensor(values: &[f32], [n_rows, n_cols]: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [n_rows, n_cols]), device)
}

/// Random [n_rows, n_cols].
pub fn random_tensor(size: [usize; 2], seed: u64, device: &Device) -> Tensor<2> {
    tensor(&random(size[0] * size[1], seed), size, device)
}

/// Words for the device.
pub fn words(values: &[u32], device: &Device) -> Tensor<1, Int> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::from_data(data, (device, DType::U32))
}

/// A matrix in `format`, cut into segments of at most `rows_per_segment` rows.
pub fn matrix(
    values: &[f32],
    [n_rows, n_cols]: [usize; 2],
    format: Format,
    rows_per_segment: usize,
    device: &Device,
) -> Matrix {
    let segments = values.chunks(rows_per_segment * n_cols);
    if format == Format::F32 {
        let weight = segments.map(|rows| {
            let rows = tensor(rows, [rows.len() / n_cols, n_cols], device);
            Param::initialized(ParamId::new(), rows)
        });
        return Matrix::Dense(kernels::DenseMatrix {
            weight: weight.collect(),
        });
    }
    let (mut all_words, mut all_scales) = (Vec::new(), Vec::new());
    for rows in segments {
        let layout = Layout::new(rows.len() / n_cols, n_cols, format).expect("a valid layout");
        let packed = pack_rows("test", rows, &layout).expect("finite numbers");
        let uploaded = uploaded(&packed.words, device);
        all_scales.push(match packed.scales.is_empty() {
            true => uploaded.clone(),
            false => self::uploaded(&packed.scales, device),
        });
        all_words.push(uploaded);
    }
    let param = |tensor| Param::initialized(ParamId::new(), tensor);
    Matrix::Packed(PackedMatrix {
        words: all_words.into_iter().map(param).collect(),
        scales: all_scales.into_iter().map(param).collect(),
        packing: Packing {
            format,
            n_rows,
            n_cols,
            rows_per_segment,
        },
    })
}

/// Words through the loader's own path, in two pieces.
fn uploaded(words: &[u32], device: &Device) -> Tensor<1, Int> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut upload = Upload::new(bytes.len(), device);
    let (first, second) = bytes.split_at(bytes.len() / 8 * 4);
    upload.write(first.len(), second);
    if !first.is_empty() {
        upload.write(0, first);
    }
    upload.into_words()
}
