"""The order of frames in folders: the record in a feature file, and older files without it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vrbench.datasets import Annotations
from vrbench.errors import InputError
from vrbench.features.begin import committed
from vrbench.features.hdf5 import open_hdf5, read_attrs, reading
from vrbench.runtime.numeric_order import NUMERIC
from vrbench.video import Videos

ATTRS = {"frame_order": "numeric"}
NOTE = f"The frames of folders are {NUMERIC}."
"""The record where the two orders differ."""


def first_renumbered(media: Mapping[str, Videos], parts: Mapping[str, Annotations]) -> str | None:
    """Return the first video whose frames are in another order than that of their names as text.

    Args:
        media: side -> videos.
        parts: side -> which of them are extracted.

    Returns:
        Its id.
    """
    for side, part in parts.items():
        for video in part.videos:
            if media[side].is_renumbered(video.file or video.id):
                return video.id
    return None


def frame_order(path: Path, renumbered: str | None) -> Mapping[str, str]:
    """Return a feature file's record of the order of frames.

    Versions of vrbench without this record read frames in the order of their names as text. Files
    that they began are continued where both orders are the same.

    Raises:
        InputError: it was begun so, and there is a video that is ``renumbered``.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return ATTRS
    committed(path).close()  # a commit that was not finished is, before the file is read
    with open_hdf5(path) as file, reading(path):
        if ATTRS.keys() <= read_attrs(file).keys():
            return ATTRS
    if renumbered is not None:
        raise InputError(
            f"{path} was begun by a vrbench that read the frames of video '{renumbered}' in the "
            "order of their names as text (10 before 2), now they are read in numeric order: use "
            "another --out, or --overwrite."
        )
    return {}
