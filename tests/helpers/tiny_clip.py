"""A tiny random CLIP, saved in every form that people have one in."""

from __future__ import annotations

import gzip
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

transformers: Any = pytest.importorskip("transformers")

MERGES = [("c", "a"), ("ca", "t</w>"), ("s", "i"), ("t", "s</w>"), ("si", "ts</w>"), ("d", "o")]
LETTERS = [
    *map(chr, [*range(33, 127), *range(161, 173), *range(174, 256)]),
    *map(chr, range(256, 324)),
]
WORDS = [
    *LETTERS,
    *(f"{letter}</w>" for letter in LETTERS),
    *("".join(pair) for pair in MERGES),
    "<|startoftext|>",
    "<|endoftext|>",
]
VOCABULARY = {word: place for place, word in enumerate(WORDS)}
SIZE, PATCHES, DIM, PLACES = 32, 16, 24, 40
State = dict[str, Tensor]


def tiny_clip(seed: int = 0) -> Any:
    """Two layers a tower, image heads 64 wide; every weight is a number that halves can hold."""
    shared = {"num_hidden_layers": 2, "intermediate_size": 96, "projection_dim": DIM}
    vision = {"hidden_size": 128, "num_attention_heads": 2, "image_size": SIZE, "patch_size": 8}
    text = {
        "hidden_size": 64,
        "num_attention_heads": 1,
        "vocab_size": len(WORDS),
        "max_position_embeddings": PLACES,
        "bos_token_id": len(WORDS) - 2,
        "eos_token_id": len(WORDS) - 1,
    }
    config = transformers.CLIPConfig(
        text_config=text | shared, vision_config=vision | shared, projection_dim=DIM
    )
    model = transformers.CLIPModel(config).eval()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = 0.1 * torch.randn(weight.shape, generator=random)
            base = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            weight.copy_((base + noise).half() if name != "logit_scale" else torch.tensor(4.5))
    return model


def tokenizer() -> Any:
    """transformers' own tokenizer over the tiny vocabulary."""
    return transformers.CLIPTokenizer(vocab=VOCABULARY, merges=MERGES)


def save_tokenizer_json(folder: Path) -> None:
    tokenizer().backend_tokenizer.save(str(folder / "tokenizer.json"))


def save_vocabulary(folder: Path) -> None:
    (folder / "vocab.json").write_text(json.dumps(VOCABULARY), encoding="utf-8")
    lines = ["#version: 0.2", *map(" ".join, MERGES)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def save_bpe(folder: Path) -> None:
    text = "\n".join(['"bpe_simple_vocab_16e6.txt#version: 0.2', *map(" ".join, MERGES), ""])
    (folder / "bpe_simple_vocab_16e6.txt.gz").write_bytes(gzip.compress(text.encode()))


def openai_state(model: Any, block: tuple[str, ...] = ("attn", "ln_1", "mlp", "ln_2")) -> State:
    """OpenAI's names; ``block`` is the order of a block's parts, theirs unless said otherwise."""
    s: State = model.state_dict()
    new: State = {}
    for theirs, tower in (("visual.", "vision_model"), ("", "text_model")):
        for layer in range(2):
            old = f"{tower}.encoder.layers.{layer}"
            for part in block:
                values = _part(s, old, part)
                new |= {f"{theirs}transformer.resblocks.{layer}.{k}": v for k, v in values.items()}
    vision, text = "vision_model.embeddings", "text_model.embeddings"
    for name, norm in (
        ("visual.ln_pre", "vision_model.pre_layrnorm"),
        ("visual.ln_post", "vision_model.post_layernorm"),
        ("ln_final", "text_model.final_layer_norm"),
    ):
        new |= {f"{name}.{kind}": s[f"{norm}.{kind}"] for kind in ("weight", "bias")}
    return new | {
        "visual.class_embedding": s[f"{vision}.class_embedding"],
        "visual.positional_embedding": s[f"{vision}.position_embedding.weight"],
        "visual.conv1.weight": s[f"{vision}.patch_embedding.weight"],
        "visual.proj": s["visual_projection.weight"].T.contiguous(),
        "token_embedding.weight": s[f"{text}.token_embedding.weight"],
        "positional_embedding": s[f"{text}.position_embedding.weight"],
        "text_projection": s["text_projection.weight"].T.contiguous(),
        "logit_scale": s["logit_scale"],
    }


def _part(s: State, old: str, part: str) -> State:
    new: State = {}
    for kind in ("weight", "bias"):
        if part == "attn":
            qkv = [s[f"{old}.self_attn.{which}_proj.{kind}"] for which in "qkv"]
            new[f"attn.in_proj_{kind}"] = torch.cat(qkv)
            new[f"attn.out_proj.{kind}"] = s[f"{old}.self_attn.out_proj.{kind}"]
        elif part == "mlp":
            new[f"mlp.c_fc.{kind}"] = s[f"{old}.mlp.fc1.{kind}"]
            new[f"mlp.c_proj.{kind}"] = s[f"{old}.mlp.fc2.{kind}"]
        else:
            new[f"{part}.{kind}"] = s[f"{old}.layer_norm{part[-1]}.{kind}"]
    return new


def save_transformers(model: Any, folder: Path) -> Path:
    save_tokenizer_json(folder)
    model.save_pretrained(folder)
    return folder


def save_transformers_bin(model: Any, folder: Path) -> Path:
    save_vocabulary(folder)
    model.config.save_pretrained(folder)
    old = {"text_model.embeddings.position_ids": torch.arange(PLACES)[None]}
    torch.save(model.state_dict() | old, folder / "pytorch_model.bin")
    return folder


def save_openai(model: Any, folder: Path) -> Path:
    save_bpe(folder)
    torch.save({k: v.half() for k, v in openai_state(model).items()}, folder / "tiny.pt")
    return folder / "tiny.pt"


class Holder(nn.Module):
    """Whatever is put into it, and a forward that TorchScript can see."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def save_archive(model: Any, folder: Path) -> Path:
    save_vocabulary(folder)
    root = Holder()
    for name, value in openai_state(model).items():
        owner: nn.Module = root
        *path, last = name.split(".")
        for step in path:
            if step not in dict(owner.named_children()):
                owner.add_module(step, Holder())
            owner = dict(owner.named_children())[step]
        owner.register_parameter(last, nn.Parameter(value.half(), requires_grad=False))
    for name, number in (("input_resolution", SIZE), ("context_length", PLACES)):
        root.register_buffer(name, torch.tensor(number))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        trace: Any = torch.jit.trace
        trace(root, torch.ones(1)).save(str(folder / "tiny.pt"))
    return folder


def save_open_clip(model: Any, folder: Path) -> Path:
    """A training checkpoint of open_clip, whose blocks begin with the first norm."""
    save_bpe(folder)
    state = openai_state(model, ("ln_1", "attn", "ln_2", "mlp"))
    config = {
        "model_cfg": {"quick_gelu": True, "vision_cfg": {"width": 128}, "text_cfg": {"heads": 1}}
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    wrapped = {f"module.{name}": value for name, value in state.items()}
    torch.save({"epoch": 3, "name": "run", "state_dict": wrapped}, folder / "epoch_3.pt")
    return folder / "epoch_3.pt"


def save_clip4clip(model: Any, folder: Path) -> Path:
    save_vocabulary(folder)
    state = {f"clip.{name}": value for name, value in openai_state(model).items()}
    state["frame_position_embeddings.weight"] = torch.ones(4, 3)
    state |= {f"transformerClip.resblocks.0.ln_1.{k}": torch.ones(3) for k in ("weight", "bias")}
    torch.save(state, folder / "pytorch_model.bin.4")
    return folder


FORMATS: dict[str, Callable[[Any, Path], Path]] = {
    "transformers": save_transformers,
    "transformers-bin": save_transformers_bin,
    "openai": save_openai,
    "archive": save_archive,
    "open_clip": save_open_clip,
    "clip4clip": save_clip4clip,
}
"""Each saves a model with its tokenizer in a folder and returns what --weights would name."""
