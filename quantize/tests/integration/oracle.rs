//! The oracle's checkpoints, in every format, against the weights themselves and against the errors of
//! plain rounding.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{TensorView, serialize};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use tempfile::TempDir;
use weights::Format;

use crate::lookback::{manifest, tensors};
use crate::program::quantized;

/// A folder of the oracle, or `None` (said aloud) where the oracle is not at hand.
fn oracle(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracle");
    let found = root.join(path);
    if !found.exists() {
        eprintln!("skipped: no oracle at {}", found.display());
        return None;
    }
    Some(found)
}

/// Shape and numbers of every tensor of a checkpoint, under the names in its files.
fn source_tensors(dir: &Path) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let mut tensors = BTreeMap::new();
    for entry in fs::read_dir(dir).expect("folder") {
        let path = entry.expect("entry").path();
        if path
            .extension()
            .is_none_or(|extension| extension != "safetensors")
        {
            continue;
        }
        let bytes = fs::read(&path).expect("file");
        for (name, view) in SafeTensors::deserialize(&bytes)
            .expect("safetensors")
            .iter()
        {
            let numbers = match view.dtype() {
                Dtype::F32 => view
                    .data()
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                    .collect(),
                Dtype::BF16 => view
                    .data()
                    .chunks_exact(2)
                    .map(|b| f32::from_le_bytes([0, 0, b[0], b[1]]))
                    .collect(),
                other => panic!("{name} has the type {other}"),
            };
            tensors.insert(name.to_owned(), (view.shape().to_vec(), numbers));
        }
    }
    tensors
}

fn relative_rms<'a>(pairs: impl Iterator<Item = (&'a [f32], &'a [f32])>) -> f64 {
    let (mut error, mut total) = (0.0, 0.0);
    for (w, stored) in pairs {
        assert_eq!(w.len(), stored.len());
        for (&w, &stored) in w.iter().zip(stored) {
            error += f64::from(w - stored).powi(2);
            total += f64::from(w).powi(2);
        }
    }
    (error / total).sqrt()
}

/// The scopes of the oracle's README.
fn in_scope(name: &str, scope: &str) -> bool {
    let matrix = name.ends_with("proj.weight") || name.ends_with("qkv.weight");
    let text = name.starts_with("model.layers.") && matrix;
    let block = name.starts_with("visual.blocks.") && matrix;
    let merger = matches!(
        name,
        "visual.merger.mlp.0.weight" | "visual.merger.mlp.2.weight"
    );
    let embed = matches!(name, "model.embed_tokens.weight" | "lm_head.weight");
    match scope {
        "text" => text,
        "text+vision" => text || block || merger,
        _ => text || block || merger || embed,
    }
}

/// Every checkpoint in every format: complete, in the right formats, and as near as the format allows.
#[test]
fn all_formats_hold_the_weights() {
    let Some(checkpoints) = oracle("checkpoints") else {
        return;
    };
    for name in ["tiny-a", "tiny-b", "tiny-c"] {
        let source = source_tensors(&checkpoints.join(name));
        for (format, group, bound) in [
            ("f32", None, 0.0),
            ("f16", None, 5e-4),
            ("q8", Some("32"), 0.006),
            ("q8", Some("64"), 0.007),
            ("q8", Some("128"), 0.009),
            ("q4", Some("32"), 0.09),
            ("q4", Some("64"), 0.11),
            ("q4", Some("128"), 0.14),
        ] {
            let out = TempDir::new().expect("folder");
            let group = group.map_or(vec![], |group| vec!["--group", group]);
            quantized(
                &checkpoints.join(name),
                out.path(),
                &[&["--format", format], &group[..]].concat(),
            );
            let stored = tensors(out.path());
            assert!(stored.keys().eq(source.keys()), "{name} in {format}");
            for tensor in &manifest(out.path()).tensors {
                let (shape, numbers) = &source[&tensor.name];
                let matrix = shape.len() > 1;
                if tensor.name == "visual.patch_embed.proj.weight" && format == "q4" {
                    assert!(
                        matches!(tensor.format, Format::Q8 { .. }),
                        "{}",
                        tensor.format
                    );
                }
                assert_eq!(
                    tensor.format == Format::F32,
                    !matrix || format == "f32",
                    "{}",
                    tensor.name
                );
                assert_eq!(tensor.shape.iter().product::<usize>(), numbers.len());
                assert!(
                    matrix || &stored[&tensor.name] == numbers,
                    "{} is not exact",
                    tensor.name
                );
            }
            let pairs = source
                .iter()
                .map(|(name, (_, w))| (&w[..], &stored[name][..]));
            let error = relative_rms(pairs);
            assert!(error <= bound, "{name} in {format} {group:?}: {error}");
        }
    }
}

/// On tiny-b, whose weights were made to judge a quantiser, the error is at least 5 % below that of
/// asymmetric rounding with the same bits and groups, in every scope.
#[test]
fn errors_are_below_plain_rounding() {
    let Some(reference) = oracle("quant/quant_reference.json") else {
        return;
    };
    let Some(checkpoint) = oracle("checkpoints/tiny-b") else {
        return;
    };
    let reference: Value =
        serde_json::from_slice(&fs::read(reference).expect("file")).expect("json");
    let source = source_tensors(&checkpoint);
    let mut n_rows = 0;
    for bits in ["4", "8"] {
        for group in ["32", "64"] {
            let out = TempDir::new().expect("folder");
            quantized(
                &checkpoint,
                out.path(),
                &["--format", &format!("q{bits}"), "--group", group],
            );
            let stored = tensors(out.path());
            let scheme = format!("asym{bits}_g{group}");
            for row in reference["rows"].as_array().expect("rows") {
                if row["checkpoint"] != "tiny-b" || row["scheme"] != scheme.as_str() {
                    continue;
                }
                let scope = row["scope"].as_str().expect("scope");
                let names: Vec<_> = source.keys().filter(|name| in_scope(name, scope)).collect();
                assert_eq!(
                    names.len() as u64,
                    row["n_tensors"].as_u64().expect("count"),
                    "{scope}"
                );
                let pairs = names
                    .iter()
                    .map(|name| (&source[*name].1[..], &stored[*name][..]));
                let (error, plain) = (
                    relative_rms(pairs),
                    row["weight_rel_rmse"].as_f64().expect("error"),
                );
                eprintln!("{scheme} {scope}: {error:.5}, plain {plain:.5}");
                assert!(
                    error < 0.95 * plain,
                    "{scheme} {scope}: {error} against {plain}"
                );
                n_rows += 1;
            }
        }
    }
    assert_eq!(n_rows, 12);
}

/// Two runs write the same bytes, the second over the first; the report and the manifest agree.
#[test]
fn the_output_is_complete_and_repeatable() {
    let Some(checkpoint) = oracle("checkpoints/tiny-c") else {
        return;
    };
    let out = TempDir::new().expect("folder");
    let report = out.path().join("report.json");
    let out = out.path().join("model");
    let more = [
        "--name",
        "Tiny",
        "--notice",
        "For tests.",
        "--method",
        "look-back",
        "--method",
        "v1",
    ];
    let more = [&more[..], &["--report", report.to_str().expect("path")]].concat();
    let run = || -> BTreeMap<String, Vec<u8>> {
        quantized(&checkpoint, &out, &more);
        let files = fs::read_dir(&out)
            .expect("folder")
            .map(|entry| entry.expect("entry").path());
        files
            .map(|path| {
                (
                    path.file_name()
                        .expect("name")
                        .to_string_lossy()
                        .into_owned(),
                    fs::read(path).expect("file"),
                )
            })
            .collect()
    };
    let first = run();
    assert_eq!(first, run());
    let expected = [
        "chat_template.json",
        "generation_config.json",
        "manifest.json",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "weights-00000.bin",
    ];
    assert!(first.keys().eq(expected.iter()), "{:?}", first.keys());
    for name in ["tokenizer.json", "chat_template.json"] {
        assert_eq!(first[name], fs::read(checkpoint.join(name)).expect("file"));
    }
    let manifest = manifest(&out);
    assert_eq!(
        (&manifest.name[..], manifest.notice.as_deref()),
        ("Tiny", Some("For tests."))
    );
    assert_eq!(manifest.methods, ["look-back", "v1"]);
    let config: Value =
        serde_json::from_slice(&fs::read(checkpoint.join("config.json")).expect("file"))
            .expect("json");
    assert_eq!(manifest.config, config);
    assert!(manifest.tensor("lm_head.weight").is_none());
    assert_eq!(
        manifest
            .tensor("visual.patch_embed.proj.weight")
            .expect("tensor")
            .shape,
        [160, 1176]
    );

    let report: Value = serde_json::from_slice(&fs::read(report).expect("report")).expect("json");
    assert_eq!(report["bytes_out"], manifest.total_bytes());
    assert_eq!(
        report["tensors"].as_array().expect("tensors").len(),
        manifest.tensors.len()
    );
    let worst = report["worst"].as_array().expect("worst");
    assert_eq!(worst.len(), 10);
    let source = source_tensors(&checkpoint);
    let name = worst[0]["name"].as_str().expect("name");
    let error = relative_rms([(&source[name].1[..], &tensors(&out)[name][..])].into_iter());
    let reported = worst[0]["relative_rms_error"].as_f64().expect("error");
    assert!(
        (error - reported).abs() < 1e-9,
        "{name}: {error} against {reported}"
    );
}

/// The newer names, f16 numbers and a saved copy of the tied head give what the published form gives.
#[test]
fn newer_names_and_f16_numbers_make_no_difference() {
    let Some(checkpoint) = oracle("checkpoints/tiny-a") else {
        return;
    };
    let work = TempDir::new().expect("folder");
    let (old, new) = (work.path().join("old"), work.path().join("new"));
    let newer = |name: &str| match name.strip_prefix("model.") {
        Some(rest) => format!("model.language_model.{rest}"),
        None => format!("model.{name}"),
    };
    let as_is = |name: &str| name.to_owned();
    let halved = |x: f32| f16::from_f32(x);
    write_variant(
        &checkpoint,
        &old,
        as_is,
        Dtype::F32,
        |x| halved(x).to_f32().to_le_bytes().to_vec(),
        false,
    );
    write_variant(
        &checkpoint,
        &new,
        newer,
        Dtype::F16,
        |x| halved(x).to_le_bytes().to_vec(),
        true,
    );
    let (out_old, out_new) = (work.path().join("out-old"), work.path().join("out-new"));
    quantized(&old, &out_old, &["--name", "same"]);
    quantized(&new, &out_new, &["--name", "same"]);
    for name in ["manifest.json", "weights-00000.bin"] {
        assert_eq!(
            fs::read(out_old.join(name)).expect("file"),
            fs::read(out_new.join(name)).expect("file")
        );
    }
}

/// BF16 numbers are widened by a shift: a checkpoint and its widened copy give the same.
#[test]
fn bf16_numbers_are_widened_exactly() {
    let Some(checkpoint) = oracle("checkpoints/tiny-c") else {
        return;
    };
    let work = TempDir::new().expect("folder");
    let (narrow, wide) = (work.path().join("narrow"), work.path().join("wide"));
    let as_is = |name: &str| name.to_owned();
    write_variant(
        &checkpoint,
        &narrow,
        as_is,
        Dtype::BF16,
        |x| bf16::from_f32(x).to_le_bytes().to_vec(),
        false,
    );
    write_variant(
        &checkpoint,
        &wide,
        as_is,
        Dtype::F32,
        |x| x.to_le_bytes().to_vec(),
        false,
    );
    let shards = [narrow, wide].map(|input| {
        let out = input.with_extension("out");
        quantized(&input, &out, &["--format", "q8", "--group", "128"]);
        fs::read(out.join("weights-00000.bin")).expect("shard")
    });
    assert!(shards[0] == shards[1]);
}

/// Copies a checkpoint with other names and another type of numbers, and maybe a copy of the embedding
/// as `lm_head.weight`.
fn write_variant(
    from: &Path,
    to: &Path,
    rename: impl Fn(&str) -> String,
    dtype: Dtype,
    bytes: impl Fn(f32) -> Vec<u8>,
    with_head: bool,
) {
    fs::create_dir(to).expect("folder");
    for name in ["config.json", "tokenizer.json"] {
        fs::copy(from.join(name), to.join(name)).expect("copied");
    }
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, (shape, numbers)) in source_tensors(from) {
        let data: Vec<u8> = numbers.into_iter().flat_map(&bytes).collect();
        if with_head && name == "model.embed_tokens.weight" {
            tensors.push(("lm_head.weight".to_owned(), shape.clone(), data.clone()));
        }
        tensors.push((rename(&name), shape, data));
    }
    let views = tensors.iter().map(|(name, shape, data)| {
        (
            name,
            TensorView::new(dtype, shape.clone(), data).expect("view"),
        )
    });
    fs::write(
        to.join("model.safetensors"),
        serialize(views, None).expect("serialized"),
    )
    .expect("written");
}
