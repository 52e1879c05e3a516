"""User data, as a CSV for each split."""

from __future__ import annotations

from dataclasses import dataclass

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split
from vrbench.datasets.record import Record
from vrbench.datasets.table import CAPTION, VIDEO, table

FILES = "{0}.csv|{0}.tsv"


@datasets.register("csv")
@dataclass(frozen=True)
class Csv(Dataset):
    """Plain CSV, ``<split>.csv`` or ``.tsv``, with the columns video_id and caption.

    Values are divided by commas, semicolons or tabs. ``video``, ``vid`` and ``image`` also name the
    video, with the ending of its file or without; ``sentence``, ``query``, ``desc`` and ``text``
    the caption.

    Optional columns, the same in all rows of a video: ``file`` (its path below the folder of
    videos, without extension), ``start`` and ``end`` (seconds in that file), ``position`` (place
    among the clips of that file), ``label`` (name of its class).

    Source: none, a format of vrbench.
    """

    source = "vrbench"

    def expected(self, split: str) -> Split:
        """Return which file the split needs."""
        return Split((FILES.format(split),))

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's CSV file."""
        return rows_of(folder, FILES.format(split))


def rows_of(folder: Folder, name: str) -> Content:
    """Read one CSV file."""
    rows = folder.rows(name, (VIDEO, CAPTION))
    return table(Record(row, where) for where, row in rows)
