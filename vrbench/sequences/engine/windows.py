"""When clips and captions are in their long videos: windows of the whole, and pairs apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.tokens import Tokens
from vrbench.sequences.engine.grouping import Grouping

NEAR = 1e-3
"""Seconds by which the end of a window may miss the start of the next."""

TIMES = ("start", "end")


def timed(items: Tokens) -> bool:
    """Whether all items have a start and an end."""
    return all(
        name in items.item_columns and bool(np.isfinite(_column(items, name)).all())
        for name in TIMES
    )


def whole_windows(clips: Tokens, videos: Grouping) -> bool:
    """Whether the clips of each long video cover it from second 0 on, one after the other.

    Args:
        clips: with ``start`` and ``end``; without these they are no windows.
        videos: the clips as long videos.
    """
    if not timed(clips):
        return False
    start, end = (_column(clips, name)[videos.order] for name in TIMES)
    first = np.concatenate([[0], np.cumsum(videos.lengths)[:-1]])
    before = np.concatenate([[0.0], end[:-1]])
    before[first] = 0
    return bool((np.abs(start - before) <= NEAR).all())


def uncaptioned(owner: NDArray[np.int64], texts: Grouping, videos: Grouping) -> int | None:
    """Return the first clip, by row, that is not that of one caption in its place; None: each is.

    Args:
        owner: (n_text,) row of each caption's clip.
        texts: captions as paragraphs.
        videos: clips as long videos.
    """
    captions: dict[str, NDArray[np.int64]] = dict(_parts(texts, owner))
    for name, clips in _parts(videos, np.arange(len(videos.item))):
        own = captions.get(name, np.zeros(0, dtype=np.int64))
        n = min(len(own), len(clips))
        wrong = np.flatnonzero(own[:n] != clips[:n])
        if len(wrong) or len(own) != len(clips):
            return int(clips[wrong[0]] if len(wrong) else clips[min(n, len(clips) - 1)])
    return None


def apart(texts: Tokens, clips: Tokens) -> NDArray[np.bool_]:
    """(n_text,) whether a caption and its clip have no time in common, where both have times."""
    owner = texts.video
    if owner is None or not all(n in side.item_columns for n in TIMES for side in (texts, clips)):
        return np.zeros(len(texts), dtype=bool)
    (start, end), (low, high) = ([_column(side, name) for name in TIMES] for side in (texts, clips))
    low, high = low[owner], high[owner]
    shared = np.minimum(end, high) - np.maximum(start, low)
    touching = (shared == 0) & (end > start) & (high > low)
    return np.asarray((shared < 0) | touching)  # unknown times are NaN, and no pair is apart


def apart_note(texts: Tokens, clips: Tokens) -> str | None:
    """Return a sentence on the captions that are apart from their clips; None: there is none."""
    wrong = np.flatnonzero(apart(texts, clips))
    if not len(wrong) or texts.video is None:
        return None
    row = int(wrong[0])
    clip = int(texts.video[row])
    said = [
        f"{_column(side, 'start')[i]:g} to {_column(side, 'end')[i]:g} s"
        for side, i in ((texts, row), (clips, clip))
    ]
    more = f" and {len(wrong) - 1} others" if len(wrong) > 1 else ""
    return (
        f"Caption '{texts.ids[row]}' ({said[0]}) belongs to the clip '{clips.ids[clip]}' "
        f"({said[1]}), another time{more}: the bucket's value is that of the other pairs"
    )


def _parts(group: Grouping, rows: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield the name of each sequence, and ``rows`` of its items in order."""
    ends = np.cumsum(group.lengths)
    for name, part in zip(group.ids, np.split(rows[group.order], ends[:-1]), strict=True):
        yield str(name), part


def _column(items: Tokens, name: str) -> NDArray[Any]:
    return np.asarray(items.item_columns[name], dtype=np.float64)
