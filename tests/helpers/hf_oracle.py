"""What a model of transformers itself gives for captions and frames, by other ways than vrbench."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tiny_hf
import tiny_tokenizers
import torch
from numpy.typing import NDArray
from tiny_tokenizers import transformers

Rows = NDArray[np.float32]

MASKED = ("videoprism", "qwen3_vl")
"""Whose captions the library fills up on the right and masks; so do these tests for all."""


def text_inputs(kind: str, folder: Path, text: str) -> dict[str, Any]:
    """Ids and mask, filled up to all places, as the library's processors do."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    length = {"max_length": tiny_tokenizers.PLACES, "padding": "max_length", "truncation": True}
    found = tokenizer(text, return_tensors="pt", **length)
    siglip = kind.startswith("siglip")
    return {name: found[name] for name in ("input_ids", *(() if siglip else ("attention_mask",)))}


def pixels(kind: str, images: Sequence[Any]) -> dict[str, Any]:
    """What the library's processor for Pillow gives."""
    settings = dict(tiny_hf.MODELS[kind].pixels)
    name = settings.pop("image_processor_type", "CLIPImageProcessor")
    settings.pop("video_processor_type", None)
    found = getattr(transformers, f"{name}Pil")(**settings)(images=images, return_tensors="pt")
    taken = ("pixel_values", "pixel_attention_mask", "spatial_shapes")
    return {key: found[key] for key in taken if key in found}


def text_embedding(kind: str, folder: Path, text: str) -> Rows:
    """The pooled output for a caption, from the model's forward where that has it (length 1)."""
    model, inputs = tiny_hf.model(kind), text_inputs(kind, folder, text)
    with torch.inference_mode():
        if kind in ("xclip", "flava", "blip"):
            found = model.get_text_features(**inputs).pooler_output
            return np.asarray((found[:, 0] if kind == "flava" else found)[0])
        blank = torch.zeros(1, 3, tiny_hf.SIDE, tiny_hf.SIDE)
        if kind == "videoprism":
            frames = blank[None].repeat(1, tiny_hf.FRAMES, 1, 1, 1)
            return np.asarray(model(**inputs, pixel_values_videos=frames).text_embeds[0])
        more: dict[str, Any] = {"pixel_values": blank}
        if kind == "siglip2":
            more = pixels(kind, [_blank()])
        return np.asarray(model(**inputs, **more).text_embeds[0])


def image_embeddings(kind: str, folder: Path, images: Sequence[Any]) -> Rows:
    """The pooled outputs for frames, from the model's forward where that has them (length 1)."""
    model, inputs = tiny_hf.model(kind), pixels(kind, images)
    with torch.inference_mode():
        if kind == "flava":
            return np.asarray(model.get_image_features(**inputs).pooler_output[:, 0])
        return np.asarray(model(**text_inputs(kind, folder, "a cat"), **inputs).image_embeds)


def video_embedding(kind: str, folder: Path, images: Sequence[Any]) -> Rows:
    """The model's own vector of a video (length 1)."""
    frames = pixels(kind, images)["pixel_values"].reshape(1, -1, 3, tiny_hf.SIDE, tiny_hf.SIDE)
    name = "pixel_values" if kind == "xclip" else "pixel_values_videos"
    with torch.inference_mode():
        found = tiny_hf.model(kind)(**text_inputs(kind, folder, "a cat"), **{name: frames})
    return np.asarray(found.video_embeds[0])


def chat(text: str, folder: Path, image: Any = None, instruction: str = "") -> tuple[Rows, Rows]:
    """Rows (l, h) of Qwen3-VL's conversation after the final norm, and before."""
    model = tiny_hf.model("qwen3_vl")
    said = instruction or "Represent the user's input."
    more: dict[str, Any] = {}
    if image is not None:
        settings = {k: v for k, v in tiny_hf.MODELS["qwen3_vl"].pixels.items() if "type" not in k}
        found = transformers.Qwen2VLImageProcessorPil(**settings)(
            images=[image], return_tensors="pt"
        )
        more = {name: found[name] for name in ("pixel_values", "image_grid_thw")}
        cells = int(found["image_grid_thw"].prod()) // 4
        text = f"<|vision_start|>{'<|image_pad|>' * cells}<|vision_end|>"
    whole = (
        f"<|im_start|>system\n{said}<|im_end|>\n<|im_start|>user\n{text}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    inputs = transformers.AutoTokenizer.from_pretrained(folder)(whole, return_tensors="pt")
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    if image is not None:
        more["mm_token_type_ids"] = (ids == model.config.image_token_id).int()
    with torch.inference_mode():
        kept: list[Any] = []
        hook = model.language_model.norm.register_forward_pre_hook(lambda _, x: kept.append(x[0]))
        rows = model(input_ids=ids, attention_mask=mask, **more).last_hidden_state[0]
        hook.remove()
    return np.asarray(rows), np.asarray(kept[0][0])


def _blank() -> Any:
    from PIL import Image

    return Image.new("RGB", (64, 64))


def unit(rows: Rows) -> Rows:
    """Rows scaled to length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))
