"""Families of models with a text tower and an image or video tower: a row of the table each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CHAT = (
    "<|im_start|>system\n{instruction}<|im_end|>\n<|im_start|>user\n{caption}<|im_end|>\n"
    "<|im_start|>assistant\n"
)
"""The conversation in which Qwen3-VL's embedders read everything; the last row is pooled."""
INSTRUCTION = "Represent the user's input."
"""Its default instruction."""


@dataclass(frozen=True)
class Family:
    """How models of one family give rows of the joint space.

    Attributes:
        name: as people call it.
        types: ``model_type`` in ``config.json``.
        words: formulas of heads that may map a caption's rows; the first is taken that reproduces
            the pooled output.
        pooled_word: which row of a caption is pooled in these models.
        tower: ``images``: a vector a frame; ``rows``: the frames of a video together, whose rows
            average to it (``mit``); ``video``: the frames together, one vector; ``chat``: a
            conversation with a frame, or with a caption.
        frame: what a frame's token is.
        patches: formulas of heads that may map a frame's other rows, as ``words``.
        pooled_patch: which of these rows is pooled.
        padded: captions are filled up to all places of the text tower, and those are attended:
            the models were trained so, and give other vectors without.
        template: what stands around a caption; ``{instruction}`` and ``{caption}`` are replaced.
    """

    name: str
    types: tuple[str, ...]
    words: tuple[str, ...]
    pooled_word: str
    frame: str
    tower: Literal["images", "rows", "video", "chat"] = "images"
    patches: tuple[str, ...] = ()
    pooled_patch: str = ""
    padded: bool = False
    template: str = ""


_PROJECTED = ("text_projection(h)",)
_CLS = "projected [CLS] row"
_CLIP = ("visual_projection(post_layernorm(h))",)
_EOS, _FIRST, _LAST, _MEAN = "row of EOS", "first row", "last row", "mean of the rows"


def _as_clip(name: str, kind: str, pooled_word: str) -> Family:
    return Family(name, (kind,), _PROJECTED, pooled_word, _CLS, patches=_CLIP, pooled_patch=_FIRST)


def _as_siglip(name: str, kind: str) -> Family:
    head = ("text_model.head(h)",)
    return Family(name, (kind,), head, _LAST, "attention pooling", padded=True)


FAMILIES = (
    _as_clip("CLIP", "clip", _EOS),
    _as_clip("MetaCLIP 2", "metaclip_2", _EOS),
    _as_clip("ChineseCLIP", "chinese_clip", _FIRST),
    _as_clip("AltCLIP", "altclip", _FIRST),
    _as_clip("CLIPSeg", "clipseg", _EOS),
    Family(
        "ALIGN",
        ("align",),
        _PROJECTED,
        _FIRST,
        "mean of the feature map",
        patches=("cells of h",),
        pooled_patch=_MEAN,
    ),
    _as_siglip("SigLIP, SigLIP 2 of fixed size", "siglip"),
    _as_siglip("SigLIP 2 NaFlex", "siglip2"),
    Family("X-CLIP", ("xclip",), _PROJECTED, _EOS, "row of `mit`, which sees all frames", "rows"),
    Family("AIMv2", ("aimv2",), _PROJECTED, _EOS, "attention pooling, projected"),
    Family(
        "FLAVA",
        ("flava",),
        _PROJECTED,
        _FIRST,
        _CLS,
        patches=("image_projection(h)",),
        pooled_patch=_FIRST,
    ),
    Family(
        "VideoPrism",
        ("videoprism",),
        ("l2(h)",),
        _LAST,
        "none: the video is pooled by attention",
        "video",
    ),
    Family(
        "Qwen3-VL embeddings",
        ("qwen3_vl",),
        ("norm(h)",),
        _LAST,
        "last row of a conversation with the frame",
        "chat",
        patches=("norm(h)",),
        pooled_patch=_LAST,
        template=CHAT,
    ),
)

OTHER = Family(
    "any other",
    (),
    ("text_projection(h)", "text_model.head(h)", "h"),
    "what the check finds",
    "what the model pools",
    patches=(*_CLIP, "visual_projection(h)", "image_projection(h)", "cells of h", "h"),
    pooled_patch="what the check finds",
)
"""Of models that have ``get_text_features`` and ``get_image_features``, and are none of these."""


def family_of(kind: str) -> Family:
    """Return the family of a ``model_type``."""
    return next((family for family in FAMILIES if kind in family.types), OTHER)
