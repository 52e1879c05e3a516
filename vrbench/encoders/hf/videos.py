"""Videos through the image or video tower: a token a frame, and a frame's patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

from vrbench.encoders.base import Encoded
from vrbench.encoders.hf.checking import Rows, distance
from vrbench.encoders.hf.frames import Frames
from vrbench.encoders.hf.heads import HEADS
from vrbench.encoders.hf.probing import Tried, numbers
from vrbench.encoders.hf.towers import Towers
from vrbench.encoders.pooled import mean_direction
from vrbench.errors import InputError
from vrbench.video import Clip

Kind = Literal["frames", "patches"]

FRAMES_AT_ONCE = 32
"""Frames in one pass of the image tower, always of one video."""


class VideoSide:
    """The video side of a loaded model.

    Attributes:
        tried: what was found at load.

    Raises:
        InputError: patches are asked for, and none lie in the joint space.
    """

    def __init__(self, towers: Towers, frames: Frames, tried: Tried, kind: Kind) -> None:
        self.tried = tried
        self._towers, self._frames, self._kind = towers, frames, kind
        if kind == "patches" and (towers.places or tried.found.how == "none"):
            raise InputError(
                f"Models of the family {towers.family.name} have no patches in the joint space "
                f"({tried.sentence}): use tokens=frames."
            )

    @property
    def tokens(self) -> str:
        """What a video's tokens are: ``frames``, ``patches`` or ``global``."""
        whole = self._towers.places and self.tried.found.how == "none"
        return "global" if whole else self._kind

    def __call__(self, clip: Clip) -> Encoded:
        """Encode the frames of a video.

        Raises:
            InputError: the video tower takes another number of frames together.
        """
        if self._towers.places:
            return self._together(clip)
        encoded = list(self._each(clip.images))
        frames = np.concatenate([pooled for pooled, _ in encoded])
        whole = mean_direction(frames)
        numbers_of = np.array(clip.numbers, dtype=np.int64)
        if self._kind == "frames":
            return Encoded(frames, whole, frame=numbers_of)
        tokens, frame, level = [], [], []
        patches = (rows for _, several in encoded for rows in several)
        for number, own, rows in zip(numbers_of, frames, patches, strict=True):
            tokens += [own[None], rows]
            frame += [number] * (1 + len(rows))
            level += [0, *[1] * len(rows)]
        return Encoded(
            np.concatenate(tokens),
            whole,
            frame=np.array(frame, dtype=np.int64),
            level=np.array(level, dtype=np.uint8),
        )

    def _each(self, images: Sequence[Any]) -> Iterator[tuple[Rows, list[Rows]]]:
        """Yield the pooled outputs (n, d) of some frames, and the patches (l, d) of each."""
        most = 1 if self._towers.family.tower == "chat" else FRAMES_AT_ONCE
        for start in range(0, len(images), most):
            hidden, whole = self._towers.frames(self._frames(images[start : start + most]))
            pooled = numbers(whole)
            if self._kind == "frames":
                yield pooled, []
                continue
            rows = numbers(HEADS[self.tried.rows](self._towers.model, hidden))
            yield pooled, [self._patches(*pair) for pair in zip(rows, pooled, strict=True)]

    def _patches(self, rows: Rows, pooled: Rows) -> Rows:
        """Return a frame's rows but the one that is pooled, if it is one."""
        if self.tried.found.how == "mean":
            return rows
        return np.delete(rows, int(np.argmin(distance(rows, pooled))), axis=0)

    def _together(self, clip: Clip) -> Encoded:
        n, places = len(clip.images), self._towers.places
        if n != places:
            raise InputError(
                f"Video '{clip.id}' has {n} frames, and this {self._towers.family.name} takes "
                f"{places} together: use --frames uniform:{places}."
            )
        rows, whole = self._towers.clip(self._frames(list(clip.images)))
        pooled = numbers(whole)
        if rows is None or self.tried.found.how == "none":
            return Encoded(pooled[None], pooled, frame=np.array([-1]))
        return Encoded(numbers(rows), pooled, frame=np.array(clip.numbers, dtype=np.int64))
