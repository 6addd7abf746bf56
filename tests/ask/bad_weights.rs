//! Lookback folders that cannot be used: one table of what is broken and what must be said.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::edit;
use crate::model;
use crate::program::Ask;

/// What is broken, how, words that the message must have.
type Row = (
    &'static str,
    fn(&Path) -> Result<()>,
    &'static [&'static str],
);

const MANIFEST: &str = "manifest.json";
const SHARD: &str = "weights-00000.bin";

const MANIFESTS: &[Row] = &[
    (
        "empty",
        |dir| Ok(fs::write(dir.join(MANIFEST), "")?),
        &[MANIFEST, "no manifest", "get the file again"],
    ),
    (
        "garbage",
        |dir| Ok(fs::write(dir.join(MANIFEST), b"\xFF\x00{")?),
        &[MANIFEST, "no manifest"],
    ),
    (
        "truncated",
        |dir| edit::bytes(&dir.join(MANIFEST), |file| file.truncate(9000)),
        &[MANIFEST, "no manifest"],
    ),
    (
        "deep",
        |dir| Ok(fs::write(dir.join(MANIFEST), "[".repeat(1 << 20))?),
        &[MANIFEST, "no manifest"],
    ),
    (
        "no list of tensors",
        |dir| manifest(dir, |m| edit::remove(m, "tensors")),
        &[MANIFEST, "tensors"],
    ),
    (
        "another version",
        |dir| manifest(dir, |m| m["format"] = json!("lookback-weights/2")),
        &["lookback-weights/2", "lookback-weights/1", "quantize"],
    ),
    (
        "a long version",
        |dir| manifest(dir, |m| m["format"] = json!("x".repeat(100_000))),
        &[MANIFEST, "xxx"],
    ),
    (
        "a bad hash",
        |dir| manifest(dir, |m| m["shards"][0]["chunks"][0]["sha256"] = json!("12")),
        &[SHARD, "64 hex"],
    ),
    (
        "a name outside",
        |dir| manifest(dir, |m| m["shards"][0]["file"] = json!("../../etc/passwd")),
        &["../../etc/passwd", "do not use this folder"],
    ),
    (
        "a side file outside",
        |dir| manifest(dir, |m| m["files"][0]["name"] = json!("/etc/passwd")),
        &["/etc/passwd"],
    ),
    (
        "a wrong length",
        |dir| manifest(dir, |m| m["shards"][0]["length"] = json!(4)),
        &[SHARD, "add up"],
    ),
    (
        "a huge length",
        |dir| manifest(dir, |m| m["shards"][0]["length"] = json!(u64::MAX)),
        &["shard", "at most"],
    ),
    (
        "a huge chunk",
        |dir| {
            manifest(dir, |m| {
                m["shards"][0]["length"] = json!(1_u64 << 36);
                m["shards"][0]["chunks"][0]["length"] = json!(1_u64 << 36);
            })
        },
        &[SHARD, "16777216"],
    ),
    (
        "an overlap",
        |dir| manifest(dir, |m| m["tensors"][1]["offset"] = json!(0)),
        &["input_layernorm", "overlaps"],
    ),
    (
        "an odd offset",
        |dir| manifest(dir, |m| m["tensors"][1]["offset"] = json!(36_661)),
        &["misaligned"],
    ),
    (
        "an offset that overflows",
        |dir| manifest(dir, |m| m["tensors"][79]["offset"] = json!(u64::MAX - 3)),
        &["outside"],
    ),
    (
        "another shard",
        |dir| manifest(dir, |m| m["tensors"][79]["shard"] = json!(7)),
        &["shard 7"],
    ),
    (
        "sides that overflow",
        |dir| {
            manifest(dir, |m| {
                m["tensors"][0]["shape"] = json!([u64::MAX, u64::MAX])
            })
        },
        &["model.embed_tokens.weight", "quantize"],
    ),
    (
        "another group",
        |dir| manifest(dir, |m| m["tensors"][0]["group"] = json!(48)),
        &["model.embed_tokens.weight", "48"],
    ),
    (
        "a tensor twice",
        |dir| {
            manifest(dir, |m| {
                m["tensors"][1]["name"] = m["tensors"][0]["name"].clone()
            })
        },
        &["twice"],
    ),
    (
        "a wrong shape",
        |dir| manifest(dir, |m| m["tensors"][0]["shape"] = json!([72, 611])),
        &["model.embed_tokens.weight", "quantize"],
    ),
    (
        "a shape of the same length",
        |dir| manifest(dir, |m| m["tensors"][1]["shape"] = json!([1, 72])),
        &["input_layernorm", "[1, 72]", "[72]"],
    ),
    (
        "a missing tensor",
        |dir| manifest(dir, remove_tensor),
        &["model.embed_tokens.weight", "no tensor"],
    ),
    (
        "an unsupported architecture",
        |dir| {
            manifest(dir, |m| {
                m["config"]["architectures"] = json!(["Qwen3VLForConditionalGeneration"])
            })
        },
        &[
            "Qwen3VLForConditionalGeneration",
            "only Qwen2_5_VLForConditionalGeneration",
        ],
    ),
    (
        "a config without a field",
        |dir| manifest(dir, |m| edit::remove(&mut m["config"], "rms_norm_eps")),
        &["rms_norm_eps"],
    ),
    (
        "an unknown method",
        |dir| manifest(dir, |m| m["methods"] = json!(["telepathy"])),
        &["no method telepathy"],
    ),
];

const FILES: &[Row] = &[
    (
        "first byte",
        |dir| flip(dir, |_| 0),
        &["chunk 0", SHARD, "hash", "get it again"],
    ),
    (
        "a byte in the middle",
        |dir| flip(dir, |n| n / 2),
        &["chunk 0", SHARD, "hash", "get it again"],
    ),
    (
        "last byte",
        |dir| flip(dir, |n| n - 1),
        &["chunk 0", SHARD, "hash", "get it again"],
    ),
    (
        "truncated",
        |dir| shard(dir, |file| file.truncate(1000)),
        &[SHARD, "ends after 1000 bytes", "get it again"],
    ),
    (
        "one byte short",
        |dir| shard(dir, |file| file.truncate(file.len() - 1)),
        &[SHARD, "ends after"],
    ),
    (
        "empty",
        |dir| shard(dir, Vec::clear),
        &[SHARD, "ends after 0 bytes"],
    ),
    (
        "longer",
        |dir| shard(dir, |file| file.push(0)),
        &[SHARD, "longer", "get it again"],
    ),
    (
        "missing",
        |dir| Ok(fs::remove_file(dir.join(SHARD))?),
        &[SHARD, "cannot read"],
    ),
    (
        "a side file missing",
        |dir| Ok(fs::remove_file(dir.join("tokenizer.json"))?),
        &["tokenizer.json", "cannot read"],
    ),
    (
        "a side file changed",
        |dir| edit::bytes(&dir.join("chat_template.json"), |file| file.push(b' ')),
        &["chat_template.json", "hash", "get it again"],
    ),
    (
        "no tokenizer listed",
        |dir| manifest(dir, |m| m["files"] = json!([m["files"][4].clone()])),
        &["no tokenizer.json"],
    ),
];

fn manifest(dir: &Path, change: fn(&mut Value)) -> Result<()> {
    edit::json(&dir.join(MANIFEST), change)
}

fn remove_tensor(manifest: &mut Value) {
    if let Some(tensors) = manifest["tensors"].as_array_mut() {
        tensors.remove(0);
    }
}

fn shard(dir: &Path, change: fn(&mut Vec<u8>)) -> Result<()> {
    edit::bytes(&dir.join(SHARD), change)
}

fn flip(dir: &Path, at_byte: fn(usize) -> usize) -> Result<()> {
    edit::bytes(&dir.join(SHARD), |file| {
        let at_byte = at_byte(file.len());
        file[at_byte] ^= 1;
    })
}

/// Every row on a copy of its own; all that fail are named.
fn check(rows: &[Row]) -> Result<()> {
    let model = model::quantized("q4")?;
    let mut failures = Vec::new();
    for (name, break_it, words) in rows {
        let folder = model::copy(model.path())?;
        break_it(folder.path())?;
        let ask = Ask::question(folder.path(), "How many?")?;
        if let Err(error) = ask.args(["--max-tokens", "1"]).run()?.must_fail(words) {
            failures.push(format!("{name}: {error:#}"));
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[test]
fn manifests() -> Result<()> {
    check(MANIFESTS)
}

#[test]
fn files_and_shards() -> Result<()> {
    check(FILES)
}
