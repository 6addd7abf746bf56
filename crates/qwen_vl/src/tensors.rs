//! The tensors that a config asks for.

use crate::config::Config;

/// Names and shapes of every tensor that the network of a config has.
pub fn expected_tensors(config: &Config) -> Vec<(String, Vec<usize>)> {
    let mut tensors = vision_tensors(config);
    tensors.extend(text_tensors(config));
    tensors
}

/// The projections of a layer's attention, in the order in which they are stacked.
const STACKED: [&str; 3] = ["q_proj", "k_proj", "v_proj"];

/// Name of the network's parameter that a tensor is loaded into: queries, keys and values of the language model
/// lie in one, `qkv_proj`, as one product makes all three.
pub(crate) fn parameter_of(name: &str) -> String {
    let part = STACKED
        .iter()
        .find(|part| name.contains(&format!(".self_attn.{part}.")));
    match part {
        Some(part) => name.replace(part, "qkv_proj"),
        None => name.to_owned(),
    }
}

/// Pairs of tensors that must be stored alike: what is stacked, and what one kernel reads side by side.
pub(crate) fn alike(config: &Config) -> Vec<(String, String)> {
    let pairs = (0..config.num_hidden_layers).flat_map(|index| {
        let at = format!("model.layers.{index}");
        let [q, k, v] = STACKED.map(|part| format!("{at}.self_attn.{part}.weight"));
        let [gate, up] = ["gate", "up"].map(|part| format!("{at}.mlp.{part}_proj.weight"));
        [(k, q.clone()), (v, q), (up, gate)]
    });
    pairs.collect()
}

fn linear(at: &str, n_out: usize, n_in: usize, has_bias: bool) -> Vec<(String, Vec<usize>)> {
    let mut tensors = vec![(format!("{at}.weight"), vec![n_out, n_in])];
    if has_bias {
        tensors.push((format!("{at}.bias"), vec![n_out]));
    }
    tensors
}

fn vision_tensors(config: &Config) -> Vec<(String, Vec<usize>)> {
    let vision = &config.vision_config;
    let (width, inner) = (vision.hidden_size, vision.intermediate_size);
    let mut tensors = linear(
        "visual.patch_embed.proj",
        width,
        vision.n_patch_value(),
        false,
    );
    for index in 0..vision.depth {
        let at = format!("visual.blocks.{index}");
        tensors.push((format!("{at}.norm1.weight"), vec![width]));
        tensors.push((format!("{at}.norm2.weight"), vec![width]));
        tensors.extend(linear(&format!("{at}.attn.qkv"), 3 * width, width, true));
        tensors.extend(linear(&format!("{at}.attn.proj"), width, width, true));
        tensors.extend(linear(&format!("{at}.mlp.gate_proj"), inner, width, true));
        tensors.extend(linear(&format!("{at}.mlp.up_proj"), inner, width, true));
        tensors.extend(linear(&format!("{at}.mlp.down_proj"), width, inner, true));
    }
    let group = width * vision.spatial_merge_size * vision.spatial_merge_size;
    tensors.push(("visual.merger.ln_q.weight".to_owned(), vec![width]));
    tensors.extend(linear("visual.merger.mlp.0", group, group, true));
    tensors.extend(linear(
        "visual.merger.mlp.2",
        config.hidden_size,
        group,
        true,
    ));
    tensors
}

fn text_tensors(config: &Config) -> Vec<(String, Vec<usize>)> {
    let (width, inner) = (config.hidden_size, config.intermediate_size);
    let kv_width = config.num_key_value_heads * config.head_dim;
    let mut tensors = linear("model.embed_tokens", config.vocab_size, width, false);
    for index in 0..config.num_hidden_layers {
        let at = format!("model.layers.{index}");
        tensors.push((format!("{at}.input_layernorm.weight"), vec![width]));
        tensors.push((format!("{at}.post_attention_layernorm.weight"), vec![width]));
        tensors.extend(linear(
            &format!("{at}.self_attn.q_proj"),
            width,
            width,
            true,
        ));
        tensors.extend(linear(
            &format!("{at}.self_attn.k_proj"),
            kv_width,
            width,
            true,
        ));
        tensors.extend(linear(
            &format!("{at}.self_attn.v_proj"),
            kv_width,
            width,
            true,
        ));
        tensors.extend(linear(
            &format!("{at}.self_attn.o_proj"),
            width,
            width,
            false,
        ));
        tensors.extend(linear(&format!("{at}.mlp.gate_proj"), inner, width, false));
        tensors.extend(linear(&format!("{at}.mlp.up_proj"), inner, width, false));
        tensors.extend(linear(&format!("{at}.mlp.down_proj"), width, inner, false));
    }
    tensors.push(("model.norm.weight".to_owned(), vec![width]));
    if !config.tie_word_embeddings {
        tensors.extend(linear("lm_head", config.vocab_size, width, false));
    }
    tensors
}
