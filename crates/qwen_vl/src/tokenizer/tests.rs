use super::{TokenStream, Tokenizer, TokenizerError};
use crate::oracle;
use proptest::prelude::*;
use serde_json::{Value, json};

/// All 256 bytes, the merges `é` = C3+A9 and `th`, one special and one ordinary added token.
fn small_file() -> Value {
    let mut vocab = serde_json::Map::new();
    let latin = (0x21..=0x7Eu32).chain(0xA1..=0xAC).chain(0xAE..=0xFF);
    for (id, code) in latin.chain(0x100..=0x143).enumerate() {
        vocab.insert(
            char::from_u32(code).expect("a character").to_string(),
            json!(id),
        );
    }
    vocab.insert("Ã©".to_owned(), json!(256));
    vocab.insert("th".to_owned(), json!(257));
    let added = |id: u32, content: &str, special: bool| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": special})
    };
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": {"type": "NFC"},
        "added_tokens": [added(258, "<|im_end|>", true), added(259, "<tool call>", false)],
        "pre_tokenizer": byte_level, "post_processor": byte_level, "decoder": byte_level,
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "vocab": vocab,
            "merges": [["Ã", "©"], ["t", "h"]]}
    })
}

fn small() -> Tokenizer {
    Tokenizer::from_bytes(small_file().to_string().as_bytes()).expect("a valid file")
}

#[test]
fn bytes_and_added_tokens_are_exact() {
    let tokenizer = small();
    assert_eq!(tokenizer.n_text_ids(), 260);
    assert_eq!(
        tokenizer.encode("thé<|im_end|>").expect("ids"),
        [257, 256, 258]
    );
    assert_eq!(
        tokenizer.encode("e\u{301}").expect("ids"),
        [256],
        "NFC comes first"
    );
    assert_eq!(tokenizer.token_bytes(256).expect("text"), [0xC3, 0xA9]);
    assert_eq!(tokenizer.token_bytes(259).expect("text"), b"<tool call>");
    assert!(tokenizer.is_special(258) && !tokenizer.is_special(259) && !tokenizer.is_special(0));
    assert_eq!(
        tokenizer.token_bytes(260),
        Err(TokenizerError::NoText {
            id: 260,
            n_text_ids: 260
        })
    );
    assert_eq!(
        tokenizer.decode(&[257, 258, 259], true).expect("text"),
        "th<tool call>"
    );
    assert_eq!(
        tokenizer.decode(&[257, 258, 259], false).expect("text"),
        "th<|im_end|><tool call>"
    );
    assert!(tokenizer.check_against(260).is_ok() && tokenizer.check_against(259).is_err());
    let mut every_byte: Vec<u8> = (0..256)
        .flat_map(|id| tokenizer.token_bytes(id).expect("text"))
        .collect();
    every_byte.sort_unstable();
    assert_eq!(every_byte, (0..=255).collect::<Vec<u8>>());
}

#[test]
fn a_stream_waits_for_whole_characters() {
    let tokenizer = small();
    let id_of_byte = |byte: u8| {
        (0..256)
            .find(|id| tokenizer.token_bytes(*id) == Ok(vec![byte]))
            .expect("all bytes")
    };
    let mut stream = TokenStream::new(true);
    let mut push = |byte: u8| stream.push(&tokenizer, id_of_byte(byte)).expect("text");
    // U+1F642, an interrupted character, a stray byte, an unfinished character.
    let pieces: Vec<String> = [0xF0, 0x9F, 0x99, 0x82, 0xE2, 0x82, b'a', 0x80, 0xC3]
        .into_iter()
        .map(&mut push)
        .collect();
    assert_eq!(
        pieces,
        ["", "", "", "🙂", "", "", "\u{FFFD}a", "\u{FFFD}", ""]
    );
    assert_eq!(stream.finish(), "\u{FFFD}");
}

#[test]
fn wrong_files_are_refused() {
    let of = |file: Value| Tokenizer::from_bytes(file.to_string().as_bytes()).err();
    assert!(matches!(
        Tokenizer::from_bytes(b"").err(),
        Some(TokenizerError::File { .. })
    ));
    assert!(matches!(
        of(json!({"model": 1})),
        Some(TokenizerError::File { .. })
    ));
    assert!(matches!(
        of(json!({})),
        Some(TokenizerError::Unsupported { part: "model", .. })
    ));
    for (part, value) in [
        ("decoder", Value::Null),
        ("normalizer", json!({"type": "Precompiled"})),
        ("model", json!({})),
    ] {
        let mut file = small_file();
        file[part] = value;
        assert!(
            matches!(of(file), Some(TokenizerError::Unsupported { part: got, .. }) if got == part),
            "{part}"
        );
    }
    let mut file = small_file();
    file["model"]["merges"] = json!([["x", "unknown"]]);
    assert!(matches!(of(file), Some(TokenizerError::File { .. })));
}

fn oracle_tokenizers() -> Vec<(&'static str, Tokenizer)> {
    let files = [
        ("ids", "data/qwen2.5-tokenizer/tokenizer.json"),
        ("ids_2048", "oracle/checkpoints/tiny-a/tokenizer.json"),
        ("ids_2048", "oracle/checkpoints/tiny-b/tokenizer.json"),
        ("ids_2048", "oracle/checkpoints/tiny-c/tokenizer.json"),
    ];
    let read = |(column, path)| {
        let tokenizer = Tokenizer::from_bytes(&oracle::bytes(path)?);
        Some((column, tokenizer.expect("a published tokenizer")))
    };
    files.into_iter().filter_map(read).collect()
}

#[test]
fn oracle_cases_are_met() {
    let Some(file) = oracle::json("oracle/tokenizer/tokenizer_cases.json") else {
        return;
    };
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 115);
    for (column, tokenizer) in oracle_tokenizers() {
        assert_eq!(
            tokenizer.n_text_ids(),
            if column == "ids" { 151_665 } else { 2048 }
        );
        for case in cases {
            let text = case["text"].as_str().expect("a text");
            let ids: Vec<u32> = serde_json::from_value(case[column].clone()).expect("ids");
            assert_eq!(tokenizer.encode(text).expect("ids"), ids, "{}", case["id"]);
            let decoded = case["decoded"].as_str().unwrap_or(text);
            assert_eq!(
                tokenizer.decode(&ids, false).expect("text"),
                decoded,
                "{}",
                case["id"]
            );
            let skipped = case["decoded_skip_special"].as_str().unwrap_or(decoded);
            assert_eq!(
                tokenizer.decode(&ids, true).expect("text"),
                skipped,
                "{}",
                case["id"]
            );
        }
    }
}

#[test]
fn oracle_answers_are_met() {
    for case in oracle::Case::all() {
        let tokenizer =
            Tokenizer::from_bytes(&case.file("tokenizer.json")).expect("a published tokenizer");
        let ids = oracle::ints(&case.tensors(), "generated_ids");
        let expected = case.facts["generated_text"].as_str().expect("a text");
        assert_eq!(
            tokenizer.decode(&ids, false).expect("text"),
            expected,
            "{}",
            case.name
        );
    }
}

#[test]
fn random_ids_decode_as_the_library_does() {
    for (_, tokenizer) in oracle_tokenizers().into_iter().take(2) {
        let n_id = tokenizer.n_text_ids() as u32;
        // A linear congruential sequence visits ids all over the vocabulary.
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % n_id
        };
        for _ in 0..200 {
            let ids: Vec<u32> = (0..40).map(|_| next()).collect();
            for skip_special in [false, true] {
                let expected = tokenizer.bpe.decode(&ids, skip_special).expect("text");
                assert_eq!(
                    tokenizer.decode(&ids, skip_special).expect("text"),
                    expected
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn a_stream_equals_lossy_decoding(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let tokenizer = small();
        let id_of = |byte: u8| (0..256).find(|id| tokenizer.token_bytes(*id) == Ok(vec![byte])).expect("all bytes");
        let ids: Vec<u32> = bytes.iter().map(|byte| id_of(*byte)).collect();
        prop_assert_eq!(tokenizer.decode(&ids, true).expect("text"), String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn text_survives(text in "\\PC{0,40}") {
        let tokenizer = small();
        let ids = tokenizer.encode(&text).expect("ids");
        let again = tokenizer.encode(&tokenizer.decode(&ids, false).expect("text")).expect("ids");
        prop_assert_eq!(ids, again);
    }

    #[test]
    fn no_file_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), cut in 0usize..8000) {
        let _ = Tokenizer::from_bytes(&bytes);
        let file = small_file().to_string();
        let _ = Tokenizer::from_bytes(&file.as_bytes()[..cut.min(file.len())]);
    }
}
