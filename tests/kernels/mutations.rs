//! Every kernel is broken on purpose, in a process of its own: the tests of that kernel must notice.

use std::env;
use std::num::NonZero;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use kernels::Mutation;
use tests::{Variant, variants};

use crate::bench::{has_f16, subgroup};
use crate::wgsl::valid;

/// Kernel, the tests that judge it, what is replaced and by what.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const FAULTS: &[Fault] = &[
    (
        "AttentionDecode",
        "attention_decode",
        "n_past + 1u - first_slot)",
        "n_past - first_slot)",
    ),
    (
        "AttentionDecode",
        "attention_decode",
        "query[0] * bitcast<f32>(p.scale_bits)",
        "query[0]",
    ),
    (
        "AttentionDecode",
        "attention_decode",
        "return vec4<f32>(halves(value.x), halves(value.y));",
        "return vec4<f32>(halves(value.x), halves(value.x));",
    ),
    (
        "AttentionDecode",
        "attention_decode",
        "slot / 64u * p.n_kv_heads",
        "slot / 64u * p.n_heads",
    ),
    (
        "AttentionDecode",
        "attention_decode",
        "max(maximum, sh_eighths[lane * 8u + i])",
        "max(maximum, sh_eighths[lane * 8u])",
    ),
    (
        "AttentionDecode",
        "attention_decode",
        "sum += sh_eighths[lane * 8u + i]",
        "sum += sh_eighths[lane * 8u]",
    ),
    ("AttentionMerge", "attention_merge", "sum / total;", "sum;"),
    (
        "AttentionMerge",
        "attention_merge",
        "return mean / f32(N_HEADS);",
        "return mean;",
    ),
    (
        "AttentionMerge",
        "attention_merge",
        "vec4<u32>(0u, 64u, 128u, 192u)",
        "vec4<u32>(0u, 64u, 64u, 192u)",
    ),
    (
        "AttentionMerge",
        "attention_merge",
        "if (slots[i] <= n_past) {",
        "if (slots[i] < n_past) {",
    ),
    (
        "AttentionMerge",
        "attention_merge",
        "maximum = max(maximum, sh_numbers[i]);",
        "",
    ),
    (
        "AttentionMerge",
        "attention_merge",
        "(first + chunk + i) * PARTS",
        "(first + i) * PARTS",
    ),
    (
        "AttentionMerge",
        "attention_merge",
        "b += SHARERS) {\n        let block",
        "b += SHARERS + 1u) {\n        let block",
    ),
    (
        "AttentionMerge",
        "attention_merge",
        "sh_contexts[part * N_VEC4 + lane]",
        "sh_contexts[lane]",
    ),
    (
        "AttentionPrefill",
        "attention_prefill",
        "step[0] + row + 1u",
        "step[0] + row",
    ),
    (
        "AttentionPrefill",
        "attention_prefill",
        "qkv[at] * bitcast<f32>(p.scale_bits)",
        "qkv[at]",
    ),
    (
        "AttentionPrefill",
        "attention_prefill",
        "slot / 64u * p.n_kv_heads",
        "slot / 64u * p.n_heads",
    ),
    (
        "AttentionPrefill",
        "attention_prefill",
        "low = decayed(low, decay);",
        "",
    ),
    (
        "AttentionPrefill",
        "attention_prefill",
        "score3 = select(NEVER, score3, is_seen3);",
        "",
    ),
    (
        "AttentionWindow",
        "attention_window",
        "return borders[row];",
        "return borders[row] + vec2<u32>(1u, 0u);",
    ),
    (
        "AttentionWindow",
        "attention_window",
        "* 3u + part",
        "* 2u + part",
    ),
    (
        "AttentionWindow",
        "attention_window",
        "high = decayed(high, decay);",
        "",
    ),
    (
        "AttentionWindow",
        "attention_window",
        "total += parts(t * ROWS + lane);",
        "total = parts(t * ROWS + lane);",
    ),
    (
        "Embedding",
        "embedding",
        "weights8(row - p.first_row, block)",
        "weights8(row, block)",
    ),
    (
        "Embedding",
        "embedding",
        "(row - IMAGE) * p.n_cols",
        "(row - IMAGE) * p.n_blocks",
    ),
    ("Gelu", "gelu", "0.5 * x[i]", "x[i]"),
    ("Gelu", "gelu", "select(2.0 - r, r, z >= 0.0)", "r"),
    (
        "Matmul",
        "matmul",
        "scale.x * part + scale.y * x.total",
        "scale.x * part + scale.y",
    ),
    ("Matmul", "matmul", "k / 8u + 3u", "k / 8u + 2u"),
    (
        "Matmul",
        "matmul",
        "min(ROWS, p.n_rows - first_row)",
        "min(ROWS, p.n_rows - 1u - first_row)",
    ),
    (
        "Matmul",
        "matmul",
        "x1 = tile(lane + 4u * LANES)",
        "x1 = tile(lane)",
    ),
    ("Matmul", "matmul", "column % 4u * 4u", "column % 8u * 4u"),
    ("Matmul", "matmul", "sum += bias[row];", "sum += bias[0];"),
    (
        "Matvec",
        "matvec",
        "scale.x * dot_quad(w, x)",
        "dot_quad(w, x)",
    ),
    (
        "Matvec",
        "tuning",
        "subgroupShuffleXor(sum, stride)",
        "subgroupShuffleXor(sum, 1u)",
    ),
    (
        "Matvec",
        "tuning",
        "part < LANES / WIDTH",
        "part + 1u < LANES / WIDTH",
    ),
    (
        "Matvec",
        "tuning",
        "stride = LANES / 2u",
        "stride = LANES / 4u",
    ),
    (
        "MatvecGated",
        "tuning",
        "i * N_WIDTHS + local / WIDTH",
        "local / WIDTH",
    ),
    ("MatmulBytes", "matmul", "d *= 256;", ""),
    (
        "MatmulBytes",
        "matmul",
        "word / 2u * 8u + at * 2u + word % 2u",
        "word * 4u + at",
    ),
    (
        "MatmulBytes",
        "matmul",
        "(steps + 128) >> 8u",
        "steps >> 8u",
    ),
    (
        "MatmulBytes",
        "matmul",
        "select(0.0, 128.0, FORMAT == 2u)",
        "select(0.0, 127.0, FORMAT == 2u)",
    ),
    (
        "MatmulBytes",
        "matmul",
        "k + half_row * 16u",
        "k + half_row * 8u",
    ),
    (
        "MatmulHalves",
        "matmul",
        "vec4<f32>(codes) - centre",
        "vec4<f32>(codes) - centre + 1.0",
    ),
    ("MatmulHalves", "matmul", "sh_w[at + 3u]", "sh_w[at + 2u]"),
    ("MatmulHalves", "matmul", "(all[2] + all[3])", "all[2]"),
    (
        "MatmulHalves",
        "matmul",
        "b.x * steps * sums[1]",
        "a.x * steps * sums[1]",
    ),
    (
        "MatmulTile",
        "matmul",
        "far_x += outer(x_far, w_near)",
        "far_x += outer(x_near, w_near)",
    ),
    (
        "MatmulTile",
        "matmul",
        "row < p.n_rows && block * 8u < p.n_cols",
        "row + 1u < p.n_rows && block * 8u < p.n_cols",
    ),
    (
        "MatmulTile",
        "matmul",
        "w.low * scale.x + scale.y",
        "w.low * scale.x",
    ),
    (
        "Matmul",
        "tuning",
        "return unpack2x16float(word);",
        "return unpack2x16float(word).yx;",
    ),
    (
        "Matvec",
        "matvec",
        "UNIT_COLUMNS / GROUP;",
        "UNIT_COLUMNS / GROUP / 2u;",
    ),
    (
        "Matvec",
        "matvec",
        "sums[SQUARES] / f32(p.n_cols)",
        "sums[SQUARES] / f32(p.n_rows)",
    ),
    (
        "Matvec",
        "matvec",
        "row * (p.words_per_row / 4u)",
        "row * (p.words_per_row / 8u)",
    ),
    (
        "Matvec",
        "tuning",
        "scale.x * part + scale.y * sum",
        "scale.x * part + sum",
    ),
    (
        "Matvec",
        "tuning",
        "nibbles(w >> 16u), x.b);",
        "nibbles(w), x.b);",
    ),
    (
        "Matvec",
        "matvec",
        "vec4<f32>(1.0, 0.0625, 0.00390625, 0.000244140625)",
        "vec4<f32>(1.0, 0.0625, 0.00390625, 0.00390625)",
    ),
    ("MatvecGated", "matvec_gated", "exp(-gate)", "exp(gate)"),
    (
        "MatvecGated",
        "matvec_gated",
        "up_scales[scale]",
        "gate_scales[scale]",
    ),
    (
        "Mrope",
        "mrope",
        "pack2x16float(kept.zw)",
        "pack2x16float(kept.xy)",
    ),
    (
        "Mrope",
        "mrope",
        "clamp(value, -LARGEST, LARGEST)",
        "value * 1.5",
    ),
    ("Mrope", "mrope", "a * c - b * s", "a * c + b * s"),
    ("Mrope", "mrope", "64u + slot % 64u;", "64u + slot % 32u;"),
    (
        "Mrope",
        "mrope",
        "let slot = step[0] + row;",
        "let slot = row;",
    ),
    ("Norm", "norm", "(x[row + k] * factor)", "x[row + k]"),
    ("Norm", "norm", "stride = 32u", "stride = 16u"),
    ("Readout", "readout", "* 255.0 + 0.5", "* 255.0"),
    ("Readout", "readout", "step[0] / 64u + 1u", "step[0] / 64u"),
    ("Rope", "rope", "b * c + a * s", "b * c - a * s"),
    (
        "Sample",
        "sample",
        "select(logit * penalty, logit / penalty",
        "select(logit / penalty, logit * penalty",
    ),
    ("Sample", "sample", "top_p * mass(", "mass("),
    ("Sample", "sample", " - log(sum)", ""),
    (
        "Sample",
        "sample",
        "tokens[step[0] + 1u] = id;",
        "tokens[step[0]] = id;",
    ),
    (
        "Scan",
        "scan",
        "sum * exp(maximum - raised) + exp(logit - raised)",
        "sum + exp(logit - raised)",
    ),
    ("Scan", "scan", "sh_id[i] < best_id", "sh_id[i] > best_id"),
    (
        "Swiglu",
        "swiglu",
        "(1.0 + exp(-gate)) * up",
        "(1.0 + exp(-gate))",
    ),
];

/// Number of the fault that a process is to have.
const FAULT: &str = "LOOKBACK_FAULT";

/// Puts in the fault that this process is to have; before the first kernel is compiled.
pub fn apply() {
    let index = env::var(FAULT)
        .ok()
        .and_then(|index| index.parse::<usize>().ok());
    if let Some((kernel, _, from, to)) = index.and_then(|index| FAULTS.get(index)) {
        let [kernel, from, to] = [kernel, from, to].map(|text| (*text).to_owned());
        kernels::mutate(Mutation { kernel, from, to });
    }
}

#[test]
fn every_fault_is_noticed() {
    if env::var_os(FAULT).is_some() {
        return;
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let faults = std::iter::from_fn(|| {
            let index = next.fetch_add(1, Ordering::Relaxed);
            Some((index, FAULTS.get(index)?))
        });
        faults
            .filter(|(_, fault)| subgroup() > 1 || !is_of(fault, |variant| variant.uses_subgroups))
            .filter(|(_, fault)| has_f16() || !is_of(fault, |variant| variant.uses_f16))
            .filter(|(index, fault)| !is_noticed(*index, fault))
            .collect::<Vec<_>>()
    };
    let n_workers = thread::available_parallelism().map_or(1, NonZero::get);
    let unnoticed: Vec<(usize, &Fault)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..n_workers).map(|_| scope.spawn(worker)).collect();
        let found = workers
            .into_iter()
            .map(|worker| worker.join().expect("the faults are tried"));
        found.flatten().collect()
    });
    assert!(unnoticed.is_empty(), "no test noticed {unnoticed:#?}");
}

/// Whether only texts that ask for something, which an adapter without it never sees, contain the fault.
fn is_of((kernel, _, from, _): &Fault, asks: impl Fn(&Variant) -> bool) -> bool {
    let mut with = variants().into_iter().filter(|variant| {
        variant.name.split(' ').next() == Some(kernel) && variant.text.contains(from)
    });
    with.all(|variant| asks(&variant))
}

fn is_noticed(index: usize, (_, tests, ..): &Fault) -> bool {
    let run = Command::new(env::current_exe().expect("this test's own path"))
        .args([&format!("{tests}::"), "--test-threads=1"])
        .env(FAULT, index.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // What a failed test ends with; a signal or a refused device would say nothing about the kernel.
    run.expect("the tests begin").code() == Some(101)
}

/// Without a fault the same processes find nothing.
#[test]
fn no_fault_is_not_noticed() {
    if env::var_os(FAULT).is_some() {
        return;
    }
    let sound = ("", "attention_window", "", "");
    assert!(!is_noticed(FAULTS.len(), &sound));
}

/// A text that no compiler takes would be noticed, and say nothing about the tests.
#[test]
fn every_fault_is_a_kernel() {
    for (kernel, _, from, to) in FAULTS {
        let prefix = format!("{kernel} {{");
        let variants = variants();
        let mut found = variants.iter().filter(|variant| {
            (variant.name == *kernel || variant.name.starts_with(&prefix))
                && variant.text.contains(from)
        });
        let variant = found
            .next()
            .unwrap_or_else(|| panic!("{kernel} does not contain {from:?}"));
        valid(kernel, &variant.text.replace(from, to));
    }
}

/// Every kernel there is has a fault in the list.
#[test]
fn every_kernel_is_broken() {
    for variant in variants() {
        let name = variant.name.split(' ').next().unwrap_or_default();
        assert!(
            FAULTS.iter().any(|(kernel, ..)| *kernel == name),
            "{name} is never broken"
        );
    }
}
