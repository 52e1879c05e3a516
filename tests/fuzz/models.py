"""Sound files of encoders, and their readers: weights, dictionaries, tokenizers, configs."""

from __future__ import annotations

import contextlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.mutate import Files
from fuzz.seeds import made


@cache
def weights() -> tuple[Files, ...]:
    import torch
    from hostile_files import script
    from safetensors.torch import save_file

    state = {"a.weight": torch.ones(2, 3), "b": torch.zeros(4, dtype=torch.float16)}
    index = {"weight_map": {"a.weight": "w.safetensors", "b": "w.safetensors"}}

    def sharded(folder: Path) -> None:
        save_file(state, folder / "w.safetensors")
        (folder / "w.safetensors.index.json").write_text(json.dumps(index))

    return (
        made(sharded),
        made(lambda f: torch.save({"state_dict": state, "epoch": 1}, f / "w.pt")),
        made(lambda f: torch.save(state, f / "w.pth", _use_new_zipfile_serialization=False)),
        made(lambda f: script(torch.nn.Linear(2, 3), f / "s.pt")),
    )


@cache
def dictionaries() -> tuple[Files, ...]:
    words = np.array(["a", "cat", "café"])
    return (made(lambda f: np.save(f / "s3d_dict.npy", words)),)


@cache
def tokenizers() -> tuple[Files, ...]:
    import gzip

    from tiny_onnx import write_models

    ends = {"<|startoftext|>": 6, "<|endoftext|>": 7, "a": 0, "b": 1, "b</w>": 2, "ab</w>": 3}
    return (
        made(lambda f: write_models(f)),
        {"vocab.json": json.dumps(ends).encode(), "merges.txt": b"#version: 0.2\na b</w>\n"},
        {"bpe_simple_vocab_16e6.txt.gz": gzip.compress(b"#version\na b\nab c</w>\n")},
    )


@cache
def clip_configs() -> tuple[Files, ...]:
    tower = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = {
        "model_type": "clip",
        "text_config": {**tower, "vocab_size": 10, "intermediate_size": 8},
        "vision_config": {**tower, "image_size": 32, "patch_size": 16, "hidden_act": "gelu"},
        "projection_dim": 8,
    }
    pixels = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.2, 0.2, 0.2]}
    towers = {"text_cfg": {"heads": 1}, "vision_cfg": {"head_width": 64}, "quick_gelu": True}
    other = {"model_cfg": towers, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.2] * 3}}
    files = {"config.json": config, "preprocessor_config.json": pixels}
    return (
        {name: json.dumps(value).encode() for name, value in files.items()},
        {"open_clip_config.json": json.dumps(other).encode()},
    )


@cache
def two_towers() -> tuple[Files, ...]:
    from functools import partial

    return tuple(made(partial(_save_towers, name=name)) for name in ("CLIP", "Siglip"))


def _save_towers(folder: Path, name: str) -> None:
    """Save a model of transformers, its tokenizer and its preprocessing."""
    from tiny_tokenizers import EOS, PLACES, tokenizer, transformers

    tower = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    tower |= {"num_attention_heads": 1, "projection_dim": 4}
    text = {**tower, "vocab_size": 16, "max_position_embeddings": PLACES, "eos_token_id": EOS}
    vision = {**tower, "image_size": 32, "patch_size": 16}
    config = getattr(transformers, f"{name}Config")(
        text_config={**text, "bos_token_id": 1}, vision_config=vision, projection_dim=4
    )
    getattr(transformers, f"{name}Model")(config).save_pretrained(folder)
    tokenizer("clip").save_pretrained(folder)
    pixels = {"image_processor_type": f"{name}ImageProcessor", "size": {"height": 32, "width": 32}}
    pixels["crop_size"] = pixels["size"]
    (folder / "preprocessor_config.json").write_text(json.dumps(pixels))


@cache
def shapes() -> dict[str, Any]:
    """Return what the shapes of a CLIP's weights are read from."""
    import torch

    def empty(*shape: int) -> Any:
        return torch.empty(shape, device="meta")

    embeddings, first = "embeddings", "encoder.layers.0.mlp.fc1.weight"
    return {
        f"vision_model.{embeddings}.patch_embedding.weight": empty(64, 3, 16, 16),
        f"vision_model.{embeddings}.position_embedding.weight": empty(5, 64),
        f"text_model.{embeddings}.token_embedding.weight": empty(10, 64),
        f"text_model.{embeddings}.position_embedding.weight": empty(8, 64),
        f"vision_model.{first}": empty(8, 64),
        f"text_model.{first}": empty(8, 64),
        "visual_projection.weight": empty(8, 64),
    }


def read_weights(folder: Path) -> None:
    from vrbench.encoders.checkpoint import read_tensors, weights_files

    for path in weights_files(folder):
        read_tensors(path)


def read_tokenizer(folder: Path) -> None:
    from vrbench.encoders.clip.words import read_words
    from vrbench.encoders.session import Session, encode, read_tokenizer
    from vrbench.errors import InputError

    if (folder / "tokenizer.json").exists():
        with contextlib.suppress(InputError):
            path = folder / "tokenizer.json"
            encode(read_tokenizer(path, 16), "a cat", path)
        Session(folder / "vision.onnx", "tokens", "cpu")
    else:
        read_words(folder)("a cat", 8)


def read_clip_config(folder: Path) -> None:
    from vrbench.encoders.clip.config import config_of
    from vrbench.encoders.clip.pixels import read_pixels
    from vrbench.encoders.clip.weights import _config
    from vrbench.errors import InputError

    with contextlib.suppress(InputError):
        read_pixels(folder, 32, "transformers")
    _config(config_of(shapes(), folder)[0], folder / "config.json", 1000)


def read_two_towers(folder: Path) -> None:
    from vrbench.encoders.hf import Hf

    Hf().load(folder)


def read_dictionary(folder: Path) -> None:
    from vrbench.encoders.s3d.words import read_dictionary

    read_dictionary(folder / "s3d_dict.npy")
