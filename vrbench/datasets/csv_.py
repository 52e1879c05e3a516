"""User data, as a CSV for each split."""

from __future__ import annotations

from dataclasses import dataclass

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split
from vrbench.datasets.record import Record
from vrbench.datasets.table import table


@datasets.register("csv")
@dataclass(frozen=True)
class Csv(Dataset):
    """Plain CSV, ``<split>.csv``, with the columns video_id and caption.

    Optional columns, the same in all rows of a video: ``file`` (its path below the folder of
    videos, without extension), ``start`` and ``end`` (seconds in that file), ``position`` (place
    among the clips of that file), ``label`` (name of its class).

    Source: none, a format of vrbench.
    """

    source = "vrbench"

    def expected(self, split: str) -> Split:
        """Return which file the split needs."""
        return Split((f"{split}.csv",))

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's CSV file."""
        return rows_of(folder, f"{split}.csv")


def rows_of(folder: Folder, name: str) -> Content:
    """Read one CSV file."""
    rows = folder.rows(name, ("video_id", "caption"))
    return table(Record(row, where) for where, row in rows)
