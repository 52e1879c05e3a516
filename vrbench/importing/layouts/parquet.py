"""A parquet file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vrbench.datasets.parquet_file import MARK, Column, Lists, Unread, joined, read_columns
from vrbench.errors import InputError
from vrbench.features.tokens import offsets_of
from vrbench.importing.layouts import layouts
from vrbench.importing.tree import Layout, Stored, Tree
from vrbench.runtime.files import listed
from vrbench.runtime.numeric_order import numeric_order


@layouts.register("parquet")
@dataclass(frozen=True)
class ParquetLayout(Layout):
    """parquet, or a folder of its shards: vectors as lists, tokens as lists of them; a row an item.

    A list of one string is that string.
    """

    what = "a parquet file"
    needs = "the extra parquet"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it begins as parquet, or is a folder of such files alone."""
        if path.is_dir():
            files = [file for file in listed(path) if file.is_file()]
            return bool(files) and all(file.suffix == ".parquet" for file in files)
        return start.startswith(MARK)

    def read(self, path: Path) -> Tree:
        """Return its columns of strings, numbers, vectors and tokens."""
        files = numeric_order(listed(path, ".parquet")) if path.is_dir() else [path]
        columns = [read_columns(file) for file in files]
        for file, one in zip(files, columns, strict=True):
            if one.keys() != columns[0].keys():
                odd = sorted(one.keys() ^ columns[0].keys())[0]
                raise InputError(f"{file} and {files[0].name} do not both have '{odd}': mend one.")
        names = columns[0] if columns else {}
        whole = {name: joined([one[name] for one in columns]) for name in names}
        return Tree(str(path), parts_of(whole, path), self.what, pairs=True)


def parts_of(columns: dict[str, Column], path: Path) -> dict[str, Any]:
    """Return columns as parts of a tree; those that are not read fail when they are."""
    return {name: _part(column, name, path) for name, column in columns.items()}


def _part(column: Column, name: str, path: Path) -> Any:
    if isinstance(column, Lists):
        if (column.lengths == 1).all():
            return column.rows
        if column.rows.ndim == 2:
            parts = {"tokens": column.rows, "offsets": offsets_of(column.lengths)}
            return Tree(f"{path}: '{name}'", parts, ParquetLayout.what)
        column = Unread("holds several strings in a row", column.rows.dtype)
    if isinstance(column, np.ndarray):
        return column
    return Stored(partial(column.refuse, path, name), ((0,), np.dtype(column.dtype)))
