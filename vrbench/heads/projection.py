"""A projection: affine maps of both sides' tokens into one space, and the file that keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.files import replacing
from vrbench.runtime.inputs import as_text, reading
from vrbench.runtime.json_text import parse_json
from vrbench.runtime.npz import read_npz

FORMAT = "vrbench-projection"
VERSION = 1
PROBLEM = "is not a projection"
REMEDY = "give an .npz that vrbench train projection wrote"


@dataclass(frozen=True, eq=False)
class Affine:
    """``x @ matrix + offset`` for the tokens of one side.

    Attributes:
        matrix: (d, w) float64.
        offset: (w,) float64.
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]

    def __call__(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """(..., d) -> (..., w)."""
        return np.asarray(x, dtype=np.float64) @ self.matrix + self.offset

    def then(self, after: Affine) -> Affine:
        """Return the map that does this one and then another."""
        return Affine(self.matrix @ after.matrix, after(self.offset))


@dataclass(frozen=True, eq=False)
class Projection:
    """Maps of video and text tokens into one space, and what they were fitted on.

    Attributes:
        video: map of the video side.
        text: map of the text side.
        video_ids: the videos that it was fitted on.
        about: what made it: encoder, weights, choices, held-out scores; JSON values.
    """

    video: Affine
    text: Affine
    video_ids: frozenset[str]
    about: Mapping[str, Any]

    def save(self, path: Path) -> None:
        """Write ``path`` as npz, whole or not at all.

        Raises:
            InputError: it cannot be written.
        """
        arrays: dict[str, Any] = {
            "format": np.array(FORMAT),
            "version": np.array(VERSION),
            "video_matrix": self.video.matrix,
            "video_offset": self.video.offset,
            "text_matrix": self.text.matrix,
            "text_offset": self.text.offset,
            "video_ids": np.array(sorted(self.video_ids), dtype=str),
            "about": np.array(json.dumps(self.about, sort_keys=True)),
        }
        with replacing(path) as part, part.open("wb") as stream:
            np.savez(stream, **arrays)

    @classmethod
    def read(cls, path: Path) -> Projection:
        """Read what ``save`` wrote.

        Raises:
            InputError: the file is missing or is no projection.
        """
        if not path.exists():
            raise InputError(f"{path} does not exist: make it with vrbench train.")
        said = {"remedy": REMEDY, "problem": PROBLEM}
        arrays = read_npz(path, **said)
        with reading(path, **said):
            if (str(arrays["format"]), int(arrays["version"])) != (FORMAT, VERSION):
                raise ValueError("another format")
            about = parse_json(str(arrays["about"]), f"'about' in {path}", REMEDY)
            names = as_text(arrays["video_ids"], "video_ids", path)
            if not isinstance(about, dict) or names.ndim != 1 or names.dtype.kind != "U":
                raise ValueError("about or video_ids")
            video, text = (_affine(arrays, side) for side in ("video", "text"))
            if len(video.offset) != len(text.offset):
                raise ValueError("two widths")
            return cls(video, text, frozenset(names.tolist()), about)


def _affine(arrays: Mapping[str, NDArray[Any]], side: str) -> Affine:
    matrix, offset = arrays[f"{side}_matrix"], arrays[f"{side}_offset"]
    numbers = all(one.dtype.kind == "f" and np.isfinite(one).all() for one in (matrix, offset))
    if not numbers or matrix.ndim != 2 or offset.shape != matrix.shape[1:] or 0 in matrix.shape:
        raise ValueError(f"{side}_matrix {matrix.shape}, {side}_offset {offset.shape}")
    return Affine(matrix, offset)
