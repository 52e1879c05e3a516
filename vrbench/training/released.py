"""Weights to begin with: of a head file, or of a released checkpoint by its own names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.encoders.checkpoint import read_tensors
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.heads import HeadSpec
from vrbench.heads.file import KEY, load, read_safetensors
from vrbench.heads.head import SCALE, digest
from vrbench.training.settings import TrainingSettings

_BEFORE = re.compile(r"^(?:module\.)?(?:clip\.(?=logit_scale$))?")
"""What data-parallel training and CLIP4Clip put before names."""


def start_weights(path: Path, spec: HeadSpec) -> dict[str, NDArray[Any]]:
    """Return the weights that a file has for heads, as ``HEAD.NAME``, and its logit scale.

    A head file has these names already. CLIP4Clip and DRL call the weights of ``temporal``
    ``frame_position_embeddings...`` and ``transformerClip...``, DRL those of ``wti``
    ``text_weight_fc...`` and ``video_weight_fc...``, X-CLIP and UCoFiA those of ``xclip`` and
    ``ucofia`` ``global_mat_weight``, ``visual_token_selector...`` and so on; what else is in a
    checkpoint is passed over.

    Raises:
        InputError: the file cannot be read, or lacks a weight of one of the heads.
    """
    tensors = {_BEFORE.sub("", name): value for name, value in read_tensors(path).items()}
    found: dict[str, NDArray[Any]] = {}
    for head, part in spec.parts.items():
        named = {
            name: name if name.startswith(f"{head}.") else _prefixed(head, part.own_name(name))
            for name in tensors
        }
        mine = {own: tensors[name] for name, own in named.items() if own is not None}
        if not mine:
            raise InputError(
                f"{path} has no weights of the head '{head}': give a head file that has it, or "
                "a checkpoint with the names of its release."
            )
        lacking = sorted({f"{head}.{own}" for own in part.shapes()} - mine.keys())
        if lacking:
            raise InputError(
                f"{path} has weights of the head '{head}', but not '{lacking[0]}': give a whole "
                "one, or name the head as the file has it."
            )
        found |= {name: value.float().numpy() for name, value in mine.items()}
    if SCALE in tensors and tensors[SCALE].numel() == 1:
        found[SCALE] = np.asarray(tensors[SCALE].float().numpy()).reshape(())
    return found


def _prefixed(head: str, name: str | None) -> str | None:
    return None if name is None else f"{head}.{name}"


def seen_before(path: Path) -> Mapping[str, Any]:
    """Return what a head says of its training; a checkpoint says nothing.

    Raises:
        InputError: it is a head file that cannot be used.
    """
    try:
        about, *_ = read_safetensors(path, KEY, "is no head", "give another")
    except InputError:
        return {}  # of another format
    return {} if about is None else load(path).about


def validated_before(
    before: Mapping[str, Any], features: Features, settings: TrainingSettings, held: Iterable[str]
) -> int:
    """Return how many validation videos a head may have been trained on.

    Args:
        before: what the head says of its training.
        features: of the training that begins with it.
        settings: of that training.
        held: ids of its validation videos; where the head had the same ones, those that it had
            begun with a head for.
    """
    had = (before.get("settings") or {}).get("validation"), before.get("seed")
    same = (before.get("features") or {}).get("sha256") == features.sha256()
    if same and had == (settings.validation, settings.seed):
        return int(before.get("validation_seen") or 0)
    known = set(before.get("train_ids", ()))
    return sum(digest(one) in known for one in held)
