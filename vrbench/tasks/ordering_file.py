"""Reading similarities and true orders of short sequences from a JSON file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.record import Record
from vrbench.runtime.json_text import read_json


def read_pairs(path: Path) -> list[tuple[NDArray[Any], NDArray[np.int64]]]:
    """Return captions x clips similarities and the clip of each caption, video by video.

    Args:
        path: a JSON list of objects with ``clip_score`` (clips x captions) and ``order``: the place
            of each caption's clip, from 1.

    Raises:
        InputError: the file is missing, no JSON, or an object is malformed.
    """
    videos = read_json(path, "give a JSON file or a feature file")
    return [_pair(video) for video in Record(videos, str(path))]


def _pair(video: Record) -> tuple[NDArray[Any], NDArray[np.int64]]:
    rows = [[value.number() for value in row] for row in video["clip_score"]]
    order = [place.whole() for place in video["order"]]
    n = len(order)
    if sorted(order) != list(range(1, n + 1)):
        video["order"].fail("each place from 1 once")
    if len(rows) != n or any(len(row) != n for row in rows):
        video["clip_score"].fail(f"{n} rows of {n} numbers")
    return np.array(rows).T, np.array(order) - 1
