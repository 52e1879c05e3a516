"""Sequences of equal length side by side, so that padding is never needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.tokens import offsets_of, token_rows
from vrbench.sequences.base import Float

CACHED = 1_500_000
"""Bytes of the pairs that are computed at once: they stay in the cache of a core."""


@dataclass(frozen=True, eq=False)
class Group:
    """The sequences of one length.

    Attributes:
        length: items of each.
        index: (g,) which sequences.
        rows: (length, g) their items.
    """

    length: int
    index: NDArray[np.int64]
    rows: NDArray[np.int64]


def groups(lengths: NDArray[np.int64], most: int | None = None) -> Iterator[Group]:
    """Yield the sequences of each length, ``most`` of them at a time, shortest first."""
    offsets = offsets_of(lengths)
    for length in np.unique(lengths).tolist():
        index = np.flatnonzero(lengths == length)
        for start in range(0, len(index), most or len(index)):
            part = index[start : start + (most or len(index))]
            yield Group(length, part, token_rows(offsets, part).reshape(-1, length).T)


@dataclass(frozen=True, eq=False)
class Block:
    """The pairs of some paragraphs of n captions and some videos of m clips.

    Attributes:
        sim: (n, m, paragraphs * videos) float64.
        text: (paragraphs,) which paragraphs.
        video: (videos,) which videos.
    """

    sim: Float
    text: NDArray[np.int64]
    video: NDArray[np.int64]


def blocks(
    sim: NDArray[Any], text_lengths: NDArray[np.int64], video_lengths: NDArray[np.int64]
) -> Iterator[Block]:
    """Yield all pairs of sequences, those of one shape together.

    Args:
        sim: (captions, clips), sequence after sequence.
        text_lengths: (paragraphs,) captions of each.
        video_lengths: (videos,) clips of each.
    """
    videos = list(groups(video_lengths))
    columns = np.concatenate([group.rows.ravel() for group in videos])
    places = offsets_of([group.rows.size for group in videos])
    for text in groups(text_lengths):
        rows = sim[text.rows.ravel()].take(columns, axis=1).reshape(text.length, -1, sim.shape[1])
        for video, start, stop in zip(videos, places[:-1], places[1:], strict=True):
            shape = (text.length, len(text.index), video.length, len(video.index))
            whole = rows[:, :, start:stop].reshape(shape).transpose(0, 2, 1, 3)
            step = max(1, CACHED // (8 * text.length * video.rows.size))
            for first in range(0, len(text.index), step):
                part = whole[:, :, first : first + step].astype(np.float64, order="C")
                lanes = part.reshape(text.length, video.length, -1)
                yield Block(lanes, text.index[first : first + step], video.index)
