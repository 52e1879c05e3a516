"""Maps of tokens at extraction: of a projection file, or of a head that is affine."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from vrbench.datasets.captions import Caption
from vrbench.encoders.base import Encoded, LoadedEncoder
from vrbench.errors import InputError
from vrbench.heads.base import Side
from vrbench.heads.file import load
from vrbench.heads.head import Head, digest, of_part
from vrbench.heads.projection import PROBLEM, REMEDY, Affine, Projection
from vrbench.runtime.inputs import reading
from vrbench.runtime.opened import OpenedFile
from vrbench.video import Clip


@dataclass(frozen=True, eq=False)
class Maps:
    """One affine map a side, and what was seen when they were fitted.

    Attributes:
        video: map of the video side.
        text: map of the text side.
        seen: digests of the videos that they were fitted on, and of those that validated.
        about: what made them; ``encoder``, ``weights`` and ``projection`` of the features.
    """

    video: Affine
    text: Affine
    seen: frozenset[str]
    about: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a projection, or a head of ``projection`` and ``linear``.

        Raises:
            InputError: the file is missing, or is neither; or the head has other parts.
        """
        with reading(path, REMEDY, PROBLEM), OpenedFile(path) as opened:
            is_head = (opened.read(9) or b"")[8:] == b"{"  # safetensors: behind the header's size
        return cls.of_head(load(path)) if is_head else cls.of_projection(Projection.read(path))

    @classmethod
    def of_projection(cls, projection: Projection) -> Self:
        """Return the maps of a projection."""
        seen = frozenset(digest(video) for video in projection.video_ids)
        return cls(projection.video, projection.text, seen, projection.about)

    @classmethod
    def of_head(cls, head: Head) -> Self:
        """Return what the parts of a head come to, one after the other, in float64.

        Raises:
            InputError: a part is more than an affine map of each token.
        """
        return cls(_affine(head, "video"), _affine(head, "text"), head.video_ids, head.about)

    def saw(self, video: str) -> bool:
        """Whether a video was one of those that they were fitted on."""
        return digest(video) in self.seen


def _affine(head: Head, side: Side) -> Affine:
    """Return ``x (W1^T W2^T) + (b1 W2^T + b2)`` of a side, and so on."""
    from vrbench.heads.kinds.linear import Linear
    from vrbench.heads.kinds.projection import ClosedProjection

    steps = []
    for name, part in head.spec.parts.items():
        if type(part) not in (ClosedProjection, Linear):
            raise InputError(
                f"{head.name} is {head.spec.spec}, and '{name}' is no affine map of each token: "
                "extract without it, and give it to eval --head."
            )
        weights = of_part(name, head.weights)
        matrix, offset = weights[f"{side}.weight"].T, weights[f"{side}.bias"]
        steps.append(Affine(matrix.astype(np.float64), offset.astype(np.float64)))
    return functools.reduce(Affine.then, steps)


class MappedEncoder(LoadedEncoder):
    """An encoder whose tokens and global vectors go through maps.

    Raises:
        InputError: the maps were fitted on tokens of another encoder or other weights, or on tokens
            that another projection had mapped.
    """

    def __init__(self, inner: LoadedEncoder, spec: str, maps: Maps) -> None:
        made_with = (maps.about.get("encoder"), maps.about.get("weights"))
        if made_with != (spec, dict(inner.weights)):
            raise InputError(
                f"The projection was fitted on tokens of {made_with[0]} with weights "
                f"{made_with[1]}, now the encoder is {spec} with {dict(inner.weights)}: train one "
                "for this encoder."
            )
        if maps.about.get("projection"):
            raise InputError(
                "The head was trained behind another projection: train one on features that were "
                "extracted without --projection."
            )
        self._inner, self._maps = inner, maps
        self.weights, self.notes, self.device = inner.weights, inner.notes, inner.device
        self.text_batch, self.checks, self.limits = inner.text_batch, inner.checks, inner.limits
        # logit scale and bias belong to the encoder's own space
        self.attrs = {k: value for k, value in inner.attrs.items() if k not in ("scale", "bias")}
        self.video_dim = self.text_dim = len(maps.video.offset)

    def video(self, clip: Clip) -> Encoded:
        """Encode a video, in the joint space."""
        return _mapped(self._inner.video(clip), self._maps.video)

    def text(self, caption: Caption) -> Encoded:
        """Encode a caption, in the joint space."""
        return self.texts([caption])[0]

    def texts(self, captions: Sequence[Caption]) -> list[Encoded]:
        """Encode captions of one video, in the joint space."""
        return [_mapped(item, self._maps.text) for item in self._inner.texts(captions)]


def _mapped(item: Encoded, by: Affine) -> Encoded:
    return replace(item, tokens=by(item.tokens), global_vector=by(item.global_vector))
