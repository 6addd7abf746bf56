//! Hugging Face folders that cannot be used: one table of what is broken and what must be said.

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

const CONFIG: &[Row] = &[
    (
        "no config",
        |dir| remove(dir, "config.json"),
        &["config.json", "complete the download"],
    ),
    (
        "garbage",
        |dir| write(dir, "config.json", b"\x00\xFFnot json"),
        &["config.json"],
    ),
    (
        "no JSON",
        |dir| write(dir, "config.json", b"{\"a\":"),
        &["config.json", "not valid JSON"],
    ),
    (
        "no object",
        |dir| write(dir, "config.json", b"[]"),
        &["config.json", "JSON object"],
    ),
    (
        "unsupported architecture",
        |dir| config(dir, |c| c["architectures"] = json!(["LlamaForCausalLM"])),
        &[
            "LlamaForCausalLM",
            "only Qwen2_5_VLForConditionalGeneration",
        ],
    ),
    (
        "Qwen2-VL",
        |dir| {
            config(dir, |c| {
                c["architectures"] = json!(["Qwen2VLForConditionalGeneration"])
            })
        },
        &["Qwen2VLForConditionalGeneration", "choose"],
    ),
    (
        "no hidden_size",
        |dir| config(dir, |c| edit::remove(c, "hidden_size")),
        &["config.json", "lacks", "hidden_size"],
    ),
    (
        "no vision_config",
        |dir| config(dir, |c| edit::remove(c, "vision_config")),
        &["lacks", "vision_config"],
    ),
    (
        "no depth",
        |dir| config(dir, |c| edit::remove(&mut c["vision_config"], "depth")),
        &["vision_config", "lacks", "depth"],
    ),
    (
        "text for a number",
        |dir| config(dir, |c| c["vocab_size"] = json!("many")),
        &["vocab_size", "many"],
    ),
    (
        "zero",
        |dir| config(dir, |c| c["num_attention_heads"] = json!(0)),
        &["num_attention_heads", "integer from 1"],
    ),
    (
        "huge",
        |dir| config(dir, |c| c["num_hidden_layers"] = json!(4_000_000_000_u64)),
        &["num_hidden_layers"],
    ),
    (
        "negative",
        |dir| config(dir, |c| c["hidden_size"] = json!(-72)),
        &["hidden_size", "-72"],
    ),
    (
        "heads",
        |dir| config(dir, |c| c["num_key_value_heads"] = json!(2)),
        &["multiple of num_key_value_heads", "3 and 2"],
    ),
    (
        "quantised",
        |dir| {
            config(dir, |c| {
                c["quantization_config"] = json!({"quant_method": "awq"})
            })
        },
        &["quantization_config", "dense weights"],
    ),
    (
        "another model's",
        |dir| config(dir, |c| c["intermediate_size"] = json!(104)),
        &["mlp", "104", "config and weights"],
    ),
    (
        "one layer more",
        |dir| config(dir, |c| c["num_hidden_layers"] = json!(4)),
        &["model.layers.3", "no tensor"],
    ),
    (
        "untied",
        |dir| config(dir, |c| c["tie_word_embeddings"] = json!(false)),
        &["lm_head.weight", "no tensor"],
    ),
];

const FILES: &[Row] = &[
    (
        "no weights",
        |dir| remove(dir, WEIGHTS),
        &["neither model.safetensors nor", "give the folder"],
    ),
    (
        "no tokenizer",
        |dir| remove(dir, "tokenizer.json"),
        &["no tokenizer.json", "complete folder"],
    ),
    (
        "broken tokenizer",
        |dir| write(dir, "tokenizer.json", b"{}"),
        &["tokenizer.json", "use the file"],
    ),
    (
        "tokenizer of another model",
        foreign_tokenizer,
        &["tokenizer", "611"],
    ),
    ("no template", no_template, &["no chat template", "add"]),
    (
        "broken template",
        |dir| template(dir, "{% for m in messages %}"),
        &["chat template", "use the template"],
    ),
    (
        "template that fails",
        |dir| template(dir, "{{ messages[9].role.x }}"),
        &["chat template", "use the template"],
    ),
    (
        "template that refuses",
        |dir| template(dir, "{{ raise_exception('no') }}"),
        &["template refuses", "no"],
    ),
    (
        "endless template",
        |dir| template(dir, "{% for i in range(9999999999) %}a{% endfor %}"),
        &["chat template"],
    ),
    (
        "template without the image",
        |dir| template(dir, "Hello"),
        &["0 image placeholders for 1 images"],
    ),
    (
        "patches of another size",
        |dir| {
            json_file(dir, "preprocessor_config.json", |c| {
                c["patch_size"] = json!(16)
            })
        },
        &["preprocessor_config.json", "agree", "16"],
    ),
    (
        "deviation of zero",
        |dir| {
            json_file(dir, "preprocessor_config.json", |c| {
                c["image_std"] = json!([0, 0, 0])
            })
        },
        &["image_std", "above 0"],
    ),
    (
        "broken preprocessor",
        |dir| write(dir, "preprocessor_config.json", b"]"),
        &["preprocessor_config.json", "JSON"],
    ),
    (
        "negative temperature",
        |dir| {
            json_file(dir, "generation_config.json", |c| {
                c["temperature"] = json!(-1)
            })
        },
        &["generation_config.json", "temperature"],
    ),
    (
        "no end",
        |dir| {
            config(dir, |c| edit::remove(c, "eos_token_id"))?;
            json_file(dir, "generation_config.json", |c| {
                edit::remove(c, "eos_token_id")
            })
        },
        &["eos_token_id", "lacks"],
    ),
];

const SHARDS: &[Row] = &[
    (
        "no numbers",
        |dir| edit::fill(&dir.join(WEIGHTS), "model.norm.weight", 0xff),
        &["no number for token 1", "damaged", "again"],
    ),
    (
        "header length 2^64 - 1",
        |dir| header_length(dir, u64::MAX),
        &[WEIGHTS, "18446744073709551615", "plausible"],
    ),
    (
        "header length 2^40",
        |dir| header_length(dir, 1 << 40),
        &[WEIGHTS, "1099511627776", "plausible"],
    ),
    (
        "header longer than the file",
        |dir| header_length(dir, 90_000_000),
        &[WEIGHTS, "90000000", "download"],
    ),
    (
        "header length 0",
        |dir| header_length(dir, 0),
        &[WEIGHTS, "no list of tensors"],
    ),
    (
        "no header",
        |dir| edit::bytes(&dir.join(WEIGHTS), |file| file.truncate(5)),
        &[WEIGHTS, "download"],
    ),
    (
        "empty",
        |dir| write(dir, WEIGHTS, b""),
        &[WEIGHTS, "download"],
    ),
    (
        "garbage for a header",
        |dir| edit::bytes(&dir.join(WEIGHTS), |file| file[8..64].fill(b'x')),
        &[WEIGHTS, "no list"],
    ),
    (
        "truncated",
        |dir| edit::bytes(&dir.join(WEIGHTS), |file| file.truncate(600_000)),
        &[WEIGHTS, "621000", "600000"],
    ),
    (
        "longer",
        |dir| edit::bytes(&dir.join(WEIGHTS), |file| file.push(0)),
        &[WEIGHTS, "621000", "621001"],
    ),
    (
        "integers",
        |dir| header(dir, |h| h["model.norm.weight"]["dtype"] = json!("I16")),
        &["model.norm.weight", "I16", "BF16"],
    ),
    (
        "another width",
        |dir| header(dir, |h| h["model.norm.weight"]["dtype"] = json!("F32")),
        &[WEIGHTS, "no list"],
    ),
    (
        "sides swapped",
        |dir| header(dir, |h| h[GATE]["shape"] = json!([72, 100])),
        &[GATE, "[72, 100]", "[100, 72]"],
    ),
    (
        "a vector as a matrix",
        |dir| header(dir, |h| h["model.norm.weight"]["shape"] = json!([72, 1])),
        &["model.norm.weight", "[72, 1]", "[72]"],
    ),
    (
        "sides that overflow",
        |dir| header(dir, |h| h[GATE]["shape"] = json!([u64::MAX, u64::MAX])),
        &[WEIGHTS, "no list"],
    ),
    (
        "bytes beyond the file",
        |dir| header(dir, |h| h[GATE]["data_offsets"][1] = json!(u64::MAX)),
        &[WEIGHTS, "no list"],
    ),
    (
        "a tensor missing",
        rename_norm,
        &["model.norm.weight", "no tensor"],
    ),
];

const INDEXED: &[Row] = &[
    (
        "a shard missing",
        |dir| remove(dir, SECOND),
        &[SECOND, "complete the download"],
    ),
    (
        "a shard truncated",
        |dir| edit::bytes(&dir.join(SECOND), |file| file.truncate(9000)),
        &[SECOND, "9000"],
    ),
    (
        "broken index",
        |dir| write(dir, INDEX, b"{\"weight_map\": 3}"),
        &[INDEX, "weight_map"],
    ),
    (
        "a shard outside",
        |dir| {
            json_file(dir, INDEX, |i| {
                i["weight_map"]["lm_head.weight"] = json!("../../etc/passwd")
            })
        },
        &[INDEX, "not a plain file name"],
    ),
    (
        "a tensor in the wrong shard",
        |dir| {
            json_file(dir, INDEX, |i| {
                i["weight_map"]["lm_head.weight"] = json!(SECOND)
            })
        },
        &["lm_head.weight", SECOND],
    ),
    (
        "a tensor left out",
        |dir| {
            json_file(dir, INDEX, |i| {
                edit::remove(&mut i["weight_map"], "lm_head.weight")
            })
        },
        &["lm_head.weight", "no tensor"],
    ),
];

const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const SECOND: &str = "model-00002-of-00002.safetensors";
const GATE: &str = "model.layers.0.mlp.gate_proj.weight";

fn remove(dir: &Path, name: &str) -> Result<()> {
    Ok(fs::remove_file(dir.join(name))?)
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    Ok(fs::write(dir.join(name), bytes)?)
}

fn json_file(dir: &Path, name: &str, change: fn(&mut Value)) -> Result<()> {
    edit::json(&dir.join(name), change)
}

fn config(dir: &Path, change: fn(&mut Value)) -> Result<()> {
    json_file(dir, "config.json", change)
}

fn header(dir: &Path, change: fn(&mut Value)) -> Result<()> {
    edit::header(&dir.join(WEIGHTS), change)
}

fn header_length(dir: &Path, n_bytes: u64) -> Result<()> {
    edit::bytes(&dir.join(WEIGHTS), |file| {
        file[..8].copy_from_slice(&n_bytes.to_le_bytes())
    })
}

fn rename_norm(dir: &Path) -> Result<()> {
    header(dir, |header| {
        header["model.norm.heavy"] = header["model.norm.weight"].clone();
        edit::remove(header, "model.norm.weight");
    })
}

/// A tokenizer with more ids than the embedding has rows, 611.
fn foreign_tokenizer(dir: &Path) -> Result<()> {
    json_file(dir, "tokenizer.json", |tokenizer| {
        let Some(tokens) = tokenizer["added_tokens"].as_array_mut() else {
            return;
        };
        let Some(last) = tokens.last().cloned() else {
            return;
        };
        for id in (0..700).filter(|id| Some(*id) > last["id"].as_u64()) {
            let mut token = last.clone();
            token["id"] = json!(id);
            token["content"] = json!(format!("<|extra {id}|>"));
            tokens.push(token);
        }
    })
}

fn no_template(dir: &Path) -> Result<()> {
    remove(dir, "chat_template.json")?;
    let file = dir.join("tokenizer_config.json");
    let settings: Value = serde_json::from_slice(&fs::read(&file)?)?;
    if settings.get("chat_template").is_some() {
        edit::json(&file, |settings| edit::remove(settings, "chat_template"))?;
    }
    Ok(())
}

fn template(dir: &Path, text: &str) -> Result<()> {
    edit::json(&dir.join("chat_template.json"), |file| {
        file["chat_template"] = json!(text)
    })
}

/// Every row on a copy of its own; all that fail are named.
fn check(model: &Path, rows: &[Row]) -> Result<()> {
    let mut failures = Vec::new();
    for (name, break_it, words) in rows {
        let folder = model::copy(model)?;
        break_it(folder.path())?;
        let ask = Ask::question(folder.path(), "How many?")?.args(["--max-tokens", "1"]);
        let run = ask.image(&crate::program::image("pixel_1x1.png")).run()?;
        if let Err(error) = run.must_fail(words) {
            failures.push(format!("{name}: {error:#}"));
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[test]
fn configs() -> Result<()> {
    check(&model::tied(), CONFIG)
}

#[test]
fn side_files() -> Result<()> {
    check(&model::tied(), FILES)
}

#[test]
fn weight_files() -> Result<()> {
    check(&model::tied(), SHARDS)
}

#[test]
fn indexed_weight_files() -> Result<()> {
    check(&model::untied(), INDEXED)
}
