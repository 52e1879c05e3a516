"""User data, as a JSON file for each split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.datasets.record import Record
from vrbench.datasets.table import CAPTION, VIDEO, table

FILES = "{0}.json|{0}.jsonl"


@datasets.register("json")
@dataclass(frozen=True)
class Json(Dataset):
    """Plain JSON, ``<split>.json``: id -> captions, a list of objects, or an object a line.

    ``{"a": ["a cat", "it sleeps"]}``, or ``[{"video_id": "a", "caption": "a cat", "label": "cat"},
    ...]`` with the keys of the columns of ``csv``, where ``caption`` may be a list; or such objects
    one a line (``<split>.jsonl``, too).

    Source: none, a format of vrbench.
    """

    source = "vrbench"

    def expected(self, split: str) -> Split:
        """Return which file the split needs."""
        return Split((FILES.format(split),))

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's JSON file."""
        return json_content(folder, FILES.format(split))


def json_content(folder: Folder, name: str) -> Content:
    """Read one JSON file."""
    data = folder.json(name, lines=True)
    if isinstance(data.value, dict) and not is_row(data.value):
        return Content(Video(video, texts_of(texts)) for video, texts in data.items())
    return table([data] if isinstance(data.value, dict) else data)


def is_row(value: dict[str, Any]) -> bool:
    """Whether an object is a row, not captions by video: a file of a single line."""
    keys = (*VIDEO.split("|"), *CAPTION.split("|"))
    return len(value.keys() & {*keys}) > 1 and not all(isinstance(v, list) for v in value.values())


def texts_of(value: Record) -> tuple[str, ...]:
    """Return a list of texts, or the only one."""
    return (value.text(),) if isinstance(value.value, str) else value.texts()
