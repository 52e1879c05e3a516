"""User data, as a JSON file for each split."""

from __future__ import annotations

from dataclasses import dataclass

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.datasets.table import table


@datasets.register("json")
@dataclass(frozen=True)
class Json(Dataset):
    """Plain JSON, ``<split>.json``: id -> captions, or a list of objects as the rows of ``csv``.

    ``{"a": ["a cat", "it sleeps"]}``, or ``[{"video_id": "a", "caption": "a cat", "label": "cat"},
    ...]`` with the keys of the columns of ``csv``, where ``caption`` may be a list.

    Source: none, a format of vrbench.
    """

    source = "vrbench"

    def expected(self, split: str) -> Split:
        """Return which file the split needs."""
        return Split((f"{split}.json",))

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's JSON file."""
        data = folder.json(f"{split}.json")
        if isinstance(data.value, dict):
            return Content(Video(name, texts.texts()) for name, texts in data.items())
        return table(data)
