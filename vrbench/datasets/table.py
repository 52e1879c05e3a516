"""Rows of a user's CSV or JSON file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from vrbench.datasets.base import Content
from vrbench.datasets.items import Video
from vrbench.datasets.record import Record

FACTS = ("file", "start", "end", "position", "label")
"""Optional facts of a video besides its captions; see ``Video``."""


def table(rows: Iterable[Record]) -> Content:
    """Collect the captions of each video, in the order of the rows.

    Args:
        rows: objects with ``video_id`` and ``caption`` (a text or a list of texts) and any of
            ``FACTS``, which are the same in all rows of a video. A label is the name of a class;
            classes are numbered in alphabetical order, or by their names where these are numbers.

    Raises:
        InputError: a row lacks a key, or contradicts an earlier row of its video.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    facts: dict[str, dict[str, Record]] = {}
    for row in rows:
        name, caption = row["video_id"].text(), row["caption"]
        texts[name] += caption.texts() if isinstance(caption.value, list) else [caption.text()]
        said = {key: row[key] for key in FACTS if row.value.get(key, "") not in ("", None)}
        if "label" in said and not isinstance(said["label"].value, str | int):
            said["label"].fail("a text or a whole number")
        first = facts.setdefault(name, said)
        if {k: v.value for k, v in first.items()} != {k: v.value for k, v in said.items()}:
            row.fail(f"the {', '.join(FACTS)} of the first row of '{name}'")
    labels = {str(said["label"].value) for said in facts.values() if "label" in said}
    names = _numbered(labels)
    number = {name: label for label, name in names.items()}
    return Content([_video(name, texts[name], facts[name], number) for name in texts], names)


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
