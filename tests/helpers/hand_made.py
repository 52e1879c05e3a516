"""Feature files written without vrbench, as somebody else's code would, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

VIDEO_IDS = ["v0", "v1", "v2"]
TEXT_IDS = ["t0", "t1", "t2", "t3"]


def arrays() -> dict[str, Any]:
    """The least that a feature file holds: 3 videos of 2, 1 and 3 tokens, 4 texts of 1 each."""
    random = np.random.default_rng(0)
    return {
        "video/ids": VIDEO_IDS,
        "video/tokens": random.standard_normal((6, 4)).astype(np.float32),
        "video/offsets": np.array([0, 2, 3, 6]),
        "text/ids": TEXT_IDS,
        "text/tokens": random.standard_normal((4, 4)).astype(np.float32),
        "text/offsets": np.arange(5),
        "text/video": np.array([0, 0, 1, 2]),
    }


def write_by_hand(
    path: Path, changes: Mapping[str, Any] | None = None, attrs: Mapping[str, Any] | None = None
) -> Path:
    """Write the least, with some arrays changed, added or (None) left out."""
    with h5py.File(path, "w") as file:
        for name, value in (arrays() | dict(changes or {})).items():
            if value is not None:
                file[name] = value
        file.attrs.update(attrs or {})
    return path


def nan_at(name: str, *index: int) -> dict[str, Any]:
    """A change that makes one number of an array NaN."""
    changed = arrays()[name].copy()
    changed[index] = np.nan
    return {name: changed}


def contents(path: Path) -> dict[str, Any]:
    """Everything in an HDF5 file, as plain values."""
    found: dict[str, Any] = {}

    def visit(name: str, thing: Any) -> None:
        if isinstance(thing, h5py.Dataset):
            found[name] = (str(thing.dtype), thing[()].tolist())

    with h5py.File(path) as file:
        file.visititems(visit)
        found |= {f"@{key}": value for key, value in file.attrs.items()}
    return found
