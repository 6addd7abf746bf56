//! The manifest parser: what it accepts, what it refuses, and that nothing makes it panic.

use proptest::prelude::*;
use serde_json::{Value, json};
use weights::{Format, Manifest, ManifestError};

/// Two tensors, one behind the other with a gap of 4 bytes, in one shard of two chunks.
fn valid() -> Value {
    let hash = "0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789";
    json!({
        "format": "lookback-weights/1",
        "name": "tiny",
        "methods": ["look-back"],
        "config": {"model_type": "qwen2_5_vl"},
        "files": [{"name": "tokenizer.json", "length": 12, "sha256": hash}],
        "tensors": [
            {"name": "model.norm.weight", "shape": [4], "format": "f32", "shard": 0, "offset": 0, "length": 16},
            {"name": "lm_head.weight", "shape": [2, 33], "format": "q4", "group": 32, "shard": 0, "offset": 20, "length": 80},
        ],
        "shards": [{"file": "weights-00000.bin", "length": 100, "chunks": [
            {"length": 64, "sha256": hash}, {"length": 36, "sha256": hash}]}],
    })
}

fn parse(json: &Value) -> Result<Manifest, ManifestError> {
    Manifest::parse(json.to_string().as_bytes())
}

#[test]
fn a_valid_manifest_round_trips() {
    let manifest = parse(&valid()).expect("valid");
    let head = manifest.tensor("lm_head.weight").expect("head");
    assert_eq!(head.format, Format::Q4 { group: 32 });
    assert_eq!(head.layout().expect("layout").words_bytes(), 64);
    assert_eq!(manifest.total_bytes(), 112);
    let json = serde_json::to_value(&manifest).expect("json");
    assert_eq!(json, valid());
    assert_eq!(parse(&json).expect("valid"), manifest);
}

/// Each case replaces one value; the message must contain the text.
#[test]
fn what_is_wrong_is_named() {
    let long = "x".repeat(5000);
    let second_chunk = "/shards/0/chunks/1/length";
    let cases = [
        ("/format", json!("lookback-weights/2"), "lookback-weights/2"),
        ("/format", json!(1), "no manifest"),
        ("/name", json!(long), "5000"),
        ("/tensors/1/group", json!(48), "48"),
        ("/tensors/1/group", json!(null), "no manifest"),
        ("/tensors/1/format", json!("q5"), "q5"),
        ("/tensors/1/shape", json!([2, 65]), "takes 120"),
        (
            "/tensors/1/shape",
            json!([1u64 << 40, 1u64 << 40]),
            "between 1 and",
        ),
        ("/tensors/1/shape", json!([0, 33]), "between 1 and"),
        ("/tensors/1/shape", json!([2, 33, 1]), "matrices"),
        ("/tensors/1/shape", json!([66]), "vectors must be f32"),
        ("/tensors/1/shape", json!([]), "matrices"),
        ("/tensors/1/length", json!(76), "76"),
        ("/tensors/1/offset", json!(22), "byte 22"),
        ("/tensors/1/offset", json!(12), "byte 12"),
        ("/tensors/1/offset", json!(24), "byte 24"),
        ("/tensors/1/offset", json!(u64::MAX - 3), "outside"),
        ("/tensors/1/offset", json!(-4), "no manifest"),
        ("/tensors/1/shard", json!(1), "shard 1"),
        ("/tensors/1/name", json!("model.norm.weight"), "twice"),
        (
            "/files/0/name",
            json!("../tokenizer.json"),
            "../tokenizer.json",
        ),
        ("/files/0/name", json!("a\\b"), "letters"),
        ("/files/0/name", json!(".."), "letters"),
        ("/files/0/name", json!(""), "letters"),
        ("/files/0/name", json!("manifest.json"), "twice"),
        ("/files/0/name", json!("weights-00000.bin"), "twice"),
        ("/files/0/length", json!(1u64 << 50), "at most"),
        ("/files/0/sha256", json!("00"), "64 hex"),
        ("/shards/0/file", json!("/etc/passwd"), "/etc/passwd"),
        ("/shards/0/length", json!(104), "chunks"),
        ("/shards/0/length", json!(u64::MAX), "at most"),
        (second_chunk, json!(35), "chunks"),
        (second_chunk, json!(0), "chunks"),
        (second_chunk, json!(u64::MAX), "chunks"),
        ("/shards/0/chunks/1/sha256", json!("g".repeat(64)), "64 hex"),
        ("/shards", json!([]), "shard 0"),
    ];
    for (pointer, value, expected) in cases {
        let mut manifest = valid();
        *manifest.pointer_mut(pointer).expect(pointer) = value.clone();
        let message = parse(&manifest).expect_err(pointer).to_string();
        assert!(message.contains(expected), "{pointer} = {value}: {message}");
        assert!(message.len() < 400 && !message.contains('\n'), "{message}");
    }
}

#[test]
fn an_earlier_shard_may_not_follow() {
    let mut manifest = valid();
    let mut second = manifest["shards"][0].clone();
    second["file"] = json!("weights-00001.bin");
    manifest["shards"]
        .as_array_mut()
        .expect("shards")
        .push(second);
    assert!(parse(&manifest).is_ok());
    manifest["tensors"][0]["shard"] = json!(1);
    let error = parse(&manifest).expect_err("order");
    assert!(
        matches!(error, ManifestError::Region { shard: 0, .. }),
        "{error}"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Manifest::parse(&bytes).is_err());
    }

    /// Some bytes of a valid manifest replaced, digits by digits more often than not.
    #[test]
    fn mutated_manifests_do_not_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![b'0'..=b'9', any::<u8>()]), 1..6),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut json = valid().to_string().into_bytes();
        for (index, byte) in edits {
            let at = index.index(json.len());
            json[at] = byte;
        }
        if let Some(cut) = cut {
            json.truncate(cut.index(json.len()));
        }
        if let Ok(manifest) = Manifest::parse(&json) {
            for tensor in &manifest.tensors {
                let end = tensor.offset + tensor.length;
                prop_assert!(end <= manifest.shards[tensor.shard].length);
                prop_assert_eq!(tensor.layout().expect("layout").total_bytes(), tensor.length);
            }
        }
    }
}
