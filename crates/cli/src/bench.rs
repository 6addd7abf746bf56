//! The kernels at the shapes of the published models, each against the adapter's own copy rate.

use std::collections::HashMap;

use ::bench::{Choice, Decode, Operation, Prefill, Product, packed_q4};
use anyhow::bail;
use generate::{Device, open_known_gpu, tuning};
use kernels::{Heads, Sampling};
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

/// Ids of the published models, and how one is chosen.
const N_ID: usize = 151_936;
const SAMPLINGS: [(&str, Sampling); 2] = [
    ("the largest", Sampling::GREEDY),
    (
        "top-k 50, top-p 0.9",
        Sampling {
            temperature: 0.7,
            top_k: 50,
            top_p: 0.9,
            repetition_penalty: 1.0,
        },
    ),
];

/// Rounds of a measurement; the median counts. What is compared takes turns, and more of them.
const N_ROUNDS: usize = 5;
const N_TURNS: usize = 15;

/// Runs are repeated until a round takes this long.
const ROUND_MILLIS: f64 = 30.0;

/// Numbers of the copied buffer.
const N_COPIED: usize = 32 << 20;

type Make = Box<dyn Fn(&Device) -> Vec<Operation>>;

/// Something to measure, and what else it is compared with.
struct Case {
    names: Vec<String>,
    /// Multiplications and additions.
    n_operation: f64,
    /// Bytes of weights, of keys and values, or of logits.
    n_byte: f64,
    /// One operation per name.
    make: Make,
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
        "{:<42} {:>10} {:>9} {:>8} {:>7} {:>9}",
        "case", "ms", "GFLOP/s", "GB/s", "of copy", "error"
    );
    let mut measured = HashMap::new();
    for case in cases() {
        if args
            .only
            .as_ref()
            .is_some_and(|only| !case.names[0].contains(only.as_str()))
        {
            continue;
        }
        let operations = (case.make)(&gpu.device);
        let mut errors = Vec::new();
        for (operation, twin) in operations.iter().zip((case.make)(&Device::flex())) {
            let got = values(operation.launch()).await?;
            errors.push(relative_error(&values(twin.launch()).await?, &got));
        }
        let medians = median_millis(&operations, &gpu.device).await?;
        for ((name, millis), error) in case.names.into_iter().zip(medians).zip(errors) {
            let rate = case.n_byte / millis / 1e6;
            println!(
                "{name:<42} {millis:>10.3} {:>9.2} {rate:>8.2} {:>6.0}% {error:>9.1e}",
                case.n_operation / millis / 1e6,
                rate / copied * 100.0,
            );
            measured.insert(name, millis);
        }
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
    let unread = of(&unread_name("3B", n_key))?;
    let token = N_LAYER_3B * (products + attention) + of("3B head, 1 row")?;
    let percent = |millis: f64| 100.0 * N_LAYER_3B * millis / token;
    Some(format!(
        "a 3B token after {n_key}: {token:.0} ms from its kernels; attention {:.1} %, reading it out {:.1} %",
        percent(attention),
        percent(attention - unread),
    ))
}

/// Of a number of a key or value.
fn kv_bytes() -> f64 {
    kernels::tuning().kv.dtype().size() as f64
}

fn decode_name(model: &str, n_key: usize) -> String {
    format!("{model} heads, 1 of {n_key} tokens")
}

fn unread_name(model: &str, n_key: usize) -> String {
    format!("{}, not read out", decode_name(model, n_key))
}

fn cases() -> Vec<Case> {
    let products = MATRICES.iter().flat_map(|&(name, size)| {
        // Of a prompt only the last row goes through the head.
        let rows = match name {
            "3B head" => &ROWS[..1],
            _ => &ROWS[..],
        };
        rows.iter().map(move |&m| Case {
            names: vec![format!("{name}, {m} row{}", if m > 1 { "s" } else { "" })],
            n_operation: 2.0 * (m * size[0] * size[1]) as f64,
            // Half a byte a weight, four bytes a group of 32.
            n_byte: (size[0] * size[1]) as f64 * (0.5 + 4.0 / 32.0),
            make: Box::new(move |device| {
                vec![Operation::Product(Box::new(product(m, size, device)))]
            }),
        })
    });
    let attention = HEADS.iter().flat_map(|&(model, heads)| {
        let decodes = KEYS.iter().map(move |&n_key| Case {
            names: vec![decode_name(model, n_key), unread_name(model, n_key)],
            n_operation: 4.0 * (heads.n_heads * heads.head_dim * n_key) as f64,
            n_byte: 2.0 * kv_bytes() * (heads.n_kv_heads * heads.head_dim * n_key) as f64,
            make: Box::new(move |device| {
                let makes: [fn(Box<Decode>) -> Operation; 2] =
                    [Operation::Decode, Operation::Unread];
                let all = makes.map(|make| make(Box::new(decode(heads, n_key, device))));
                all.into()
            }),
        });
        let n = ROWS[3];
        let prefill = Case {
            names: vec![format!("{model} heads, {n} tokens")],
            n_operation: 4.0 * (heads.n_heads * heads.head_dim * n * (n + 1) / 2) as f64,
            n_byte: 2.0 * kv_bytes() * (heads.n_kv_heads * heads.head_dim * n) as f64,
            make: Box::new(move |device| {
                let qkv = random(n * row_width(heads), 1);
                vec![Operation::Prefill(Box::new(Prefill::new(
                    qkv, heads, device,
                )))]
            }),
        };
        decodes.chain([prefill])
    });
    let choices = SAMPLINGS.iter().map(|&(name, sampling)| Case {
        names: vec![format!("{name} of {N_ID} ids")],
        n_operation: N_ID as f64,
        n_byte: 4.0 * N_ID as f64,
        make: Box::new(move |device| {
            let logits = random(N_ID, 1).into_iter().map(|logit| 20.0 * logit);
            let choice = Choice::new(logits.collect(), sampling, device);
            vec![Operation::Choice(Box::new(choice))]
        }),
    });
    products.chain(attention).chain(choices).collect()
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

/// Of the first; of others by what they take beside it, for all take turns in every round.
async fn median_millis(operations: &[Operation], device: &Device) -> anyhow::Result<Vec<f64>> {
    let n_rounds = match operations {
        [_] => N_ROUNDS,
        _ => N_TURNS,
    };
    let mut n_run = 1;
    let mut rounds = vec![Vec::new(); operations.len()];
    while rounds[0].len() < n_rounds {
        let mut millis = Vec::new();
        for operation in operations {
            let started = Instant::now();
            for _ in 0..n_run {
                drop(operation.launch());
            }
            kernels::wait(device).await?;
            millis.push(started.elapsed().as_secs_f64() * 1000.0);
        }
        if millis[0] < ROUND_MILLIS && n_run < 1000 {
            n_run *= 2;
            continue;
        }
        for (rounds, millis) in rounds.iter_mut().zip(millis) {
            rounds.push(millis / f64::from(n_run));
        }
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[n_rounds / 2]
    };
    let first = median(rounds[0].clone());
    let beside = |own: &Vec<f64>| {
        let ratios = own.iter().zip(&rounds[0]).map(|(own, first)| own / first);
        first * median(ratios.collect())
    };
    Ok(rounds.iter().map(beside).collect())
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
