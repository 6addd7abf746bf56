//! The demo models' own vocabulary: byte-level BPE as Qwen2 has it, learned from questions and traces.

use anyhow::{Result, anyhow};
use generate::METHODS;
use scene::{Dice, Family, Form, Reference, Sample, Style};
use serde_json::{Value, json};
use tokenizers::{
    AddedToken, Tokenizer,
    decoders::byte_level::ByteLevel as ByteLevelDecoder,
    models::{
        TrainerWrapper,
        bpe::{BPE, BpeTrainerBuilder},
    },
    normalizers::NFC,
    pre_tokenizers::{
        PreTokenizerWrapper,
        byte_level::ByteLevel,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
    tokenizer::SplitDelimiterBehavior,
};

/// Qwen2's split pattern (transformers, `tokenization_qwen2.py`).
const SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Qwen2.5-VL's special tokens that a prompt for images needs.
const SPECIAL: [&str; 7] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
];

/// Learned tokens, the 256 bytes among them.
const N_LEARNED: usize = 600;

/// A tokenizer learned from `n_sample` questions and their traces in every form.
///
/// The published instructions of the methods, which the demo models always see whole, are one added token each:
/// the prompts stay those of the papers, and cost one token.
pub fn learn(n_sample: u64) -> Result<Tokenizer> {
    let fail = |error| anyhow!("the vocabulary cannot be learned ({error})");
    let mut tokenizer = Tokenizer::new(BPE::default());
    let split = Split::new(
        SplitPattern::Regex(SPLIT.into()),
        SplitDelimiterBehavior::Isolated,
        false,
    )
    .map_err(fail)?;
    let byte_level = ByteLevel::new(false, false, false);
    tokenizer.with_normalizer(Some(NFC)).map_err(fail)?;
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![
        PreTokenizerWrapper::Split(split),
        PreTokenizerWrapper::ByteLevel(byte_level),
    ])));
    tokenizer.with_decoder(Some(ByteLevelDecoder::new(false, false, false)));
    let mut trainer: TrainerWrapper = BpeTrainerBuilder::new()
        .vocab_size(N_LEARNED)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .show_progress(false)
        .build()
        .into();
    let corpus = (0..n_sample).flat_map(texts);
    tokenizer.train(&mut trainer, corpus).map_err(fail)?;
    let special = SPECIAL.map(|token| AddedToken::from(token, true).normalized(false));
    tokenizer.add_special_tokens(special).map_err(fail)?;
    let instructions: Vec<AddedToken> = METHODS
        .iter()
        .filter_map(|method| method.instruction)
        .map(|text| AddedToken::from(text, false).normalized(false))
        .collect();
    tokenizer.add_tokens(instructions).map_err(fail)?;
    Ok(tokenizer)
}

fn texts(seed: u64) -> Vec<String> {
    let family = Family::ALL[seed as usize % Family::ALL.len()];
    let sample = Sample::from_seed(seed, 1..=9, Some(family));
    let mut dice = Dice::from_seed(seed);
    let traces = Form::ALL.into_iter().map(|form| {
        let style = Style {
            form,
            random_error: 0.1,
            is_blind: seed.is_multiple_of(10),
        };
        Reference::new(&mut dice, &sample.scene, &sample.question, style).text
    });
    let mut texts: Vec<String> = traces.collect();
    texts.push(sample.question.text.clone());
    texts.push("system\nYou are a helpful assistant.user\nassistant\n".to_owned());
    texts
}

/// `tokenizer_config.json`
pub fn tokenizer_config(tokenizer: &Tokenizer) -> Value {
    let added = tokenizer
        .get_added_tokens_decoder()
        .into_iter()
        .map(|(id, token)| {
            let flags = json!({
                "content": token.content, "lstrip": false, "normalized": false, "rstrip": false,
                "single_word": false, "special": token.special,
            });
            (id.to_string(), flags)
        });
    json!({
        "add_bos_token": false,
        "add_prefix_space": false,
        "added_tokens_decoder": added.collect::<serde_json::Map<_, _>>(),
        "additional_special_tokens": SPECIAL[1..],
        "bos_token": null,
        "clean_up_tokenization_spaces": false,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 4096,
        "pad_token": "<|endoftext|>",
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": null,
    })
}
