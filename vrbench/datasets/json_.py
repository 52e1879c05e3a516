"""User data, as a JSON file for each split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
    rows = rows_in(data)
    if rows is None:
        return Content(Video(video, texts_of(texts)) for video, texts in data.items())
    return table(rows)


def rows_in(data: Record) -> Iterable[Record] | None:
    """Return the rows of a file, a single one if it is one object; None: it is captions by video.

    Raises:
        InputError: it is an object of columns.
    """
    if not isinstance(data.value, dict):
        return data
    names = [data.value.keys() & {*names.split("|")} for names in (VIDEO, CAPTION)]
    values = data.value.values()
    if all(names) and all(isinstance(value, list | dict) for value in values):
        data.fail("a list of rows, not columns (to_json(orient='records') of pandas writes rows)")
    is_row = sum(map(len, names)) > 1 and not all(isinstance(value, list) for value in values)
    return [data] if is_row else None


def texts_of(value: Record) -> tuple[str, ...]:
    """Return a list of texts, or the only one."""
    return (value.text(),) if isinstance(value.value, str) else value.texts()
