"""Rows of a user's CSV or JSON file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from vrbench.datasets.base import Content
from vrbench.datasets.items import Video
from vrbench.datasets.record import Record
from vrbench.video.images import IMAGES
from vrbench.video.videos import VIDEO_FILES

VIDEO = "video_id|video|vid|image"
CAPTION = "caption|sentence|query|desc|text"
"""Names of the keys of a row; the first one stands where there are others too."""
FACTS = ("file", "start", "end", "position", "label")
"""Optional facts of a video besides its captions; see ``Video``."""


def table(rows: Iterable[Record]) -> Content:
    """Collect the captions of each video, in the order of the rows.

    Args:
        rows: objects with one of ``VIDEO``, one of ``CAPTION`` (a text or a list of texts) and any
            of ``FACTS``, which are the same in all rows of a video. The name of a video may have
            the ending of its file. A label is the name of a class; classes are numbered in
            alphabetical order, or by their names where these are numbers.

    Raises:
        InputError: a row lacks a key, or contradicts an earlier row of its video.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    facts: dict[str, dict[str, Record]] = {}
    for row in rows:
        name, said = _facts(row)
        texts[name] += captions_of(row)
        first = facts.setdefault(name, said)
        if {k: v.value for k, v in first.items()} != {k: v.value for k, v in said.items()}:
            row.fail(f"the {', '.join(FACTS)} of the first row of '{name}'")
    labels = {str(said["label"].value) for said in facts.values() if "label" in said}
    names = _numbered(labels)
    number = {name: label for label, name in names.items()}
    return Content([_video(name, texts[name], facts[name], number) for name in texts], names)


def captions_of(row: Record) -> tuple[str, ...]:
    """Return the captions in a row."""
    caption = _one_of(row, CAPTION)
    return caption.texts() if isinstance(caption.value, list) else (caption.text(),)


def name_of(row: Record) -> str:
    """Return the name of the video of a row, as it stands there; it may be a whole number."""
    given = _one_of(row, VIDEO)
    whole = isinstance(given.value, int) and not isinstance(given.value, bool)
    return str(given.value) if whole else given.text()


def without_ending(name: str) -> str:
    """Return the name of a video without the ending of a file of videos or images."""
    ending = PurePosixPath(name).suffix
    return name.removesuffix(ending) if ending.lower() in VIDEO_FILES | IMAGES else name


def text_without_ending(name: str) -> str:
    """Return the name of a text, ``<video>#<k>`` or ``<video>_<k>``, with its video's so."""
    numbered = re.fullmatch("(.+)([#_][0-9]+)", name, re.DOTALL)
    return without_ending(numbered[1]) + numbered[2] if numbered else without_ending(name)


def _one_of(row: Record, names: str) -> Record:
    """Return the value of the key that a row has: the first of ``names``, or the only one."""
    first, *others = names.split("|")
    if not isinstance(row.value, dict) or first in row.value:
        return row[first]
    found = [name for name in others if name in row.value]
    if len(found) > 1:
        row.fail(f"one of {' and '.join(found)}, or which one it is as '{first}'")
    if not found:
        row.fail(f"an object with '{first}' (or {', '.join(others)})")
    return row[found[0]]


def _facts(row: Record) -> tuple[str, dict[str, Record]]:
    """Return the id of a row's video, and what the row says of it besides."""
    name = name_of(row)
    said = {key: row[key] for key in FACTS if row.value.get(key, "") not in ("", None)}
    if "label" in said and not isinstance(said["label"].value, str | int):
        said["label"].fail("a text or a whole number")
    if without_ending(name) != name:  # there may be another file of this name
        said.setdefault("file", Record(name, row, "file"))
    return without_ending(name), said


def _numbered(labels: set[str]) -> dict[int, str]:
    if all(re.fullmatch(r"0|[1-9]\d{0,17}", label, re.ASCII) for label in labels):
        return {int(label): label for label in sorted(labels, key=int)}
    return dict(enumerate(sorted(labels)))


def _video(
    name: str, texts: Iterable[str], said: Mapping[str, Record], number: Mapping[str, int]
) -> Video:
    return Video(
        name,
        tuple(texts),
        said["file"].text() if "file" in said else "",
        said["start"].number() if "start" in said else None,
        said["end"].number() if "end" in said else None,
        said["position"].whole() if "position" in said else None,
        number[str(said["label"].value)] if "label" in said else None,
    )
