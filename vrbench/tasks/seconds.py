"""Whole videos with a row a second, as some tasks read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.features.tokens import FRAME_LEVEL

SLACK = 2.0
"""Seconds by which the last row's time may miss its number, besides a share of the length."""
SHARE = 0.05

REMEDY = (
    "extract whole videos with --frames fps:1 (vrbench extract --dataset htm-align, or "
    "coin:unit=timed)"
)


def seconds_of(features: Features, task: str) -> Iterator[NDArray[Any]]:
    """Yield the rows of each video, (seconds, d).

    Raises:
        InputError: the videos are clips of long videos, or have not a row a second.
    """
    video = features.video
    for name in ("sequence", "start"):
        if name in video.item_columns:
            raise InputError(
                f"{video.name} holds clips of long videos (column {name}), and {task} reads whole "
                f"ones: {REMEDY}."
            )
    rows = video.at_level(FRAME_LEVEL)
    _check_rate(features, rows, task)
    for place in range(len(rows)):
        yield rows.block(place, place + 1).tokens


def _check_rate(features: Features, rows: Tokens, task: str) -> None:
    """Refuse rows whose times, as far as the file has them, are not a second apart."""
    frames = str(features.attrs.get("frames") or "")
    known = rows.token_columns.get("time")
    if known is None:
        if frames and not frames.startswith("fps"):
            raise InputError(
                f"{rows.name} has the frames {frames} of each video, without their times, and "
                f"{task} needs a row a second: {REMEDY}."
            )
        return
    last = np.asarray(known)[rows.offsets[1:] - 1]
    n = rows.lengths
    wrong = np.flatnonzero(~(np.abs(last - (n - 1)) <= SLACK + SHARE * n))
    if len(wrong):
        one = int(wrong[0])
        when = f", the last at {last[one]:.1f} s" if np.isfinite(last[one]) else " without times"
        raise InputError(
            f"Video '{rows.ids[one]}' of {rows.name} has {n[one]} rows{when}, and {task} needs a "
            f"row a second: {REMEDY}."
        )
