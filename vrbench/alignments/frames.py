"""Which patch belongs to which frame, where a video's tokens are both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.tokens import FRAME_LEVEL, PATCH_LEVEL

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Frames:
    """The frames of some videos with their patches, in the order of the frames.

    Attributes:
        token: (F,) row of each frame's own token ([CLS]).
        video: (F,) which video it is of.
        patch: (P,) rows of the patches, frame after frame, in their stored order.
        frame: (P,) which frame each of these is of.
    """

    token: Index
    video: Index
    patch: Index
    frame: Index

    @classmethod
    def of(
        cls,
        level: NDArray[Any],
        lengths: NDArray[Any],
        numbers: NDArray[Any] | None,
        name: str,
    ) -> Frames:
        """Tell them apart: by the number of the frame of each token, or by place.

        Args:
            level: (sum l,) 0 for frames, 1 for patches.
            lengths: (n,) tokens of each video.
            numbers: (sum l,) number of each token's frame; None: each frame stands before its
                patches.
            name: of the side, for messages.

        Raises:
            InputError: a patch's frame cannot be told.
        """
        token = np.flatnonzero(level == FRAME_LEVEL)
        patch = np.flatnonzero(level == PATCH_LEVEL)
        video = np.repeat(np.arange(len(lengths)), lengths)
        frame = _by_place(level, video, numbers)
        if frame is None and numbers is not None:
            frame = _by_number(token, patch, video, numbers)
        if frame is None:
            raise InputError(
                f"{name} does not say which frame each patch belongs to: give each token the "
                "number of its frame (column frame), or store each frame before its patches."
            )
        order = np.argsort(frame, kind="stable")
        return cls(token, video[token], patch[order], frame[order])

    def counts(self) -> Index:
        """(F,) patches of each frame."""
        return np.bincount(self.frame, minlength=len(self.token))


def _by_place(level: NDArray[Any], video: Index, numbers: NDArray[Any] | None) -> Index | None:
    """(P,) frames of patches that follow them; None where that is not how they are stored."""
    frame = np.cumsum(level == FRAME_LEVEL) - 1
    token = np.flatnonzero(level == FRAME_LEVEL)
    patch = np.flatnonzero(level == PATCH_LEVEL)
    found = frame[patch]
    if not len(token) or (found < 0).any() or (video[token[found]] != video[patch]).any():
        return None
    if numbers is not None:
        return found if (numbers[token[found]] == numbers[patch]).all() else None
    return found if len(np.unique(found)) == len(token) else None


def _by_number(token: Index, patch: Index, video: Index, numbers: NDArray[Any]) -> Index | None:
    """(P,) frames of patches by their numbers; None where two frames have one, or none has it."""
    keys, inverse = np.unique(
        np.stack([video, numbers.astype(np.int64)], axis=1), axis=0, return_inverse=True
    )
    inverse = inverse.reshape(-1)
    place = np.full(len(keys), -1, dtype=np.int64)
    place[inverse[token]] = np.arange(len(token))
    twice = len(np.unique(inverse[token])) < len(token)
    found = place[inverse[patch]]
    return None if twice or (found < 0).any() else found
