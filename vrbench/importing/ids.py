"""Ids in one form, and videos of texts found by them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from vrbench.datasets.table import text_without_ending, without_ending
from vrbench.errors import InputError
from vrbench.features.pairing import shares_names
from vrbench.runtime.composed import composed
from vrbench.runtime.inputs import as_text

STRING = np.dtypes.StringDType()
OF_TEXTS = ("text_ids", "text_video")
"""Endings of the arrays that name texts, or the video of each."""


def name_alike(arrays: dict[str, Any], where: str) -> list[str]:
    """Bring ids into one form, in place; return notes.

    Endings of files are left out where all names of an array have one; not of texts whose names are
    those of videos as they stand.
    """
    notes = []
    for name in sorted(arrays, key=lambda name: name.endswith(OF_TEXTS)):
        array = arrays[name]
        if not name.endswith(("_ids", "text_video")) or array.dtype.kind not in "UST":
            continue
        if array.ndim != 1:
            continue  # refused where sides are read
        names = [composed(str(one)) for one in as_text(array, name, where).tolist()]
        shorten = text_without_ending if name.endswith("text_ids") else without_ending
        short = [shorten(one) for one in names]
        alike = len(set(short)) == len(set(names)) and all(map(str.__ne__, short, names))
        if names and alike and not _name_videos(name, names, arrays):
            notes.append(f"Names in {name} are without the endings of files ({names[0]}).")
            names = short
        arrays[name] = np.array(names, dtype=STRING)
    return notes


def _name_videos(name: str, names: list[str], arrays: Mapping[str, Any]) -> bool:
    """Whether an array is of texts, and any of its names is that of a video."""
    videos = arrays.get(re.sub("text_(ids|video)$", "video_ids", name))
    if not name.endswith(OF_TEXTS) or videos is None or videos.ndim != 1:
        return False
    return shares_names(names, videos)


def link(arrays: dict[str, Any], where: str) -> None:
    """Turn the names of the texts' videos into rows, in place.

    Raises:
        InputError: one is the name of no video, or videos have no names.
    """
    for prefix in ("", "bank_"):
        links, ids = arrays.get(f"{prefix}text_video"), arrays.get(f"{prefix}video_ids")
        if links is None or links.dtype.kind not in "UST" or links.ndim != 1:
            continue
        if ids is None:
            raise InputError(
                f"{where} names the video of each text, but not its {prefix}videos: give their "
                f"names, in {prefix}video_ids."
            )
        row = {str(name): i for i, name in enumerate(ids.tolist())}
        names = [str(name) for name in links.tolist()]
        lost = [name for name in names if name not in row]
        if lost:
            raise InputError(
                f"{where} names {len(row):,} {prefix}videos, but {len(lost):,} of {len(names):,} "
                f"texts belong to others, the first to '{lost[0]}': give these videos, or leave "
                "the texts out."
            )
        arrays[f"{prefix}text_video"] = np.array([row[name] for name in names], dtype=np.int64)
