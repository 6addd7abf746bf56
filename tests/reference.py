"""Makes `tests/fixtures`: small Qwen2.5-VL checkpoints with random weights, and what `transformers` computes with them.

    python3 tests/reference.py --out tests/fixtures

The numbers are exact targets for the engine: image preprocessing, vision tower, positions, language model, greedy
decoding, attention on the image, the three shares, sampling filters. The texts are meaningless. The tokenizer is
trained on `corpus.txt` in the output folder, so nothing here comes from a published model. Names and meanings of the
tensors are those of `oracle/README.md`; new are

* `shares` F32 [steps, 3]: what of the attention goes to the image, the question and the generated tokens, see `shares`;
* `cases/<case>.resized.N.png`: image N after conversion to RGB and resizing (the oracle's `resized_u8.N`);
* `min_pixels`, `max_pixels` in a case's JSON: limits that replace those of `preprocessor_config.json`;
* `sampling.json`: greedy decoding with a repetition penalty, and what top-k and top-p leave of one step's logits.

Pinned: Python 3.11.7, torch 2.15.0 (CPU), transformers 4.57.6, tokenizers 0.22.2, safetensors 0.8.0, Pillow 13.0.0,
numpy 2.4.6, Jinja2 3.1.6. Two runs on one machine give the same bytes; another machine may change the last bits.
"""

import argparse
import json
import math
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    LogitsProcessorList,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)
from transformers.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VLImageProcessor, smart_resize

STEPS = 6
# A lead below this could be turned by rounding noise of a correct implementation (bound on logits: 2e-3, thrice on a GPU).
MIN_MARGIN = 0.02
N_TOKENS = 600
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL_TOKENS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip
TEXT_TOKENS = [
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>", "<|file_sep|>",
]  # fmt: skip
CHAT_TEMPLATE = """
{%- for message in messages -%}
    {%- if loop.first and message['role'] != 'system' -%}
        {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' -}}
    {%- endif -%}
    {{- '<|im_start|>' + message['role'] + '\\n' -}}
    {%- if message['content'] is string -%}
        {{- message['content'] -}}
    {%- else -%}
        {%- for part in message['content'] -%}
            {%- if part['type'] == 'image' -%}
                {{- '<|vision_start|><|image_pad|><|vision_end|>' -}}
            {%- elif 'text' in part -%}
                {{- part['text'] -}}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
""".strip()


# ---------------------------------------------------------------- tokenizer


def train_tokenizer(corpus: Path) -> Tokenizer:
    """Byte-level BPE with Qwen2's normaliser and split pattern; the 22 added tokens follow the learned ones."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False)
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=N_TOKENS - len(SPECIAL_TOKENS) - len(TEXT_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus.read_text(encoding="utf-8").splitlines(), trainer)
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIAL_TOKENS])
    tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in TEXT_TOKENS])
    assert tokenizer.get_vocab_size() == N_TOKENS, "the corpus is too small for the vocabulary"
    return tokenizer


def tokenizer_config(tokenizer: Tokenizer) -> dict:
    """`tokenizer_config.json`, without the chat template."""
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    return {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(tokenizer.token_to_id(t)): {"content": t, **flags, "special": t in SPECIAL_TOKENS}
            for t in SPECIAL_TOKENS + TEXT_TOKENS
        },
        "additional_special_tokens": SPECIAL_TOKENS[1:],
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 131072,
        "pad_token": "<|endoftext|>",
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }


# ---------------------------------------------------------------- checkpoints


def token_ids(tokenizer: Tokenizer) -> dict:
    """The special ids of `config.json`."""
    return {
        "vision_start_token_id": tokenizer.token_to_id("<|vision_start|>"),
        "vision_end_token_id": tokenizer.token_to_id("<|vision_end|>"),
        "vision_token_id": tokenizer.token_to_id("<|vision_pad|>"),
        "image_token_id": tokenizer.token_to_id("<|image_pad|>"),
        "video_token_id": tokenizer.token_to_id("<|video_pad|>"),
    }


def text_config(tokenizer: Tokenizer, **sizes) -> dict:
    """The language model's part of `config.json`."""
    return {
        "attention_dropout": 0.0,
        "bos_token_id": tokenizer.token_to_id("<|endoftext|>"),
        "eos_token_id": tokenizer.token_to_id("<|im_end|>"),
        "hidden_act": "silu",
        "initializer_range": 0.02,
        "max_position_embeddings": 4096,
        "sliding_window": 4096,
        "use_cache": True,
        "use_sliding_window": False,
        **sizes,
    }


def vision_config(**sizes) -> dict:
    """The vision tower's part of `config.json`."""
    return {
        "hidden_act": "silu",
        "in_chans": 3,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "spatial_patch_size": 14,
        "window_size": 112,
        "tokens_per_second": 2,
        "temporal_patch_size": 2,
        **sizes,
    }


def tied_config(tokenizer: Tokenizer) -> dict:
    """Flat layout, tied head, one file; no width is a multiple of 32."""
    text = text_config(
        tokenizer, hidden_size=72, intermediate_size=100, num_hidden_layers=3, max_window_layers=3,
        num_attention_heads=3, num_key_value_heads=1, vocab_size=611, rms_norm_eps=1e-6, rope_theta=1000000.0,
        rope_scaling={"type": "mrope", "mrope_section": [3, 4, 5]},
    )  # fmt: skip
    vision = vision_config(
        depth=3, hidden_size=48, intermediate_size=44, num_heads=2, out_hidden_size=72, fullatt_block_indexes=[1]
    )
    top = {"architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl"}
    return {**top, **token_ids(tokenizer), "tie_word_embeddings": True, **text, "vision_config": vision}


def untied_config(tokenizer: Tokenizer) -> dict:
    """`text_config` layout, separate head, two shards, another eps and rotary base, grouped queries."""
    text = text_config(
        tokenizer, hidden_size=64, intermediate_size=96, num_hidden_layers=2, max_window_layers=2,
        num_attention_heads=4, num_key_value_heads=2, vocab_size=624, rms_norm_eps=1e-5, rope_theta=500000.0,
        rope_scaling={"rope_type": "default", "mrope_section": [2, 3, 3]},
    )  # fmt: skip
    text |= {"model_type": "qwen2_5_vl_text", "tie_word_embeddings": False}
    vision = vision_config(
        depth=3, hidden_size=32, intermediate_size=60, num_heads=2, out_hidden_size=64, fullatt_block_indexes=[0, 2]
    )
    top = {"architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl"}
    tied = {"tie_word_embeddings": False}
    return {**top, **token_ids(tokenizer), **tied, "text_config": text, "vision_config": vision}


def random_weights(config: dict, seed: int) -> dict:
    """BF16 Gaussian tensors by their newer names (`model.visual.*`), strong enough to amplify any mistake."""
    model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**config))
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, parameter in sorted(model.named_parameters()):
        value = random_tensor(name, parameter.shape, generator)
        weights[name] = value.to(torch.bfloat16).contiguous()
    return weights


def random_tensor(name: str, shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """Small embeddings and a large final norm: else a tied head repeats its last token. Rows without text never win."""
    noise = torch.randn(shape, generator=generator)
    if name.endswith("bias"):
        return 0.2 * noise
    if len(shape) == 1:
        return (1.0 + 0.2 * noise) * (4.0 if name.endswith("language_model.norm.weight") else 1.0)
    if "embed_tokens" in name or "lm_head" in name:
        noise[N_TOKENS:] *= 0.05
        return 0.1 * noise
    gain = 1.5 if any(part in name for part in ("q_proj", "k_proj", "qkv")) else 1.0
    return noise * gain / math.sqrt(shape[1:].numel())


def published_names(weights: dict) -> dict:
    """The names of the published checkpoints: `visual.*` and `model.*`."""
    renamed = {}
    for name, value in weights.items():
        name = name.replace("model.language_model.", "model.").replace("model.visual.", "visual.")
        renamed[name] = value
    return renamed


def write_shards(folder: Path, weights: dict) -> None:
    """Two shards and the index that says which tensor is where; the border falls inside the language model."""
    names = sorted(weights)
    cut = len(names) // 3
    shards = {
        "model-00001-of-00002.safetensors": names[:cut],
        "model-00002-of-00002.safetensors": names[cut:],
    }
    for file, members in shards.items():
        save_file({name: weights[name] for name in members}, folder / file, metadata={"format": "pt"})
    index = {
        "metadata": {"total_size": sum(value.numel() * 2 for value in weights.values())},
        "weight_map": {name: file for file, members in shards.items() for name in members},
    }
    write_json(folder / "model.safetensors.index.json", index)


def write_checkpoint(folder: Path, tokenizer: Tokenizer, tied: bool, seed: int) -> None:
    """One Hugging Face folder. The two differ in every layout that the loader has to know."""
    folder.mkdir(parents=True)
    config = tied_config(tokenizer) if tied else untied_config(tokenizer)
    weights = random_weights(config, seed)
    if tied:
        save_file(published_names(weights), folder / "model.safetensors", metadata={"format": "pt"})
    else:
        write_shards(folder, weights)
    write_json(folder / "config.json", config | {"torch_dtype": "bfloat16"})
    write_json(folder / "generation_config.json", generation_config(tokenizer, tied))
    write_json(folder / "preprocessor_config.json", preprocessor_config(12845056 if tied else 8 * 28 * 28))
    write_tokenizer(folder, tokenizer, tied)


def write_tokenizer(folder: Path, tokenizer: Tokenizer, tied: bool) -> None:
    """Merges as strings and the template in its own file, or merges as pairs and the template in the tokenizer's."""
    content = json.loads(tokenizer.to_str())
    config = tokenizer_config(tokenizer)
    if tied:
        content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
        write_json(folder / "chat_template.json", {"chat_template": CHAT_TEMPLATE})
    else:
        config["chat_template"] = CHAT_TEMPLATE
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    write_json(folder / "tokenizer_config.json", config)


def generation_config(tokenizer: Tokenizer, tied: bool) -> dict:
    """Two end tokens; greedy in one folder, sampling defaults in the other."""
    end = [tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")]
    sampling = {"do_sample": True, "temperature": 0.7, "top_k": 20, "top_p": 0.8}
    config = {"bos_token_id": end[1], "pad_token_id": end[1], "eos_token_id": end, "repetition_penalty": 1.0}
    return config | ({"do_sample": False} if tied else sampling)


def preprocessor_config(max_pixels: int) -> dict:
    """`preprocessor_config.json` with the CLIP constants."""
    return {
        "min_pixels": 3136,
        "max_pixels": max_pixels,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2_5_VLProcessor",
    }


# ---------------------------------------------------------------- images


def draw_shapes(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Circle, square and triangle; with an alpha channel the background is transparent and the circle half so."""
    image = Image.new("RGB", (width, height), (232, 228, 214))
    draw = ImageDraw.Draw(image)
    side = min(width, height) // 2
    draw.ellipse([3, 3, side, side], fill=(200, 40, 30))
    draw.rectangle([width - side, height // 3, width - 4, height // 3 + side // 2], fill=(30, 60, 190))
    draw.polygon([(4, height - 3), (side, height - 3), (side // 2, height - side)], fill=(30, 150, 70))
    if mode == "RGBA":
        red = np.asarray(image, dtype=np.int32)
        background = (red == (232, 228, 214)).all(axis=2)
        circle = (red == (200, 40, 30)).all(axis=2)
        alpha = np.where(background, 0, np.where(circle, 120, 255)).astype(np.uint8)
        image.putalpha(Image.fromarray(alpha))
    return image.convert(mode)


def draw_waves(width: int, height: int) -> Image.Image:
    """Smooth colours with a period that resampling has to keep."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = [np.sin(x / 7.0 + y / 19.0), np.cos(x / 23.0 - y / 5.0), np.sin((x + y) / 11.0)]
    return Image.fromarray(np.stack([(c * 110 + 128) for c in channels], axis=2).astype(np.uint8))


def draw_checker(width: int, height: int, cell_px: int) -> Image.Image:
    """Grey cells, dark and light."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.where((x // cell_px + y // cell_px) % 2 == 0, 40, 215).astype(np.uint8))


def write_images(folder: Path) -> None:
    """Every kind of picture that the engine has to read, and the JPEG as Pillow decodes it."""
    folder.mkdir(parents=True)
    images = {
        "shapes_112x84.png": draw_shapes(112, 84),
        "shapes_131x97.png": draw_shapes(131, 97, "RGBA"),
        "shapes_257x201.png": draw_shapes(257, 201),
        "palette_98x70.png": draw_shapes(98, 70).quantize(16),
        "grey_140x126.png": draw_checker(140, 126, 9),
        "waves_150x40.png": draw_waves(150, 40),
        "checker_320x31.png": draw_checker(320, 31, 5),
        "pixel_1x1.png": Image.new("RGB", (1, 1), (180, 90, 30)),
    }
    for name, image in images.items():
        image.save(folder / name)
    draw_waves(84, 56).save(folder / "waves_84x56.jpg", quality=80)
    Image.open(folder / "waves_84x56.jpg").convert("RGB").save(folder / "waves_84x56.decoded.png")


def read_rgb(path: Path) -> Image.Image:
    """Palettes and greys expanded, transparency composited over white."""
    image = Image.open(path).convert("RGBA")
    page = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(page, image).convert("RGB")


def resize(image: Image.Image, limits: dict) -> Image.Image:
    """Pillow's antialiased bicubic, to the size that the library's `smart_resize` says.

    Columns first, then rows, 8 bits in between: what one call did up to Pillow 12. Pillow 13 starts with the rows where
    these shrink and the columns grow, which gives other bytes.
    """
    height, width = smart_resize(image.height, image.width, 28, limits["min_pixels"], limits["max_pixels"])
    columns = image.resize((width, image.height), Image.Resampling.BICUBIC)
    return columns.resize((width, height), Image.Resampling.BICUBIC)


# ---------------------------------------------------------------- cases


def user(*parts) -> dict:
    """A user turn: an int is an image's number, a str is text."""
    content = [{"type": "image", "image": p} if isinstance(p, int) else {"type": "text", "text": p} for p in parts]
    return {"role": "user", "content": content}


def system(text: str) -> dict:
    """A system message as one string."""
    return {"role": "system", "content": text}


def case_list() -> list:
    """All cases, in the order of the index."""
    tied, untied = "f-tied", "f-untied"
    two_turns = [
        system("Count the shapes."),
        user(0, "How many shapes are there?"),
        {"role": "assistant", "content": "Three shapes."},
        user("Look again. ", 1, "And here?"),
    ]
    return [
        case("t01_one_image", tied, ["shapes_112x84.png"], [user(0, "How many circles are there?")]),
        case("t02_two_images", tied, ["palette_98x70.png", "grey_140x126.png"], [user("A:", 0, " B:", 1, "Compare.")]),
        case("t03_text_only", tied, [], [user("What is 3 + 4?")]),
        case("t04_many_windows", tied, ["shapes_257x201.png"], [user(0, "Describe the shapes.")]),
        case("t05_alpha_odd", tied, ["shapes_131x97.png"], [user(0, "What lies behind the circle?")]),
        case("t06_multi_turn", tied, ["pixel_1x1.png", "shapes_112x84.png"], two_turns),
        case("t07_jpeg", tied, ["waves_84x56.jpg"], [user("Which colours? ", 0)]),
        case("u01_one_image", untied, ["shapes_112x84.png"], [user(0, "How many squares are there?")]),
        case("u02_two_strips", untied, ["checker_320x31.png", "waves_150x40.png"], [user(0, 1, "Which is wider?")]),
        case("u03_unicode", untied, ["palette_98x70.png"],
             [system("答案是七。"), user(0, "Wie viele Wu\u0308rfel 🔴? 图中有几个圆形？\n\n  It'S 42 <tool_call>")]),
        case("u04_empty_system", untied, [], [system(""), user("user<|im_end|> Don't guess.")]),
        case("u05_max_pixels", untied, ["shapes_257x201.png"], [user(0, "Describe.")], max_pixels=15 * 28 * 28),
        case("u06_min_pixels", untied, ["pixel_1x1.png"], [user(0, "One pixel?")], min_pixels=6 * 28 * 28),
    ]  # fmt: skip


def case(name: str, checkpoint: str, images: list, messages: list, **limits) -> dict:
    """One case as the index and the case's JSON state it."""
    return {"name": name, "checkpoint": checkpoint, "images": images, "messages": messages, **limits}


class Reference:
    """A checkpoint folder as `transformers` reads it: eager attention, f32."""

    def __init__(self, folder: Path):
        self.model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        self.tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        template = folder / "chat_template.json"
        source = template if template.exists() else folder / "tokenizer_config.json"
        self.template = json.loads(source.read_text(encoding="utf-8"))["chat_template"]
        self.preprocessor = json.loads((folder / "preprocessor_config.json").read_text())
        generation = json.loads((folder / "generation_config.json").read_text())
        self.end_ids = generation["eos_token_id"]

    def render(self, messages: list) -> str:
        """The prompt as text, one `<|image_pad|>` per image."""
        return self.tokenizer.apply_chat_template(
            messages, chat_template=self.template, tokenize=False, add_generation_prompt=True
        )

    def encode(self, prompt: str, n_image_tokens: list) -> torch.Tensor:
        """Ids [1, T], with image i's placeholder repeated `n_image_tokens[i]` times."""
        pieces = prompt.split("<|image_pad|>")
        expanded = pieces[0]
        for n_tokens, piece in zip(n_image_tokens, pieces[1:], strict=True):
            expanded += "<|image_pad|>" * n_tokens + piece
        return torch.tensor([self.tokenizer.encode(expanded, add_special_tokens=False)])

    def limits(self, spec: dict) -> dict:
        """Pixel limits of a case."""
        return {key: spec.get(key, self.preprocessor[key]) for key in ("min_pixels", "max_pixels")}

    def pixels(self, images: list) -> dict:
        """`pixel_values` and `image_grid_thw` of resized pictures."""
        if not images:
            return {}
        keys = ("patch_size", "temporal_patch_size", "merge_size", "image_mean", "image_std")
        processor = Qwen2VLImageProcessor(do_resize=False, **{key: self.preprocessor[key] for key in keys})
        return dict(processor(images=images, return_tensors="pt"))

    def generate(self, ids: torch.Tensor, pixels: dict, steps: int, penalty: float = 1.0):
        """Greedy decoding with everything the library can report."""
        self.model.model.rope_deltas = None
        return self.model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), **pixels, max_new_tokens=steps,
            do_sample=False, temperature=None, top_k=None, top_p=None, repetition_penalty=penalty,
            eos_token_id=self.end_ids, pad_token_id=self.end_ids[-1], return_dict_in_generate=True,
            output_logits=True, output_scores=True, output_attentions=True,
        )  # fmt: skip


def margin(scores: torch.Tensor) -> float:
    """The smallest lead of a winning token over the runner-up."""
    best = scores.topk(2, dim=-1).values
    return float((best[:, 0] - best[:, 1]).min())


def head_means(output) -> list:
    """Attention of the query that produced token k over all keys so far: one tensor [layers, keys] per step."""
    return [torch.stack([layer[0, :, -1, :].mean(dim=0) for layer in step]) for step in output.attentions]


def attention_tensors(reference: Reference, ids: torch.Tensor, prompt: str, rows: list) -> dict:
    """The shares, and the oracle's three attention tensors where there is an image."""
    is_image = ids == reference.model.config.image_token_id
    first, is_question = question_mask(reference, ids, prompt)
    result = {"shares": shares(rows, first, is_image, is_question)}
    if not is_image.any():
        return result
    on_image = torch.stack([row[:, : len(ids)][:, is_image] for row in rows])
    per_layer = on_image.sum(dim=2)
    return result | {
        "attn_image_tokens": on_image.mean(dim=1),
        "attn_image_mass_per_layer": per_layer,
        "attn_image_mass": per_layer.mean(dim=1),
    }


def question_mask(reference: Reference, ids: torch.Tensor, prompt: str) -> tuple:
    """First key that counts, and which prompt tokens are the question.

    With an image: everything from the first image token on counts, and the question is what follows the first
    `<|vision_end|>`, without image and vision tokens. Without: the content of the first user message and all that
    follows is both.
    """
    config = reference.model.config
    position = torch.arange(ids.numel())
    images = (ids == config.image_token_id).nonzero()
    if len(images) == 0:
        header = "<|im_start|>user\n"
        before = prompt[: prompt.index(header) + len(header)]
        first = len(reference.tokenizer.encode(before, add_special_tokens=False))
        return first, position >= first
    first_end = int((ids == config.vision_end_token_id).nonzero()[0])
    question = position > first_end
    for marker in (config.image_token_id, config.vision_start_token_id, config.vision_end_token_id):
        question &= ids != marker
    return int(images[0]), question


def shares(rows: list, first: int, is_image: torch.Tensor, is_question: torch.Tensor) -> torch.Tensor:
    """[steps, 3]: image, question, generated. Per layer the head mean's ratio to all keys from `first` on, then the mean."""
    n_prompt = is_image.numel()
    result = []
    for row in rows:
        prompt, generated = row[:, :n_prompt], row[:, n_prompt:]
        parts = torch.stack([prompt[:, is_image].sum(1), prompt[:, is_question].sum(1), generated.sum(1)], dim=1)
        result.append((parts / row[:, first:].sum(dim=1, keepdim=True)).mean(dim=0))
    return torch.stack(result)


@torch.no_grad()
def run_case(reference: Reference, spec: dict, images: list, steps: int = STEPS) -> tuple:
    """Tensors and readable facts of one case; `images` are the resized pictures."""
    prompt = reference.render(spec["messages"])
    pixels = reference.pixels(images)
    grid = pixels.get("image_grid_thw")
    ids = reference.encode(prompt, [int(g.prod()) // 4 for g in pixels.get("image_grid_thw", [])])
    output = reference.generate(ids, pixels, steps)
    generated = output.sequences[0, ids.shape[1] :]
    positions, delta = reference.model.model.get_rope_index(ids, grid)
    tensors = {
        "input_ids": ids[0].int(),
        "position_ids": positions[:, 0].int(),
        "decode_position_ids": (ids.shape[1] + torch.arange(len(generated) - 1) + int(delta)).int(),
        "logits": torch.stack(output.logits)[:, 0],
        "generated_ids": generated.int(),
        **attention_tensors(reference, ids[0], prompt, head_means(output)),
        **vision_tensors(reference, pixels),
    }
    return tensors, {"prompt": prompt, "rope_delta": int(delta), **readable_facts(reference, tensors)}


def readable_facts(reference: Reference, tensors: dict) -> dict:
    """What a person wants to see of a case without a program."""
    ids, generated, logits = tensors["input_ids"], tensors["generated_ids"], tensors["logits"]
    grid = tensors["image_grid_thw"].tolist() if "image_grid_thw" in tensors else []
    return {
        "n_prompt_tokens": len(ids),
        "n_image_tokens": int((ids == reference.model.config.image_token_id).sum()),
        "image_grid_thw": grid,
        "resized_hw": [[14 * rows, 14 * columns] for _, rows, columns in grid],
        "generated_ids": generated.tolist(),
        "generated_text": reference.tokenizer.decode(generated, skip_special_tokens=False),
        "stopped_on_eos": int(generated[-1]) in reference.end_ids,
        "min_top1_top2_margin": round(margin(logits), 6),
        "logits_std": round(float(logits.std()), 5),
    }


def vision_tensors(reference: Reference, pixels: dict) -> dict:
    """Merger output, and one row of the model's input (the resized pictures determine the others)."""
    if not pixels:
        return {}
    values = pixels["pixel_values"]
    embeds = reference.model.model.get_image_features(values, pixels["image_grid_thw"])
    chosen = torch.tensor([len(values) - 2])
    return {
        "image_grid_thw": pixels["image_grid_thw"].int(),
        "vision_embeds": torch.cat(list(embeds)),
        "pixel_values_rows": chosen.int(),
        "pixel_values_sample": values[chosen],
    }


def write_case(out: Path, reference: Reference, spec: dict) -> None:
    """Tensors, facts and resized pictures of one case."""
    limits = reference.limits(spec)
    images = [resize(read_rgb(out / "images" / name), limits) for name in spec["images"]]
    tensors, facts = run_case(reference, spec, images)
    lead = facts["min_top1_top2_margin"]
    assert lead >= MIN_MARGIN, f"{spec['name']}: a choice leads by only {lead}; take another seed"
    assert max(facts["generated_ids"]) < N_TOKENS, f"{spec['name']}: a row without text won; take another seed"
    cases = out / "cases"
    for number, image in enumerate(images):
        image.save(cases / f"{spec['name']}.resized.{number}.png")
    save_file({name: t.contiguous() for name, t in tensors.items()}, cases / f"{spec['name']}.safetensors")
    write_json(cases / f"{spec['name']}.json", spec | facts)


# ---------------------------------------------------------------- sampling


def penalised(out: Path, reference: Reference, spec: dict, penalty: float) -> dict:
    """Greedy ids under a repetition penalty, which counts prompt and answer."""
    images = [resize(read_rgb(out / "images" / name), reference.limits(spec)) for name in spec["images"]]
    pixels = reference.pixels(images)
    n_image_tokens = [int(grid.prod()) // 4 for grid in pixels.get("image_grid_thw", [])]
    ids = reference.encode(reference.render(spec["messages"]), n_image_tokens)
    output = reference.generate(ids, pixels, 2 * STEPS, penalty)
    lead = margin(torch.cat(output.scores))
    assert lead >= MIN_MARGIN, f"{spec['name']}: under the penalty a choice leads by only {lead}; take another seed"
    generated = output.sequences[0, ids.shape[1] :].tolist()
    return {"case": spec["name"], "repetition_penalty": penalty, "generated_ids": generated}


def filtered(out: Path, name: str, step: int, **settings) -> dict:
    """What the library's processors leave of one row of a case's logits, most probable token first.

    `history` = the prompt and the tokens before this step: the ids that the penalty counts.
    """
    tensors = load_file(out / "cases" / f"{name}.safetensors")
    history = torch.cat([tensors["input_ids"], tensors["generated_ids"][:step]]).long()
    steps = LogitsProcessorList()
    makers = {
        "repetition_penalty": RepetitionPenaltyLogitsProcessor,
        "temperature": TemperatureLogitsWarper,
        "top_k": TopKLogitsWarper,
        "top_p": TopPLogitsWarper,
    }
    for key, make in makers.items():
        if key in settings:
            steps.append(make(settings[key]))
    probabilities = steps(history[None], tensors["logits"][step][None].clone())[0].softmax(dim=-1)
    kept = sorted(((float(p), i) for i, p in enumerate(probabilities) if p > 0), key=lambda pair: (-pair[0], pair[1]))
    return {
        "case": name,
        "step": step,
        **settings,
        "kept_ids": [i for _, i in kept],
        "probabilities": [round(p, 8) for p, _ in kept],
    }


def write_sampling(out: Path, references: dict, specs: list) -> None:
    """`sampling.json`."""
    by_name = {spec["name"]: spec for spec in specs}
    names = ("t01_one_image", "t03_text_only", "u01_one_image")
    greedy = [penalised(out, references[by_name[n]["checkpoint"]], by_name[n], 1.2) for n in names]
    filters = [
        filtered(out, "t01_one_image", 0, temperature=0.7, top_k=20, top_p=0.8),
        filtered(out, "t01_one_image", 3, temperature=1.5, top_k=20, top_p=0.95),
        filtered(out, "t03_text_only", 2, temperature=2.0, top_k=7),
        filtered(out, "u01_one_image", 1, temperature=2.0, top_p=0.6),
        filtered(out, "u01_one_image", 4, repetition_penalty=1.2, temperature=1.3, top_k=30, top_p=0.9),
    ]
    write_json(out / "sampling.json", {"greedy": greedy, "filters": filters})


# ---------------------------------------------------------------- main


def write_json(path: Path, value) -> None:
    """One readable file; ASCII, so that no tool can change its characters."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def clean(out: Path) -> None:
    """Removes what an earlier run wrote; the corpus stays."""
    for folder in ("checkpoints", "images", "cases"):
        shutil.rmtree(out / folder, ignore_errors=True)
    (out / "cases").mkdir(parents=True)


def main() -> None:
    """Writes all fixtures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "fixtures")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    corpus = out / "corpus.txt"
    if not corpus.exists():
        corpus = Path(__file__).parent / "fixtures" / "corpus.txt"
    clean(out)
    tokenizer = train_tokenizer(corpus)
    write_images(out / "images")
    write_checkpoint(out / "checkpoints" / "f-tied", tokenizer, tied=True, seed=3)
    write_checkpoint(out / "checkpoints" / "f-untied", tokenizer, tied=False, seed=2)
    specs = case_list()
    references = {name: Reference(out / "checkpoints" / name) for name in ("f-tied", "f-untied")}
    for spec in specs:
        write_case(out, references[spec["checkpoint"]], spec)
    write_json(out / "cases" / "index.json", {"cases": specs})
    write_sampling(out, references, specs)


if __name__ == "__main__":
    main()
