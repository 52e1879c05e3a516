"""What a feature file records of a model, besides the names and sha256 of its files."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

from vrbench.encoders.checkpoint import parts
from vrbench.encoders.hf.probing import Tried
from vrbench.encoders.session import sha256


def revision(weights: Path) -> str:
    """Return the SHA-256 of the weights; of shards the one of their SHA-256s, a line each."""
    hashes = [sha256(part) for part in parts(weights)]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def place(tried: Tried) -> str:
    """Return which row or mean is the pooled output; "none" where there is none."""
    return "none" if tried.found.how == "none" else f"{tried.found.place} of {tried.rows}"


def scale_and_bias(model: Any) -> dict[str, float]:
    """Return what multiplies cosines in the model, and what is added to them.

    AIMv2 bounds its scale; ALIGN has a temperature, which divides.
    """
    found: dict[str, float] = {}
    if (value := getattr(model, "logit_scale", None)) is not None:
        raw = float(value)
        if (bound := getattr(model, "max_log_logit_scale", None)) is not None:
            raw = min(max(raw, 0.0), float(bound))
        found["scale"] = math.exp(raw)
    elif (value := getattr(model, "temperature", None)) is not None:
        found["scale"] = 1 / float(value)
    if (value := getattr(model, "logit_bias", None)) is not None:
        found["bias"] = float(value)
    return found


def notes(name: str, captions: Tried, shown: Tried | None) -> list[str]:
    """Return remarks on sides of which only the global vector is written."""
    found = []
    if captions.found.how == "none":
        found.append(f"A caption's only token is its global vector ({name}: {captions.sentence}).")
    if shown is not None and shown.found.how == "none":
        found.append(f"A video's only token is its global vector ({name}: {shown.sentence}).")
    return found


def checks(name: str, captions: Tried, shown: Tried) -> list[str]:
    """Return what the checks at load found, a sentence a side."""
    return [f"{name}, captions: {captions.sentence}.", f"{name}, frames: {shown.sentence}."]
