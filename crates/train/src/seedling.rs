//! An untrained checkpoint: sizes, vocabulary, random weights, as a Hugging Face folder.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use qwen_vl::{config::Config, tensors::expected_tensors};
use scene::Dice;
use serde_json::{Value, json};
use tokenizers::Tokenizer;

use crate::{vocabulary, weights_file};

/// Area of a scene: other pictures are brought to the size that the model knows.
const AREA_PX: usize = scene::SIDE_PX * scene::SIDE_PX;

/// Base of the rotary angles. Half of a head's angles then turn by less than one over a whole answer, so that words are
/// found again however far back they stand; with a base of 20, which tells the columns of an image apart, a word asked
/// for was lost after one or two objects of a list. Rows and columns are in the image features (stage `eyes`).
const ROPE_THETA: f64 = 1e4;

/// The template of Qwen2.5-VL, without video and without picture numbers.
const TEMPLATE: &str = "{%- for message in messages -%}{%- if loop.first and message['role'] != 'system' -%}{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' -}}{%- endif -%}{{- '<|im_start|>' + message['role'] + '\\n' -}}{%- if message['content'] is string -%}{{- message['content'] -}}{%- else -%}{%- for part in message['content'] -%}{%- if part['type'] == 'image' -%}{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}{%- elif 'text' in part -%}{{- part['text'] -}}{%- endif -%}{%- endfor -%}{%- endif -%}{{- '<|im_end|>\\n' -}}{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}";

/// Questions whose words and traces make the vocabulary.
pub const N_SAMPLE: u64 = 20_000;

/// Writes the folder.
pub fn plant(dir: &Path, seed: u64, n_sample: u64) -> Result<()> {
    let tokenizer = vocabulary::learn(n_sample)?;
    let config_json = config(&tokenizer);
    let config = Config::parse(&config_json)?;
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let id = |token: &str| tokenizer.token_to_id(token);
    let write = |name: &str, json: &Value| -> Result<()> {
        let text = serde_json::to_string_pretty(json)?;
        fs::write(dir.join(name), text).with_context(|| format!("cannot write {name}"))
    };
    write("config.json", &config_json)?;
    write(
        "tokenizer_config.json",
        &vocabulary::tokenizer_config(&tokenizer),
    )?;
    write("chat_template.json", &json!({ "chat_template": TEMPLATE }))?;
    write(
        "preprocessor_config.json",
        &json!({
            "min_pixels": AREA_PX, "max_pixels": AREA_PX,
            "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
            "image_processor_type": "Qwen2VLImageProcessor",
            "processor_class": "Qwen2_5_VLProcessor",
        }),
    )?;
    write(
        "generation_config.json",
        &json!({
            "bos_token_id": id("<|endoftext|>"), "pad_token_id": id("<|endoftext|>"),
            "eos_token_id": [id("<|im_end|>"), id("<|endoftext|>")],
            "do_sample": false, "repetition_penalty": 1.0,
        }),
    )?;
    fs::write(
        dir.join("tokenizer.json"),
        serde_json::to_string(&tokenizer)?,
    )?;
    let mut dice = Dice::from_seed(seed);
    let tensors = expected_tensors(&config).into_iter().map(|(name, shape)| {
        let values = initial(&name, &shape, &config, &mut dice);
        (name, shape, values)
    });
    weights_file::write(dir, tensors.collect())
}

fn config(tokenizer: &Tokenizer) -> Value {
    let id = |token: &str| tokenizer.token_to_id(token);
    json!({
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "model_type": "qwen2_5_vl",
        "vision_start_token_id": id("<|vision_start|>"),
        "vision_end_token_id": id("<|vision_end|>"),
        "image_token_id": id("<|image_pad|>"),
        "video_token_id": id("<|video_pad|>"),
        "bos_token_id": id("<|endoftext|>"),
        "eos_token_id": id("<|im_end|>"),
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "hidden_size": 160,
        "intermediate_size": 320,
        "num_hidden_layers": 4,
        "max_window_layers": 4,
        "num_attention_heads": 5,
        "num_key_value_heads": 5,
        "rms_norm_eps": 1e-6,
        "rope_theta": ROPE_THETA,
        "rope_scaling": { "type": "mrope", "mrope_section": [2, 7, 7] },
        "max_position_embeddings": 4096,
        "sliding_window": 4096,
        "use_sliding_window": false,
        "use_cache": true,
        "tie_word_embeddings": true,
        "initializer_range": 0.02,
        "torch_dtype": "float32",
        "vocab_size": tokenizer.get_vocab_size(true),
        "vision_config": vision_config(),
    })
}

fn vision_config() -> Value {
    json!({
        "depth": 4,
        "hidden_size": 96,
        "intermediate_size": 192,
        "num_heads": 3,
        "out_hidden_size": 160,
        "fullatt_block_indexes": [1, 3],
        "hidden_act": "silu",
        "in_chans": 3,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "spatial_patch_size": 14,
        "window_size": 112,
        "tokens_per_second": 2,
        "temporal_patch_size": 2,
    })
}

/// Norms at 1, biases at 0, tables at 0.02, matrices by their fan-in, those that write into the residual
/// stream smaller by the square root of the number of writers (GPT-2, section 2.3).
fn initial(name: &str, shape: &[usize], config: &Config, dice: &mut Dice) -> Vec<f32> {
    let n: usize = shape.iter().product();
    if name.ends_with(".bias") {
        return vec![0.0; n];
    }
    if shape.len() == 1 {
        return vec![1.0; n];
    }
    let depth = match name.starts_with("visual.") {
        true => config.vision_config.depth,
        false => config.num_hidden_layers,
    };
    let writes = ["attn.proj", "o_proj", "down_proj"];
    let fan_in = (n / shape[0]) as f64;
    let deviation = match name {
        "model.embed_tokens.weight" | "lm_head.weight" => 0.02,
        _ if writes.iter().any(|part| name.contains(part)) => {
            (1.0 / fan_in).sqrt() / (2.0 * depth as f64).sqrt()
        }
        _ => (1.0 / fan_in).sqrt(),
    };
    // Uniform with the same deviation.
    let bound = (deviation * 3.0f64.sqrt()) as f32;
    (0..n).map(|_| dice.real(-bound, bound)).collect()
}

/// An untrained folder that all tests share.
#[cfg(test)]
pub fn shared() -> &'static Path {
    static FOLDER: std::sync::LazyLock<tempfile::TempDir> = std::sync::LazyLock::new(|| {
        let dir = tempfile::tempdir().expect("a temporary folder");
        plant(dir.path(), 3, 400).expect("an untrained checkpoint");
        dir
    });
    FOLDER.path()
}
