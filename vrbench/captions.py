"""Captions of videos, as a CSV with the columns ``video_id`` and ``caption`` gives them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from vrbench.errors import InputError


@dataclass(frozen=True)
class Caption:
    """What an encoder sees of a caption.

    Attributes:
        id: ``<video id>#<k>``, k counted from 0 over the captions that its file has of the video.
        video: the id of the video that it describes.
        text: the caption, without surrounding white space; never empty.
    """

    id: str
    video: str
    text: str


def read_captions(path: Path, limit: int | None = None) -> dict[str, list[str]]:
    """Return the captions of each video, both in the order of the file.

    Empty captions are kept, so that a caption's number does not depend on them.

    Args:
        path: a CSV with a header; columns other than ``video_id`` and ``caption`` are ignored.
        limit: keep the first so many videos.

    Raises:
        InputError: the file is missing, is no such CSV, or names no video.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            videos = _read(csv.DictReader(stream, strict=True), path)
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a CSV in UTF-8: {error}.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path} cannot be read: {reason}; give a CSV of captions.") from error
    if not videos:
        raise InputError(f"{path} holds no caption: expected rows of video_id,caption.")
    return dict(list(videos.items())[:limit])


def _read(rows: csv.DictReader[str], path: Path) -> dict[str, list[str]]:
    missing = {"video_id", "caption"} - set(rows.fieldnames or ())
    if missing:
        found = ", ".join(rows.fieldnames or ()) or "nothing"
        raise InputError(
            f"{path} has no column {' and '.join(sorted(missing))} (its first line: {found}): "
            "expected a header with video_id and caption."
        )
    videos: dict[str, list[str]] = {}
    for row in rows:
        video, caption = row["video_id"], row["caption"]
        if not video or caption is None:
            raise InputError(
                f"{path}, line {rows.line_num}: expected a video_id and a caption, found "
                f"{row!r}; quote captions that hold a comma."
            )
        if "/" in video or "\\" in video or video in (".", ".."):
            raise InputError(f"{path}, line {rows.line_num}: '{video}' cannot name a folder.")
        videos.setdefault(video, []).append(caption.strip())
    return videos
