"""The benchmark's random-weight mini Qwen2.5-VL as a Hugging Face folder, from the harness's own numbers.
Usage: model.py HARNESS MINI OUT (MINI is the harness's vl-mini folder, for its tokenizer)"""
import json, os, shutil, struct, sys
import numpy as np

harness, mini, out = sys.argv[1:4]
sys.path.insert(0, os.path.join(harness, "models"))
import weights as W

VOCAB, LAYERS = 2048, 2
tensors = {}


def vec(name, values):
    tensors[name] = np.ascontiguousarray(values, np.float32)


def mat(name, keys, n_cols, scale=None, bias=True):
    """Matrices of the harness, [rows, n_cols] each by key, one below the other."""
    s = W.scale(n_cols) if scale is None else scale
    vec(f"{name}.weight", np.concatenate([(W.nib(k, n, n_cols).astype(np.float32) - 8) * s for k, n in keys]))
    if bias:
        vec(f"{name}.bias", np.concatenate([W.bias(k + "b", n) for k, n in keys]))


H, F = W.HID, W.FFN
mat("model.embed_tokens", [("embed", VOCAB)], H, W.EMBED_SCALE, bias=False)
mat("lm_head", [("head", VOCAB)], H, bias=False)
vec("model.norm.weight", np.ones(H))
for i in range(LAYERS):
    t, k = f"model.layers.{i}.", f"t.{i}."
    vec(t + "input_layernorm.weight", np.ones(H))
    vec(t + "post_attention_layernorm.weight", np.ones(H))
    for n, rows in (("q", W.NH * W.HD), ("k", W.NKV * W.HD), ("v", W.NKV * W.HD)):
        mat(f"{t}self_attn.{n}_proj", [(k + n, rows)], H)
    mat(t + "self_attn.o_proj", [(k + "o", H)], W.NH * W.HD, bias=False)
    mat(t + "mlp.gate_proj", [(k + "gate", F)], H, bias=False)
    mat(t + "mlp.up_proj", [(k + "up", F)], H, bias=False)
    mat(t + "mlp.down_proj", [(k + "down", H)], F, bias=False)

V, VF = W.VH, W.VFF
vec("visual.patch_embed.proj.weight", W.dense("patch", (V, 3, 2, 14, 14), 1 / 34))
for i in range(W.VLAYERS):
    b, k = f"visual.blocks.{i}.", f"v.{i}."
    vec(b + "norm1.weight", np.ones(V))
    vec(b + "norm2.weight", np.ones(V))
    mat(b + "attn.qkv", [(k + n, V) for n in "qkv"], V)
    mat(b + "attn.proj", [(k + "o", V)], V)
    mat(b + "mlp.gate_proj", [(k + "gate", VF)], V)
    mat(b + "mlp.up_proj", [(k + "up", VF)], V)
    mat(b + "mlp.down_proj", [(k + "down", V)], VF)
M = V * W.MERGE**2
vec("visual.merger.ln_q.weight", np.ones(V))
mat("visual.merger.mlp.0", [("m0", M)], M)
mat("visual.merger.mlp.2", [("m2", H)], M)

os.makedirs(out, exist_ok=True)
header, offset = {}, 0
for name, values in tensors.items():
    header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [offset, offset + values.nbytes]}
    offset += values.nbytes
text = json.dumps(header).encode()
with open(os.path.join(out, "model.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    for values in tensors.values():
        file.write(values.tobytes())


def write(name, value):
    with open(os.path.join(out, name), "w") as file:
        json.dump(value, file)


for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "preprocessor_config.json"):
    shutil.copy(os.path.join(mini, name), out)
ids = {n: json.load(open(os.path.join(mini, "config.json")))[n] for n in (
    "image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id", "bos_token_id", "eos_token_id")}
write("config.json", {
    "architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl", "hidden_act": "silu",
    "hidden_size": H, "intermediate_size": F, "num_hidden_layers": LAYERS, "num_attention_heads": W.NH,
    "num_key_value_heads": W.NKV, "vocab_size": VOCAB, "max_position_embeddings": 4096, "rms_norm_eps": W.EPS,
    "rope_theta": W.THETA, "rope_scaling": {"type": "mrope", "mrope_section": W.SECTIONS},
    "tie_word_embeddings": False, **ids,
    "vision_config": {
        "depth": W.VLAYERS, "hidden_act": "silu", "hidden_size": V, "intermediate_size": VF, "num_heads": W.VNH,
        "in_chans": 3, "out_hidden_size": H, "patch_size": 14, "spatial_merge_size": W.MERGE, "spatial_patch_size": 14,
        "temporal_patch_size": 2, "tokens_per_second": 2, "window_size": 112, "fullatt_block_indexes": [1]},
})
write("chat_template.json", {"chat_template": "{% for m in messages %}<|im_start|>{% if m.content is string %}{{ m.content }}"
    "{% else %}{% for c in m.content %}{% if c.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ c.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>{% endfor %}"})
