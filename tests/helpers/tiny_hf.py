"""Tiny random models of every family that the encoder ``hf`` knows, saved as people have them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tiny_tokenizers import BOS, CHAT, EOS, PAD, PLACES, tokenizer, transformers

SIDE, DIM, FRAMES = 32, 24, 4

_ENCODER = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_LAYERS = {**_ENCODER, "intermediate_size": 48}
_TEXT = {
    **_LAYERS,
    "vocab_size": 64,
    "max_position_embeddings": PLACES,
    "pad_token_id": PAD,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
}
_VISION = {**_LAYERS, "image_size": SIDE, "patch_size": 8}
_JOINT = {"projection_dim": DIM}


def _clip(name: str, **more: Any) -> Any:
    """A config with two towers and a projection, as CLIP has it."""
    towers = {"text_config": _TEXT | _JOINT, "vision_config": _VISION | _JOINT}
    return getattr(transformers, f"{name}Config")(**towers, **_JOINT, **more)


def _altclip() -> Any:
    text = _TEXT | {"max_position_embeddings": PLACES + PAD + 1, "project_dim": 20, **_JOINT}
    return transformers.AltCLIPConfig(text_config=text, vision_config=_VISION, **_JOINT)


def _align() -> Any:
    vision = {
        "image_size": SIDE,
        "width_coefficient": 1.0,
        "depth_coefficient": 1.0,
        "hidden_dim": DIM,
        "num_block_repeats": [1, 1],
        "kernel_sizes": [3, 3],
        "in_channels": [32, 16],
        "out_channels": [16, 24],
        "strides": [1, 2],
        "expand_ratios": [1, 2],
        "depthwise_padding": [],
    }
    return transformers.AlignConfig(text_config=_TEXT, vision_config=vision, **_JOINT)


def _siglip(name: str = "Siglip", **vision: Any) -> Any:
    towers = {"text_config": _TEXT, "vision_config": _VISION | vision}
    return getattr(transformers, f"{name}Config")(**towers)


def _xclip() -> Any:
    vision = {**_VISION, "num_frames": FRAMES, "mit_hidden_size": DIM, "mit_num_hidden_layers": 1}
    vision |= {"mit_intermediate_size": 48, "mit_num_attention_heads": 2}
    return transformers.XCLIPConfig(
        text_config=_TEXT, vision_config=vision, prompt_layers=1, prompt_num_attention_heads=2,
        **_JOINT,
    )  # fmt: skip


def _flava() -> Any:
    parts: dict[str, Any] = {"text_config": _TEXT, "image_config": _VISION}
    return transformers.FlavaConfig(
        **parts, multimodal_config=_LAYERS, hidden_size=32, **_JOINT, init_codebook=False
    )


def _videoprism() -> Any:
    vision = {
        **_LAYERS,
        "image_size": SIDE,
        "tubelet_size": [1, 16, 16],
        "num_frames": FRAMES,
        "num_spatial_layers": 1,
        "num_temporal_layers": 1,
        "num_auxiliary_layers": 1,
    }
    return transformers.VideoPrismConfig(text_config=_TEXT, vision_config=vision)


def _qwen() -> Any:
    text = {
        **_LAYERS,
        "vocab_size": 64,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "max_position_embeddings": 256,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 2, 2]},
    }
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "patch_size": 8,
        "out_hidden_size": 32,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0],
    }
    ids = {f"{name}_token_id": CHAT[f"<|{said}|>"] for name, said in _CHAT_IDS.items()}
    return transformers.Qwen3VLConfig(text_config=text, vision_config=vision, **ids)


def _groupvit() -> Any:
    """Of a family that is not in the table."""
    vision = {**_VISION, "depths": [1, 1], "num_group_tokens": [4, 0], "num_output_groups": [4, 2]}
    return transformers.GroupViTConfig(
        text_config=_TEXT,
        vision_config=vision | {"num_hidden_layers": 2},
        projection_dim=DIM,
        projection_intermediate_dim=32,
    )


def _blip() -> Any:
    """Of a family that is not in the table, no row of whose captions is pooled."""
    text = {**_TEXT, "encoder_hidden_size": 32, "sep_token_id": EOS}
    return transformers.BlipConfig(text_config=text, vision_config=_VISION, **_JOINT)


_CHAT_IDS = {
    "image": "image_pad",
    "video": "video_pad",
    "vision_start": "vision_start",
    "vision_end": "vision_end",
}
SIDE_BY_SIDE = {"height": SIDE, "width": SIDE}
_CROPPED = {"size": {"shortest_edge": SIDE}, "crop_size": SIDE_BY_SIDE}


def _pixels(kind: str, **more: Any) -> dict[str, Any]:
    return {"image_processor_type": f"{kind}ImageProcessor", **more}


@dataclass(frozen=True)
class Tiny:
    """A family's smallest model.

    Attributes:
        config: makes its config.
        tokenizer: kind of its tokenizer.
        pixels: its ``preprocessor_config.json``.
    """

    config: Callable[[], Any]
    tokenizer: str
    pixels: dict[str, Any]


_QWEN_AREA = {"shortest_edge": 16 * 16, "longest_edge": 48 * 48}
MODELS = {
    "clip": Tiny(lambda: _clip("CLIP"), "clip", _pixels("CLIP", **_CROPPED)),
    "metaclip_2": Tiny(lambda: _clip("MetaClip2"), "clip", _pixels("CLIP", **_CROPPED)),
    "chinese_clip": Tiny(lambda: _clip("ChineseCLIP"), "clip", _pixels("ChineseCLIP", **_CROPPED)),
    "altclip": Tiny(_altclip, "clip", _pixels("CLIP", **_CROPPED)),
    "clipseg": Tiny(lambda: _clip("CLIPSeg"), "clip", _pixels("ViT", size=SIDE_BY_SIDE)),
    "align": Tiny(
        _align, "clip", _pixels("EfficientNet", size=SIDE_BY_SIDE, crop_size=SIDE_BY_SIDE)
    ),
    "siglip": Tiny(_siglip, "t5", _pixels("Siglip", size=SIDE_BY_SIDE)),
    "siglip2": Tiny(
        lambda: _siglip("Siglip2", num_patches=16),
        "gemma",
        _pixels("Siglip2", patch_size=8, max_num_patches=16),
    ),
    "xclip": Tiny(_xclip, "clip", _pixels("VideoMAE", **_CROPPED)),
    "aimv2": Tiny(lambda: _clip("Aimv2"), "clip", _pixels("CLIP", **_CROPPED)),
    "flava": Tiny(_flava, "clip", _pixels("Flava", size=SIDE_BY_SIDE, crop_size=SIDE_BY_SIDE)),
    "videoprism": Tiny(
        _videoprism,
        "bare",
        {
            "video_processor_type": "VideoPrismVideoProcessor",
            "size": SIDE_BY_SIDE,
            "do_normalize": False,
        }
        | {"do_center_crop": False},
    ),
    "qwen3_vl": Tiny(
        _qwen,
        "chat",
        _pixels("Qwen2VL", size=_QWEN_AREA, patch_size=8, temporal_patch_size=2, merge_size=2),
    ),
    "groupvit": Tiny(_groupvit, "clip", _pixels("CLIP", **_CROPPED)),
    "blip": Tiny(_blip, "clip", _pixels("Blip", size=SIDE_BY_SIDE)),
}
"""``model_type`` -> model."""


@functools.cache
def model(kind: str) -> Any:
    """The model of a kind, every weight drawn anew so that none is zero or one."""
    config = MODELS[kind].config()
    config._attn_implementation = "eager"
    made = transformers.MODEL_MAPPING[type(config)](config).eval()
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            noise = 0.2 * torch.randn(weight.shape, generator=random)
            weight.copy_(noise + (1.0 if "norm" in name and name.endswith("weight") else 0.0))
    return made


def save(kind: str, folder: Path) -> Path:
    """Save a model with its tokenizer and preprocessing."""
    folder.mkdir(parents=True, exist_ok=True)
    model(kind).save_pretrained(folder)
    tokenizer(MODELS[kind].tokenizer).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(MODELS[kind].pixels))
    return folder
