"""A projection: affine maps of both sides' tokens into one space, and the file that keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.captions import Caption
from vrbench.encoders.base import Encoded, LoadedEncoder
from vrbench.errors import InputError
from vrbench.runtime.files import replacing
from vrbench.runtime.inputs import as_text, reading
from vrbench.runtime.json_text import parse_json
from vrbench.runtime.npz import read_npz
from vrbench.video import Clip

FORMAT = "vrbench-projection"
VERSION = 1
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
        said = {"remedy": REMEDY, "problem": "is not a projection"}
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


class ProjectedEncoder(LoadedEncoder):
    """An encoder whose tokens and global vectors go through a projection.

    Raises:
        InputError: the projection was fitted on tokens of another encoder or other weights.
    """

    def __init__(self, inner: LoadedEncoder, spec: str, projection: Projection) -> None:
        made_with = (projection.about.get("encoder"), projection.about.get("weights"))
        if made_with != (spec, dict(inner.weights)):
            raise InputError(
                f"The projection was fitted on tokens of {made_with[0]} with weights "
                f"{made_with[1]}, now the encoder is {spec} with {dict(inner.weights)}: train one "
                "for this encoder."
            )
        self._inner, self._projection = inner, projection
        self.weights, self.notes, self.device = inner.weights, inner.notes, inner.device
        self.text_batch = inner.text_batch
        # a logit scale belongs to the encoder's own space
        self.attrs = {key: value for key, value in inner.attrs.items() if key != "scale"}
        self.video_dim = self.text_dim = len(projection.video.offset)

    def video(self, clip: Clip) -> Encoded:
        """Encode a video, in the joint space."""
        return _mapped(self._inner.video(clip), self._projection.video)

    def text(self, caption: Caption) -> Encoded:
        """Encode a caption, in the joint space."""
        return self.texts([caption])[0]

    def texts(self, captions: Sequence[Caption]) -> list[Encoded]:
        """Encode captions of one video, in the joint space."""
        return [_mapped(item, self._projection.text) for item in self._inner.texts(captions)]


def _mapped(item: Encoded, by: Affine) -> Encoded:
    return replace(item, tokens=by(item.tokens), global_vector=by(item.global_vector))
