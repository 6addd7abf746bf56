//! Folders and arguments that must be refused, with one sentence that says why.

use std::fs;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};
use tempfile::TempDir;

use crate::lookback::{manifest, tensors};
use crate::program::{quantize, quantized, refused};

const CONFIG: &str = r#"{"model_type": "qwen2_5_vl", "tie_word_embeddings": true}"#;
const WEIGHTS: &str = "model.safetensors";

/// A checkpoint of one matrix [2, 3] that passes.
fn checkpoint(dir: &Path, numbers: [f32; 6]) {
    let data = numbers.map(f32::to_le_bytes).concat();
    let view = TensorView::new(Dtype::F32, vec![2, 3], &data).expect("view");
    let bytes = serialize([("model.embed_tokens.weight", view)], None).expect("serialized");
    for (name, bytes) in [
        ("config.json", CONFIG.as_bytes()),
        ("tokenizer.json", b"{}"),
        (WEIGHTS, &bytes),
    ] {
        fs::write(dir.join(name), bytes).expect("written");
    }
}

fn folders() -> (TempDir, TempDir) {
    let (input, output) = (
        TempDir::new().expect("folder"),
        TempDir::new().expect("folder"),
    );
    checkpoint(input.path(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    (input, output)
}

/// A file of the checkpoint replaced (or removed), and a text of the message.
#[test]
fn bad_checkpoints_are_refused() {
    let config = |text: &'static str| ("config.json", Some(text.as_bytes().to_vec()));
    let (input, _output) = folders();
    let mut cut = fs::read(input.path().join(WEIGHTS)).expect("file");
    cut.truncate(cut.len() - 1);
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    let cases = [
        (config(r#"{"model_type": "qwen2_vl"}"#), "\"qwen2_vl\""),
        (
            config(r#"{"architectures": ["LlamaForCausalLM"]}"#),
            "LlamaForCausalLM",
        ),
        (config("{}"), "neither model_type nor architectures"),
        (config("{"), "not JSON"),
        (
            config(r#"{"model_type": "qwen2_5_vl", "tie_word_embeddings": false}"#),
            "lm_head.weight",
        ),
        (("config.json", None), "config.json"),
        (("tokenizer.json", None), "no tokenizer.json"),
        ((WEIGHTS, None), "neither model.safetensors nor"),
        ((WEIGHTS, Some(cut)), "but the file has"),
        ((WEIGHTS, Some(huge)), "plausible"),
    ];
    for ((name, content), expected) in cases {
        let (input, output) = folders();
        let path = input.path().join(name);
        match content {
            Some(content) => fs::write(path, content).expect("written"),
            None => fs::remove_file(path).expect("removed"),
        }
        let line = refused(input.path(), output.path());
        assert!(line.contains(expected), "{line}");
        assert!(!output.path().join("manifest.json").exists());
    }
    let line = refused(&input.path().join("none"), &input.path().join("out"));
    assert!(line.contains("config.json"), "{line}");
}

#[test]
fn weights_that_do_not_fit_are_refused_and_named() {
    for (value, expected) in [(70000.0, "--format f32"), (f32::NAN, "NaN")] {
        let (input, output) = folders();
        checkpoint(input.path(), [0.0, 0.0, 0.0, value, 0.0, 0.0]);
        let line = refused(input.path(), output.path());
        assert!(
            line.contains("model.embed_tokens.weight") && line.contains(expected),
            "{line}"
        );
    }
    let (input, output) = folders();
    checkpoint(input.path(), [70000.0; 6]);
    quantized(input.path(), output.path(), &["--format", "f32"]);
    assert_eq!(
        tensors(output.path())["model.embed_tokens.weight"],
        [70000.0; 6]
    );
}

#[test]
fn foreign_folders_are_left_alone() {
    let (input, output) = folders();
    let letter = output.path().join("letter.txt");
    fs::write(&letter, "dear").expect("written");
    let line = refused(input.path(), output.path());
    assert!(line.contains("not empty"), "{line}");
    assert_eq!(fs::read_dir(output.path()).expect("folder").count(), 1);
    let line = refused(input.path(), input.path());
    assert!(line.contains("same folder"), "{line}");
    let line = refused(input.path(), &letter);
    assert!(line.contains("letter.txt"), "{line}");
}

/// A failed run leaves no manifest; the next one takes the folder over, and so does a run over a
/// finished folder, whose further shards go.
#[test]
fn lookback_folders_are_replaced() {
    let (input, output) = folders();
    checkpoint(input.path(), [f32::INFINITY; 6]);
    refused(input.path(), output.path());
    fs::write(output.path().join("weights-00007.bin"), "old").expect("written");
    checkpoint(input.path(), [0.5; 6]);
    quantized(input.path(), output.path(), &[]);
    assert!(!output.path().join("weights-00007.bin").exists());
    assert!(!output.path().join("manifest.json.partial").exists());
    quantized(input.path(), output.path(), &["--format", "f16"]);
    assert_eq!(
        tensors(output.path())["model.embed_tokens.weight"],
        [0.5; 6]
    );
    let name = manifest(output.path()).name;
    assert_eq!(Some(name.as_ref()), input.path().file_name());
}

#[test]
fn wrong_usage_has_exit_code_2() {
    let (input, output) = folders();
    for more in [
        &["--group", "48"][..],
        &["--format", "q5"],
        &["--format", "f16", "--group", "32"],
        &["extra"],
    ] {
        let run = quantize(input.path(), output.path(), more);
        assert_eq!(run.status.code(), Some(2), "{more:?}");
    }
}
