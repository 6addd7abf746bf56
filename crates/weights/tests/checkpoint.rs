//! Hugging Face folders, good and bad, written with the safetensors crate.

use std::fs;
use std::path::Path;

use half::{bf16, f16};
use proptest::prelude::*;
use safetensors::Dtype as FileDtype;
use safetensors::tensor::{TensorView, serialize};
use tempfile::TempDir;
use weights::{Checkpoint, CheckpointError, Dtype, HeaderError, parse_header};

const SINGLE: &str = "model.safetensors";

fn file(tensors: &[(&str, FileDtype, &[usize], &[u8])]) -> Vec<u8> {
    let views = tensors.iter().map(|&(name, dtype, shape, bytes)| {
        (
            name,
            TensorView::new(dtype, shape.to_vec(), bytes).expect("view"),
        )
    });
    serialize(views, None).expect("serialized")
}

/// Two rows of three f32 numbers under the newer naming scheme.
fn matrix_file() -> Vec<u8> {
    let bytes: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]
        .map(f32::to_le_bytes)
        .concat();
    file(&[(
        "model.language_model.embed_tokens.weight",
        FileDtype::F32,
        &[2, 3],
        &bytes,
    )])
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let dir = TempDir::new().expect("folder");
    for (name, bytes) in files.iter().chain(&[("config.json", &b"{}"[..])]) {
        fs::write(dir.path().join(name), bytes).expect("written");
    }
    dir
}

fn refused(files: &[(&str, &[u8])]) -> CheckpointError {
    let dir = folder(files);
    Checkpoint::open(dir.path()).expect_err("refused")
}

#[test]
fn rows_are_widened_exactly() {
    let numbers = [1.5f32, -0.0078125, 65504.0, 2.0];
    let halves = numbers.map(|x| f16::from_f32(x).to_le_bytes()).concat();
    let brains = [1.5f32, -3.0e38, 1.0e-40, 2.0]
        .map(|x| bf16::from_f32(x).to_le_bytes())
        .concat();
    let bytes = file(&[
        ("halves", FileDtype::F16, &[2, 2], &halves),
        ("brains", FileDtype::BF16, &[4], &brains),
    ]);
    let dir = folder(&[(SINGLE, &bytes)]);
    let checkpoint = Checkpoint::open(dir.path()).expect("open");
    assert_eq!(checkpoint.config(), "{}");
    assert_eq!(
        checkpoint.read_rows_f32("halves", 1..2).expect("row"),
        numbers[2..]
    );
    assert_eq!(
        checkpoint.read_rows_f32("halves", 0..2).expect("rows"),
        numbers
    );
    let tensor = checkpoint.tensor("brains").expect("tensor");
    assert_eq!(
        (
            tensor.dtype,
            tensor.n_rows(),
            tensor.row_len(),
            tensor.bytes()
        ),
        (Dtype::Bf16, 4, 1, 8)
    );
    let wide = checkpoint.read_rows_f32("brains", 0..4).expect("numbers");
    let truth: Vec<f32> = brains
        .chunks(2)
        .map(|b| f32::from_le_bytes([0, 0, b[0], b[1]]))
        .collect();
    assert_eq!(wide, truth);
    let error = checkpoint.read_rows_f32("halves", 1..3).expect_err("rows");
    assert!(
        matches!(
            error,
            CheckpointError::Rows {
                n_rows: 2,
                end: 3,
                ..
            }
        ),
        "{error}"
    );
    let error = checkpoint
        .read_rows_f32("quarters", 0..1)
        .expect_err("name");
    assert!(matches!(error, CheckpointError::Missing { .. }), "{error}");
}

fn index(tensor: &str, shard: &str) -> Vec<u8> {
    serde_json::json!({"metadata": {}, "weight_map": {tensor: shard}})
        .to_string()
        .into_bytes()
}

#[test]
fn an_index_is_followed() {
    let name = "model.language_model.embed_tokens.weight";
    let (bytes, index_json) = (matrix_file(), index(name, "a.safetensors"));
    let dir = folder(&[
        ("a.safetensors", &bytes),
        ("model.safetensors.index.json", &index_json),
    ]);
    let checkpoint = Checkpoint::open(dir.path()).expect("open");
    let row = checkpoint
        .read_rows_f32("model.embed_tokens.weight", 1..2)
        .expect("row");
    assert_eq!(row, [4.0, 5.0, 6.0]);
}

#[test]
fn bad_indices_are_refused() {
    let name = "model.language_model.embed_tokens.weight";
    let bytes = matrix_file();
    let cases = [
        (index(name, "b.safetensors"), "b.safetensors"),
        (index("x", "a.safetensors"), "tensor x is missing"),
        (index(name, "../a.safetensors"), "../a.safetensors"),
        (index(name, "/a.safetensors"), "/a.safetensors"),
        (index(name, ".."), "plain file name"),
        (b"{\"weight_map\": 3}".to_vec(), "weight_map"),
        (b"nonsense".to_vec(), "weight_map"),
    ];
    for (index, expected) in cases {
        let error = refused(&[
            ("a.safetensors", &bytes),
            ("model.safetensors.index.json", &index),
        ]);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn bad_files_are_refused_and_named() {
    let good = matrix_file();
    let with_length = |length: u64| [&length.to_le_bytes()[..], &good[8..]].concat();
    let not_json = [&good[..8], &vec![b'x'; good.len() - 8]].concat();
    let integers = file(&[("ids", FileDtype::I64, &[1], &[0; 8])]);
    let empty = file(&[("none", FileDtype::F32, &[0, 3], &[])]);
    let cases = [
        (good[..good.len() - 1].to_vec(), "but the file has"),
        ([&good[..], &[0]].concat(), "but the file has"),
        (good[..50].to_vec(), "only 42 follow"),
        (good[..5].to_vec(), "complete the download"),
        (vec![], "complete the download"),
        (with_length(u64::MAX), "plausible"),
        (with_length(99_000_000), "follow"),
        (with_length(10), "no list of tensors"),
        (not_json, "no list of tensors"),
        (integers, "tensor ids has the type I64"),
        (empty, "tensor none is empty"),
    ];
    for (bytes, expected) in cases {
        let message = refused(&[(SINGLE, &bytes)]).to_string();
        assert!(
            message.contains(expected) && message.contains(SINGLE),
            "{message}"
        );
    }
}

#[test]
fn a_range_beyond_the_file_is_refused() {
    let json = br#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#;
    let error = parse_header(json, 8 + json.len() as u64 + 12).expect_err("short");
    assert!(matches!(error, HeaderError::Length { .. }), "{error}");
    for offsets in ["[4,20]", "[16,0]", "[0,12]", "[0,18446744073709551615]"] {
        let json = format!(r#"{{"a":{{"dtype":"F32","shape":[4],"data_offsets":{offsets}}}}}"#);
        assert!(
            parse_header(json.as_bytes(), 8 + json.len() as u64 + 16).is_err(),
            "{offsets}"
        );
    }
    let json = br#"{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}"#;
    assert!(parse_header(json, 8 + json.len() as u64).is_err());
}

#[test]
fn folders_without_weights_or_with_double_names_are_refused() {
    let error = refused(&[]);
    assert!(
        matches!(error, CheckpointError::NoWeights { .. }),
        "{error}"
    );
    let error = Checkpoint::open(Path::new("no such folder")).expect_err("missing");
    assert!(error.to_string().contains("config.json"), "{error}");
    let twice = file(&[
        ("visual.x", FileDtype::F32, &[1], &[0; 4]),
        ("model.visual.x", FileDtype::F32, &[1], &[0; 4]),
    ]);
    let error = refused(&[(SINGLE, &twice)]);
    assert!(
        matches!(&error, CheckpointError::Twice { tensor, .. } if tensor == "visual.x"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn arbitrary_headers_do_not_panic(json in prop::collection::vec(any::<u8>(), 0..200), file_bytes: u64) {
        let _ = parse_header(&json, file_bytes);
    }

    /// A header that is still accepted describes tensors within the file.
    #[test]
    fn mutated_headers_do_not_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![b'0'..=b'9', any::<u8>()]), 0..4),
    ) {
        let mut json = br#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[5],"data_offsets":[24,34]}}"#.to_vec();
        for (index, byte) in edits {
            let at = index.index(json.len());
            json[at] = byte;
        }
        let file_bytes = 8 + json.len() as u64 + 34;
        for tensor in parse_header(&json, file_bytes).unwrap_or_default() {
            let n_numbers: usize = tensor.shape.iter().product();
            let n_bytes = (n_numbers * tensor.dtype.bytes()) as u64;
            prop_assert!(n_bytes > 0 && tensor.start + n_bytes <= file_bytes);
        }
    }
}
