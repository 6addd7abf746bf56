use super::{Config, ConfigError, GenerationConfig, PreprocessorConfig};
use crate::oracle::{self, Case};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A config.json in the layout of the published 3B model, with small sizes.
fn published() -> Value {
    json!({
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl",
        "vision_start_token_id": 90, "vision_end_token_id": 91, "image_token_id": 93, "video_token_id": 94,
        "tie_word_embeddings": true, "hidden_act": "silu", "hidden_size": 64, "intermediate_size": 96,
        "max_position_embeddings": 128000, "num_attention_heads": 4, "num_hidden_layers": 3,
        "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "use_sliding_window": false,
        "sliding_window": 32768, "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]}, "vocab_size": 100,
        "eos_token_id": 5,
        "vision_config": {
            "depth": 4, "hidden_act": "silu", "hidden_size": 32, "intermediate_size": 44, "num_heads": 2,
            "in_chans": 3, "out_hidden_size": 64, "patch_size": 14, "spatial_merge_size": 2, "window_size": 112,
            "fullatt_block_indexes": [1, 3], "temporal_patch_size": 2
        }
    })
}

fn changed(path: &str, value: Value) -> Value {
    let mut config = published();
    let (section, field) = path.rsplit_once('/').expect("a JSON pointer");
    config.pointer_mut(section).expect("the section")[field] = value;
    config
}

#[test]
fn flat_layout_is_read() {
    let config = Config::parse(&published()).expect("the published layout");
    assert_eq!(
        (
            config.hidden_size,
            config.head_dim,
            config.num_key_value_heads
        ),
        (64, 16, 2)
    );
    assert_eq!(config.mrope_section, [2, 3, 3]);
    assert_eq!(config.special_ids(), [93, 94, 90, 91]);
    assert!(config.tie_word_embeddings);
    assert_eq!(config.vision_config.head_dim(), 16);
    assert_eq!(config.vision_config.n_patch_value(), 1176);
    assert_eq!(config.vision_config.window_token(), 4);
    assert_eq!(config.vision_config.fullatt_block_indexes, [1, 3]);
}

#[test]
fn nested_layout_with_rope_parameters_is_the_same() {
    let mut nested = published();
    let mut text = nested.clone();
    let object = nested.as_object_mut().expect("an object");
    for field in [
        "hidden_size",
        "intermediate_size",
        "num_attention_heads",
        "num_hidden_layers",
        "rope_theta",
        "num_key_value_heads",
        "rms_norm_eps",
        "rope_scaling",
        "vocab_size",
        "max_position_embeddings",
    ] {
        object.remove(field);
    }
    text.as_object_mut()
        .expect("an object")
        .remove("rope_scaling");
    text["rope_parameters"] =
        json!({"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]});
    nested["text_config"] = text;
    assert_eq!(Config::parse(&nested), Config::parse(&published()));
}

#[test]
fn oracle_checkpoints_are_read() {
    for case in Case::all() {
        let config = Config::parse(&case.json("config.json")).expect("an oracle checkpoint");
        let processor = PreprocessorConfig::parse(&case.json("preprocessor_config.json"))
            .expect("an oracle checkpoint");
        processor
            .check_against(&config.vision_config)
            .expect("one checkpoint");
        let (sizes, tied) = match case.checkpoint.as_str() {
            "tiny-a" => ([128, 4, 4, 2, 32, 256, 2112], true),
            "tiny-b" => ([256, 2, 2, 1, 128, 384, 2176], false),
            _ => ([160, 3, 5, 1, 32, 300, 2083], true),
        };
        let got = [
            config.hidden_size,
            config.num_hidden_layers,
            config.num_attention_heads,
            config.num_key_value_heads,
            config.head_dim,
            config.intermediate_size,
            config.vocab_size,
        ];
        assert_eq!(
            (got, config.tie_word_embeddings),
            (sizes, tied),
            "{}",
            case.checkpoint
        );
        let generation = case.json("generation_config.json");
        let generation = GenerationConfig::parse(Some(&generation), &case.json("config.json"))
            .expect("a valid file");
        assert!(!generation.do_sample);
        assert_eq!(generation.eos_token_id, [2028, 2026]);
    }
}

#[test]
fn every_wrong_value_has_its_error() {
    let missing = |field: &str| {
        let mut config = published();
        config.as_object_mut().expect("an object").remove(field);
        Config::parse(&config)
    };
    for field in [
        "hidden_size",
        "rope_scaling",
        "vision_config",
        "image_token_id",
        "vocab_size",
        "rms_norm_eps",
    ] {
        assert!(
            matches!(missing(field), Err(ConfigError::MissingField { field: got, .. }) if got == field),
            "{field}"
        );
    }
    for (path, value, part) in [
        (
            "/architectures",
            json!(["LlamaForCausalLM"]),
            "LlamaForCausalLM",
        ),
        ("/architectures", json!([]), "empty list"),
        ("/hidden_size", json!(66), "head_dim"),
        ("/hidden_size", json!(0), "from 1"),
        ("/hidden_size", json!(-64), "from 1"),
        ("/hidden_size", json!(1u64 << 40), "from 1"),
        ("/hidden_size", json!("64"), "from 1"),
        (
            "/num_key_value_heads",
            json!(3),
            "multiple of num_key_value_heads",
        ),
        (
            "/rope_scaling/mrope_section",
            json!([2, 3, 4]),
            "head_dim / 2",
        ),
        ("/rope_scaling/mrope_section", json!([8]), "three entries"),
        ("/rope_scaling/type", json!("yarn"), "yarn"),
        ("/use_sliding_window", json!(true), "use_sliding_window"),
        (
            "/layer_types",
            json!(["full_attention", "sliding_attention"]),
            "sliding_attention",
        ),
        ("/quantization_config", json!({"bits": 4}), "quantized"),
        ("/hidden_act", json!("gelu"), "gelu"),
        ("/rms_norm_eps", json!(0), "above 0"),
        ("/image_token_id", json!(100), "below vocab_size"),
        ("/image_token_id", json!(94), "differ"),
        ("/vision_config/hidden_act", json!("gelu"), "vision_config"),
        (
            "/vision_config/num_heads",
            json!(3),
            "multiple of num_heads",
        ),
        ("/vision_config/num_heads", json!(16), "multiple of 4"),
        ("/vision_config/hidden_size", json!(1024), "up to 128"),
        ("/hidden_size", json!(1024), "up to 128"),
        (
            "/vision_config/out_hidden_size",
            json!(32),
            "out_hidden_size",
        ),
        (
            "/vision_config/fullatt_block_indexes",
            json!([4]),
            "below depth",
        ),
        ("/vision_config/in_chans", json!(1), "3 (RGB)"),
        ("/vision_config/window_size", json!(27), "window_size"),
        ("/vision_config/depth", json!(100_000), "depth"),
    ] {
        let error = Config::parse(&changed(path, value.clone()))
            .expect_err(path)
            .to_string();
        assert!(error.contains(part), "{path} = {value}: {error}");
        assert!(!error.contains('\n') && error.contains("; "), "{error}");
    }
    assert!(matches!(
        Config::parse(&json!([])),
        Err(ConfigError::NotAnObject { .. })
    ));
}

#[test]
fn generation_defaults_are_the_librarys() {
    let absent = GenerationConfig::parse(None, &published()).expect("defaults");
    assert_eq!(
        (
            absent.do_sample,
            absent.temperature,
            absent.top_k,
            absent.top_p
        ),
        (false, 1.0, 50, 1.0)
    );
    assert_eq!(
        (absent.repetition_penalty, absent.eos_token_id),
        (1.0, vec![5])
    );
    let published_file = json!({"bos_token_id": 151643, "pad_token_id": 151643, "do_sample": true,
        "eos_token_id": [151645, 151643], "repetition_penalty": 1.05, "temperature": 0.000001});
    let read =
        GenerationConfig::parse(Some(&published_file), &published()).expect("the published file");
    assert_eq!(
        (read.do_sample, read.temperature, read.repetition_penalty),
        (true, 1e-6, 1.05)
    );
    assert_eq!(
        (read.eos_token_id, read.pad_token_id),
        (vec![151645, 151643], Some(151643))
    );
    let cold = GenerationConfig::parse(
        Some(&json!({"do_sample": true, "temperature": 0.0})),
        &published(),
    );
    assert!(!cold.expect("greedy").do_sample);
    for wrong in [
        json!({"top_p": 1.5}),
        json!({"top_k": -1}),
        json!({"temperature": -1.0}),
        json!({"repetition_penalty": 0}),
        json!({"eos_token_id": "x"}),
        json!({"top_k": 1.5}),
    ] {
        assert!(
            GenerationConfig::parse(Some(&wrong), &published()).is_err(),
            "{wrong}"
        );
    }
    let missing = GenerationConfig::parse(None, &json!({}));
    assert!(matches!(
        missing,
        Err(ConfigError::MissingField {
            field: "eos_token_id",
            ..
        })
    ));
}

#[test]
fn preprocessor_reads_both_forms_of_the_limits() {
    let limits = |file: Value| {
        PreprocessorConfig::parse(&file).map(|config| [config.min_pixels, config.max_pixels])
    };
    assert_eq!(limits(json!({})), Ok([3136, 12_845_056]));
    assert_eq!(
        limits(json!({"size": {"shortest_edge": 784, "longest_edge": 100_352}})),
        Ok([784, 100_352])
    );
    let both =
        json!({"size": {"shortest_edge": 784, "longest_edge": 100_352}, "max_pixels": 50_176});
    assert_eq!(limits(both), Ok([784, 50_176]));
    for wrong in [
        json!({"min_pixels": 4000, "max_pixels": 3999}),
        json!({"do_resize": false}),
        json!({"resample": 2}),
        json!({"image_std": [0.1, 0.1, 0.0]}),
        json!({"image_mean": [0.1]}),
        json!({"max_pixels": 1u64 << 50}),
        json!({"patch_size": 0}),
        json!({"min_pixels": 1, "max_pixels": 783}),
    ] {
        assert!(PreprocessorConfig::parse(&wrong).is_err(), "{wrong}");
    }
    let narrowed = PreprocessorConfig::default()
        .with_pixel_limits(None, Some(100_352))
        .expect("valid limits");
    assert_eq!((narrowed.min_pixels, narrowed.max_pixels), (3136, 100_352));
}

#[test]
fn absent_oracle_is_told() {
    assert!(oracle::bytes("no such file").is_none());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z_]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{0,12}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_file_makes_a_parser_panic(junk in any_json(), at_field in 0usize..64) {
        let mut config = published();
        for section in ["", "/vision_config", "/rope_scaling"] {
            let object = config.pointer_mut(section).and_then(Value::as_object_mut).expect("a section");
            let field = object.keys().nth(at_field % object.len()).cloned().expect("a field");
            let before = object.insert(field.clone(), junk.clone()).expect("the old value");
            let _ = Config::parse(&config);
            config.pointer_mut(section).expect("a section")[field] = before;
        }
        let _ = (Config::parse(&junk), PreprocessorConfig::parse(&junk), GenerationConfig::parse(Some(&junk), &junk));
        for field in ["top_k", "temperature", "top_p", "eos_token_id", "min_pixels", "size", "image_mean", "patch_size"] {
            let file = json!({field: junk.clone()});
            let _ = (PreprocessorConfig::parse(&file), GenerationConfig::parse(Some(&file), &config));
        }
    }
}
