//! `generate::Loader` and `Generator` in this process: whatever is fed to them, an error and never a panic.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use futures_lite::future::block_on;
use generate::{Device, Error, Generator, Loader, Target};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trace::{Event, ImageFile};

use crate::model;
use crate::program::image;

/// A Lookback folder in memory.
#[derive(Clone)]
struct Folder {
    manifest: Value,
    files: Vec<(String, Vec<u8>)>,
    shards: Vec<Vec<u8>>,
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Folder {
    /// The tied checkpoint in q4, as two shards in chunks of 4000 bytes: a real one has several of both.
    fn small_chunks() -> Result<Self> {
        let dir = model::quantized("q4")?;
        let mut manifest: Value =
            serde_json::from_slice(&fs::read(dir.path().join("manifest.json"))?)?;
        let whole = fs::read(dir.path().join("weights-00000.bin"))?;
        let tensors = manifest["tensors"].as_array_mut().context("no tensors")?;
        let second = tensors.len() / 2;
        let border = tensors[second]["offset"].as_u64().context("no offset")?;
        for tensor in &mut tensors[second..] {
            tensor["shard"] = json!(1);
            tensor["offset"] = json!(tensor["offset"].as_u64().context("no offset")? - border);
        }
        let (first, rest) = whole.split_at(border as usize);
        let shards = vec![first.to_vec(), rest.to_vec()];
        manifest["shards"] = shards.iter().enumerate().map(described).collect();
        let names = manifest["files"].as_array().context("no files")?.iter();
        let names = names.filter_map(|file| file["name"].as_str());
        let read = |name: &str| Ok((name.to_owned(), fs::read(dir.path().join(name))?));
        let files = names.map(read).collect::<Result<_>>()?;
        Ok(Self {
            manifest,
            files,
            shards,
        })
    }

    fn loader(&self) -> Result<Loader, Error> {
        Loader::new(
            self.manifest.to_string().as_bytes(),
            Target::Cpu(Device::flex()),
        )
    }

    /// Loads it in pieces of random length.
    fn load(&self, random: &mut Rng) -> Result<Generator, Error> {
        let mut loader = self.loader()?;
        for (name, bytes) in &self.files {
            loader.add_file(name, bytes.clone())?;
        }
        for shard in &self.shards {
            push(&mut loader, shard, random)?;
            loader.end_shard()?;
        }
        block_on(loader.finish())
    }

    /// Changes a side file, and its hash with it.
    fn edit_file(&mut self, name: &str, change: impl FnOnce(&mut Value)) -> Result<()> {
        let at = self
            .files
            .iter()
            .position(|file| file.0 == name)
            .context("no such file")?;
        let mut value: Value = serde_json::from_slice(&self.files[at].1)?;
        change(&mut value);
        self.files[at].1 = value.to_string().into_bytes();
        self.manifest["files"][at]["sha256"] = json!(hash(&self.files[at].1));
        self.manifest["files"][at]["length"] = json!(self.files[at].1.len());
        Ok(())
    }
}

fn described((index, shard): (usize, &Vec<u8>)) -> Value {
    let chunks = shard.chunks(4000);
    let chunk = |bytes: &[u8]| json!({ "length": bytes.len(), "sha256": hash(bytes) });
    let chunks: Vec<Value> = chunks.map(chunk).collect();
    json!({ "file": format!("weights-{index:05}.bin"), "length": shard.len(), "chunks": chunks })
}

fn push(loader: &mut Loader, mut bytes: &[u8], random: &mut Rng) -> Result<(), Error> {
    while !bytes.is_empty() {
        let longest = [1, 100, 4000, 50_000][random.usize(..4)];
        let (piece, rest) = bytes.split_at(random.usize(..=longest).min(bytes.len()));
        loader.push(piece)?;
        bytes = rest;
    }
    Ok(())
}

fn question(text: &str) -> Result<trace::Ask> {
    Ok(trace::Ask {
        question: text.to_owned(),
        method: "plain".to_owned(),
        images: vec![ImageFile {
            name: "one".to_owned(),
            bytes: fs::read(image("palette_98x70.png"))?,
        }],
        max_tokens: Some(3),
        temperature: Some(0.0),
        ..Default::default()
    })
}

fn answer(generator: &mut Generator, ask: &trace::Ask) -> Result<Vec<u32>, Error> {
    let mut ids = Vec::new();
    let mut emit = |event| {
        if let Event::Token(token) = event {
            ids.push(token.id);
        }
    };
    block_on(generator.ask(ask, &mut emit, &|| false))?;
    Ok(ids)
}

/// The sentence of something that must have failed.
fn message<T>(result: Result<T, Error>) -> Result<String> {
    let error = result.err().context("expected an error")?;
    Ok(error.to_string())
}

#[test]
fn pieces_of_any_length_make_the_same_model() -> Result<()> {
    let folder = Folder::small_chunks()?;
    let ask = question("How many?")?;
    let mut whole = folder.loader()?;
    for (name, bytes) in &folder.files {
        whole.add_file(name, bytes.clone())?;
    }
    for shard in &folder.shards {
        whole.push(shard)?;
        whole.end_shard()?;
    }
    ensure!(whole.loaded_bytes() == whole.total_bytes());
    let expected = answer(&mut block_on(whole.finish())?, &ask)?;
    for seed in 0..5 {
        let mut generator = folder.load(&mut Rng::with_seed(seed))?;
        ensure!(answer(&mut generator, &ask)? == expected, "seed {seed}");
    }
    Ok(())
}

/// Cuts, copies, swaps and changes bytes.
fn damaged(shard: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = shard.to_vec();
    let mut at = || random.usize(..shard.len());
    let (a, b) = (at(), at());
    let (start, end) = (a.min(b), a.max(b));
    match random.u8(..5) {
        0 => bytes[a] ^= 1 << random.u8(..8),
        1 => drop(bytes.drain(start..=end)),
        2 => bytes.extend_from_slice(&shard[start..=end]),
        3 => bytes.rotate_left(a.max(1)),
        _ => random.shuffle(&mut bytes[start..=end]),
    }
    bytes
}

#[test]
fn a_damaged_shard_is_an_error() -> Result<()> {
    let folder = Folder::small_chunks()?;
    for seed in 0..200 {
        let mut random = Rng::with_seed(seed);
        let mut bad = folder.clone();
        let which = random.usize(..2);
        bad.shards[which] = damaged(&folder.shards[which], &mut random);
        if bad.shards == folder.shards {
            continue;
        }
        let said = message(bad.load(&mut random)).with_context(|| format!("seed {seed}"))?;
        ensure!(
            said.contains(&format!("weights-0000{which}.bin")),
            "seed {seed}: {said}"
        );
    }
    Ok(())
}

#[test]
fn calls_out_of_order_are_errors() -> Result<()> {
    let folder = Folder::small_chunks()?;
    let [first, second] = [&folder.shards[0], &folder.shards[1]];
    ensure!(message(block_on(folder.loader()?.finish()))?.contains("0 of the model's 2 shards"));
    let mut loader = folder.loader()?;
    ensure!(message(loader.end_shard())?.contains("ends after 0 bytes"));
    ensure!(message(loader.push(second))?.contains("weights-00000.bin"));
    // The same shard from its start again.
    loader.push(first)?;
    ensure!(message(loader.push(&[0]))?.contains("longer"));
    loader.push(first)?;
    loader.end_shard()?;
    ensure!(message(loader.end_shard())?.contains("weights-00001.bin"));
    loader.push(second)?;
    loader.end_shard()?;
    ensure!(message(loader.push(&[0]))?.contains("no shard 2"));
    ensure!(message(loader.end_shard())?.contains("no shard 2"));
    ensure!(message(loader.add_file("secret.json", Vec::new()))?.contains("secret.json"));
    ensure!(message(loader.add_file("tokenizer.json", Vec::new()))?.contains("tokenizer.json"));
    ensure!(message(block_on(loader.finish()))?.contains("no tokenizer.json"));
    Ok(())
}

/// What stands in for a value of a settings file.
fn replacements() -> Vec<Value> {
    let numbers = [
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(-1),
        json!(1000),
        json!(0.5),
        json!(1e30),
    ];
    let others = [
        json!(u64::MAX),
        json!(null),
        json!("x"),
        json!([]),
        json!([5, 5]),
        json!({}),
        json!(true),
        json!(false),
    ];
    numbers.into_iter().chain(others).collect()
}

/// JSON pointers of all values below `value`.
fn pointers(value: &Value) -> Vec<String> {
    let below = |key: &str, value: &Value| -> Vec<String> {
        let rest = pointers(value)
            .into_iter()
            .map(|rest| format!("/{key}{rest}"));
        [format!("/{key}")].into_iter().chain(rest).collect()
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| below(key, value))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .flat_map(|(i, v)| below(&i.to_string(), v))
            .collect(),
        _ => Vec::new(),
    }
}

/// Every value of the settings, replaced by each of a list of others: loading and asking may fail, and must not panic.
#[test]
fn settings_of_any_value_never_panic() -> Result<()> {
    let folder = Folder::small_chunks()?;
    let ask = question("How many?")?;
    let mut panics = Vec::new();
    let mut n_answered = 0;
    let mut attempt = |name: String, changed: &Folder| {
        let run = || answer(&mut changed.load(&mut Rng::with_seed(0))?, &ask);
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(answered) => n_answered += usize::from(answered.is_ok()),
            Err(_) => panics.push(name),
        }
    };
    for pointer in pointers(&folder.manifest["config"]) {
        for replacement in replacements() {
            let mut changed = folder.clone();
            let place = changed.manifest["config"].pointer_mut(&pointer);
            *place.context("no such value")? = replacement.clone();
            attempt(format!("config{pointer} = {replacement}"), &changed);
        }
    }
    for file in ["preprocessor_config.json", "generation_config.json"] {
        let (_, bytes) = folder
            .files
            .iter()
            .find(|entry| entry.0 == file)
            .context("no such file")?;
        for pointer in pointers(&serde_json::from_slice(bytes)?) {
            for replacement in replacements() {
                let mut changed = folder.clone();
                changed.edit_file(file, |value| {
                    if let Some(place) = value.pointer_mut(&pointer) {
                        *place = replacement.clone();
                    }
                })?;
                attempt(format!("{file}{pointer} = {replacement}"), &changed);
            }
        }
    }
    ensure!(panics.is_empty(), "{}", panics.join("\n"));
    // Harmless changes are in the list too: otherwise nothing but the checks was tested.
    ensure!(n_answered > 100, "only {n_answered} loaded and answered");
    Ok(())
}

#[test]
fn a_manifest_with_random_bytes_never_panics() -> Result<()> {
    let folder = Folder::small_chunks()?;
    let text = folder.manifest.to_string().into_bytes();
    for seed in 0..500 {
        let mut random = Rng::with_seed(seed);
        let mut bytes = text.clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            match random.u8(..3) {
                0 => bytes[at] = random.u8(..),
                1 => bytes[at] = b"0123456789-.{}[],:\""[random.usize(..19)],
                _ => drop(bytes.drain(at..(at + random.usize(..200)).min(text.len() / 2).max(at))),
            }
        }
        if let Err(error) = Loader::new(&bytes, Target::Cpu(Device::flex())) {
            ensure!(error.to_string().len() < 1000, "seed {seed}: {error}");
        }
    }
    Ok(())
}

/// A failed question or load leaves nothing behind: the next answer is the same as before.
#[test]
fn after_a_failure_it_answers_as_before() -> Result<()> {
    let folder = Folder::small_chunks()?;
    let mut generator = folder.load(&mut Rng::with_seed(0))?;
    let good = question("How many?")?;
    let expected = answer(&mut generator, &good)?;
    ensure!(expected.len() == 3);
    let no_picture = ImageFile {
        name: "two".to_owned(),
        bytes: b"nothing".to_vec(),
    };
    let bad = [
        question(" ")?,
        question("<|image_pad|>")?,
        trace::Ask {
            method: "none".to_owned(),
            ..good.clone()
        },
        trace::Ask {
            top_p: Some(f32::NAN),
            ..good.clone()
        },
        trace::Ask {
            images: vec![no_picture],
            ..good.clone()
        },
        question(&"long ".repeat(5000))?,
    ];
    for ask in &bad {
        let error = answer(&mut generator, ask)
            .err()
            .context("expected an error")?;
        ensure!(!error.fatal(), "{error}");
        ensure!(answer(&mut generator, &good)? == expected, "after {error}");
    }
    let mut torn = folder.clone();
    torn.shards[0].truncate(9000);
    message(torn.load(&mut Rng::with_seed(1)))?;
    ensure!(answer(&mut folder.load(&mut Rng::with_seed(2))?, &good)? == expected);
    Ok(())
}
