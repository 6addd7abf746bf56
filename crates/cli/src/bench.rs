//! The kernels at the shapes of the published models, each against the adapter's own copy rate.

use std::collections::HashMap;

use ::bench::{Decode, Operation, Prefill, Product, packed_q4};
use anyhow::bail;
use generate::{Device, open_known_gpu, tuning};
use kernels::{Heads, KvFormat};
use web_time::Instant;

use crate::{args::BenchArgs, variants::try_gpu};

/// Heads of Qwen2.5-VL-3B and of the 7B.
const HEADS: [(&str, Heads); 2] = [
    (
        "3B",
        Heads {
            n_heads: 16,
            n_kv_heads: 2,
            head_dim: 128,
        },
    ),
    (
        "7B",
        Heads {
            n_heads: 28,
            n_kv_heads: 4,
            head_dim: 128,
        },
    ),
];

/// Rows and columns of weights.
const MATRICES: [(&str, [usize; 2]); 6] = [
    ("3B qkv", [2560, 2048]),
    ("3B o", [2048, 2048]),
    ("3B up", [11008, 2048]),
    ("3B down", [2048, 11008]),
    ("3B head", [151_936, 2048]),
    ("7B up", [18944, 3584]),
];

/// Rows of input: a token, a short batch, two lengths of a prompt.
const ROWS: [usize; 4] = [1, 8, 64, 256];

/// Tokens in the cache.
const KEYS: [usize; 4] = [256, 512, 2048, 8192];

/// Layers of Qwen2.5-VL-3B, and how often a layer runs through a matrix; gate and up are of one size.
const N_LAYER_3B: f64 = 36.0;
const LAYER_3B: [(&str, f64); 4] = [
    ("3B qkv, 1 row", 1.0),
    ("3B o, 1 row", 1.0),
    ("3B up, 1 row", 2.0),
    ("3B down, 1 row", 1.0),
];

/// Rounds of a measurement; the median counts.
const N_ROUNDS: usize = 5;

/// Runs are repeated until a round takes this long.
const ROUND_MILLIS: f64 = 30.0;

/// Numbers of the copied buffer.
const N_COPIED: usize = 32 << 20;

struct Case {
    name: String,
    /// Multiplications and additions.
    n_operation: f64,
    /// Bytes of weights, or of keys and values.
    n_byte: f64,
    make: Box<dyn Fn(&Device) -> Operation>,
}

/// Prints a table, one line per case.
pub async fn bench(args: &BenchArgs) -> anyhow::Result<()> {
    let gpu = match &args.variants {
        Some(wanted) => open_known_gpu(|_| wanted.clone()).await?,
        None => try_gpu().await?,
    };
    let variants = tuning();
    if let Some(wanted) = args.variants.as_ref().filter(|&wanted| *wanted != variants) {
        bail!(
            "this adapter does not know the variants {wanted:?}, or computes something else with them; they look like {variants:?}"
        );
    }
    println!("{}, variants {variants}", gpu.adapter);
    let copied = copy_rate(&gpu.device).await?;
    println!(
        "copy of {} MB: {copied:.1} GB/s read and written\n",
        N_COPIED * 4 / 1_000_000
    );
    println!(
        "{:<26} {:>10} {:>9} {:>8} {:>7} {:>9}",
        "case", "ms", "GFLOP/s", "GB/s", "of copy", "error"
    );
    let mut measured = HashMap::new();
    for case in cases() {
        if args
            .only
            .as_ref()
            .is_some_and(|only| !case.name.contains(only.as_str()))
        {
            continue;
        }
        let operation = (case.make)(&gpu.device);
        let got = values(operation.launch()).await?;
        let expected = values((case.make)(&Device::flex()).launch()).await?;
        let millis = median_millis(&operation, &gpu.device).await?;
        let rate = case.n_byte / millis / 1e6;
        println!(
            "{:<26} {millis:>10.3} {:>9.2} {rate:>8.2} {:>6.0}% {:>9.1e}",
            case.name,
            case.n_operation / millis / 1e6,
            rate / copied * 100.0,
            relative_error(&expected, &got),
        );
        measured.insert(case.name, millis);
    }
    for n_key in KEYS {
        if let Some(token) = token_of_3b(&measured, n_key) {
            println!("{token}");
        }
    }
    Ok(())
}

/// A token of the 3B model as the sum of its large kernels, where all of them were measured.
fn token_of_3b(measured: &HashMap<String, f64>, n_key: usize) -> Option<String> {
    let of = |name: &str| measured.get(name).copied();
    let products = LAYER_3B.map(|(name, times)| of(name).map(|millis| times * millis));
    let products: f64 = products.into_iter().sum::<Option<f64>>()?;
    let attention = of(&decode_name("3B", n_key))?;
    let blocks = of(&blocks_name("3B", n_key))?;
    let token = N_LAYER_3B * (products + attention) + of("3B head, 1 row")?;
    let percent = |millis: f64| 100.0 * N_LAYER_3B * millis / token;
    Some(format!(
        "a 3B token after {n_key}: {token:.0} ms from its kernels; attention {:.1} %, of which putting blocks together \
         and reading them out {:.1} %",
        percent(attention),
        percent((attention - blocks).max(0.0)),
    ))
}

/// Of a number of a key or value.
fn kv_bytes() -> f64 {
    match kernels::tuning().kv {
        KvFormat::F32 => 4.0,
        KvFormat::F16 => 2.0,
    }
}

fn decode_name(model: &str, n_key: usize) -> String {
    format!("{model} heads, 1 of {n_key} tokens")
}

fn blocks_name(model: &str, n_key: usize) -> String {
    format!("{model} blocks, 1 of {n_key} tokens")
}

fn cases() -> Vec<Case> {
    let products = MATRICES.iter().flat_map(|&(name, size)| {
        // Of a prompt only the last row goes through the head.
        let rows = match name {
            "3B head" => &ROWS[..1],
            _ => &ROWS[..],
        };
        rows.iter().map(move |&m| Case {
            name: format!("{name}, {m} row{}", if m > 1 { "s" } else { "" }),
            n_operation: 2.0 * (m * size[0] * size[1]) as f64,
            // Half a byte a weight, four bytes a group of 32.
            n_byte: (size[0] * size[1]) as f64 * (0.5 + 4.0 / 32.0),
            make: Box::new(move |device| Operation::Product(Box::new(product(m, size, device)))),
        })
    });
    let attention = HEADS.iter().flat_map(|&(model, heads)| {
        let decodes = KEYS.iter().flat_map(move |&n_key| {
            let case = move |name: String, make: fn(Box<Decode>) -> Operation| Case {
                name,
                n_operation: 4.0 * (heads.n_heads * heads.head_dim * n_key) as f64,
                n_byte: 2.0 * kv_bytes() * (heads.n_kv_heads * heads.head_dim * n_key) as f64,
                make: Box::new(move |device| make(Box::new(decode(heads, n_key, device)))),
            };
            [
                case(decode_name(model, n_key), Operation::Decode),
                case(blocks_name(model, n_key), Operation::Blocks),
            ]
        });
        let n = ROWS[3];
        let prefill = Case {
            name: format!("{model} heads, {n} tokens"),
            n_operation: 4.0 * (heads.n_heads * heads.head_dim * n * (n + 1) / 2) as f64,
            n_byte: 2.0 * kv_bytes() * (heads.n_kv_heads * heads.head_dim * n) as f64,
            make: Box::new(move |device| {
                let qkv = random(n * row_width(heads), 1);
                Operation::Prefill(Box::new(Prefill::new(qkv, heads, device)))
            }),
        };
        decodes.chain([prefill])
    });
    products.chain(attention).collect()
}

fn product(m: usize, [n_rows, n_cols]: [usize; 2], device: &Device) -> Product {
    let mut dice = fastrand::Rng::with_seed(1);
    let words: Vec<u32> = (0..n_rows * n_cols / 8).map(|_| dice.u32(..)).collect();
    let scales: Vec<f32> = (0..n_rows * n_cols / 32)
        .map(|_| 0.01 + 0.01 * dice.f32())
        .collect();
    let x = random(m * n_cols, 2);
    Product::new(&words, &packed_q4(&scales), x, [n_rows, n_cols], device)
}

fn decode(heads: Heads, n_key: usize, device: &Device) -> Decode {
    let width = heads.n_kv_heads * heads.head_dim;
    let past = |seed| random((n_key - 1) * width, seed);
    Decode::new(
        random(row_width(heads), 1),
        &past(2),
        &past(3),
        heads,
        device,
    )
}

fn row_width(heads: Heads) -> usize {
    (heads.n_heads + 2 * heads.n_kv_heads) * heads.head_dim
}

fn random(n: usize, seed: u64) -> Vec<f32> {
    let mut dice = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| dice.f32() * 2.0 - 1.0).collect()
}

async fn values(tensor: burn::tensor::Tensor<2>) -> anyhow::Result<Vec<f32>> {
    let data = tensor.into_data_async().await?;
    Ok(data.try_to_vec()?)
}

async fn median_millis(operation: &Operation, device: &Device) -> anyhow::Result<f64> {
    let mut n_run = 1;
    let mut rounds = Vec::new();
    while rounds.len() < N_ROUNDS {
        let started = Instant::now();
        for _ in 0..n_run {
            drop(operation.launch());
        }
        kernels::wait(device).await?;
        let millis = started.elapsed().as_secs_f64() * 1000.0;
        if millis < ROUND_MILLIS && n_run < 1000 {
            n_run *= 2;
        } else {
            rounds.push(millis / f64::from(n_run));
        }
    }
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[N_ROUNDS / 2])
}

/// GB/s read and written by the simplest of kernels.
async fn copy_rate(device: &Device) -> anyhow::Result<f64> {
    let source = burn::tensor::Tensor::<1>::ones([N_COPIED], device);
    let mut fastest_millis = f64::INFINITY;
    for _ in 0..N_ROUNDS {
        kernels::wait(device).await?;
        let started = Instant::now();
        let copy = source.clone().add_scalar(1.0);
        kernels::wait(device).await?;
        fastest_millis = fastest_millis.min(started.elapsed().as_secs_f64() * 1000.0);
        drop(copy);
    }
    Ok(8.0 * N_COPIED as f64 / fastest_millis / 1e6)
}

/// Root of the mean squared error by that of the expected numbers.
fn relative_error(expected: &[f32], got: &[f32]) -> f64 {
    let square = |value: f64| value * value;
    let errors = expected.iter().zip(got);
    let error: f64 = errors.map(|(e, g)| square(f64::from(e - g))).sum();
    let size: f64 = expected.iter().map(|&e| square(f64::from(e))).sum();
    (error / size).sqrt()
}
