"""Arrays to import: of one vector an item, padded and packed; and the import of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.importing.to_features import import_arrays

N, L, D = 5, 4, 3


def vectors(seed: int, *shape: int, dtype: str = "float32") -> NDArray[Any]:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def mask() -> NDArray[np.bool_]:
    """Holes at the beginning, in between and at the end."""
    rows = ["1111", "0101", "1001", "0010", "1110"]
    return np.array([[c == "1" for c in row] for row in rows])


def padded() -> dict[str, Any]:
    video = vectors(0, N, L, D)
    video[~mask()] = np.nan
    return {
        "video_tokens": video,
        "video_mask": mask(),
        "video_ids": [f"v{i}" for i in range(N)],
        "video_global": vectors(1, N, D),
        "text_tokens": vectors(2, N + 2, L, D),
        "text_mask": np.ones((N + 2, L), dtype=np.int64),
        "text_video": [0, 0, 0, 1, 2, 3, 4],
        "captions": [f"é {i}" for i in range(N + 2)],
    }


def packed() -> dict[str, Any]:
    changes = {}
    for side in ("video", "text"):
        rows = padded()[f"{side}_mask"].astype(bool)
        changes[f"{side}_tokens"] = padded()[f"{side}_tokens"][rows]
        changes[f"{side}_offsets"] = np.cumsum([0, *rows.sum(axis=1)])
        changes[f"{side}_mask"] = None
    return padded() | changes


def plain() -> dict[str, Any]:
    return {"video": vectors(0, N, D), "text": vectors(1, N, D)}


def save(path: Path, arrays: Mapping[str, Any], **changes: Any) -> Path:
    np.savez(path, **{k: v for k, v in {**arrays, **changes}.items() if v is not None})
    return path


def brought(tmp_path: Path, arrays: Mapping[str, Any], **options: Any) -> Path:
    """Import arrays through an npz."""
    source = save(tmp_path / "arrays.npz", arrays)
    return import_arrays(source, tmp_path / "f.h5", overwrite=True, **options)


def changed(array: Any, index: Any, value: Any) -> NDArray[Any]:
    copy: NDArray[Any] = np.array(array)
    copy[index] = value
    return copy
