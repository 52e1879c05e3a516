"""A parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.apart import look_apart
from vrbench.importing.layouts import layouts
from vrbench.importing.tree import Layout, Stored, Tree
from vrbench.runtime.extras import needed
from vrbench.runtime.files import listed
from vrbench.runtime.inputs import reading
from vrbench.runtime.npz import FEW, RATIO
from vrbench.runtime.numeric_order import numeric_order
from vrbench.runtime.opened import OpenedFile

MARK = b"PAR1"
BATCH = 256
"""Rows that are unpacked at once: of few of them no file can be made to declare too many bytes."""
STRING, OTHER = np.dtypes.StringDType(), np.dtype("O")
UNEVEN = "holds lists of different lengths"


@layouts.register("parquet")
@dataclass(frozen=True)
class ParquetLayout(Layout):
    """parquet, or a folder of its shards: columns by name, vectors as lists; a row an item."""

    what = "a parquet file"
    needs = "the extra parquet"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it begins as parquet, or is a folder of such files alone."""
        if path.is_dir():
            files = [file for file in listed(path) if file.is_file()]
            return bool(files) and all(file.suffix == ".parquet" for file in files)
        return start.startswith(MARK)

    def read(self, path: Path) -> Tree:
        """Return its columns of strings, numbers and vectors."""
        files = numeric_order(listed(path, ".parquet")) if path.is_dir() else [path]
        columns = [read_columns(file) for file in files]
        for file, one in zip(files, columns, strict=True):
            if one.keys() != columns[0].keys():
                odd = sorted(one.keys() ^ columns[0].keys())[0]
                raise InputError(f"{file} and {files[0].name} do not both have '{odd}': mend one.")
        names = columns[0] if columns else {}
        parts = {name: _joined([one[name] for one in columns], name, path) for name in names}
        return Tree(str(path), parts, self.what)


def read_columns(path: Path) -> dict[str, Any]:
    """Return the columns of a parquet file by name; those that are not read fail when they are.

    Raises:
        InputError: it is damaged, unpacks to far more than its size, or has a column twice.
    """
    needed("arro3.io", "parquet")  # once, before the child process
    with OpenedFile(path) as opened:
        look_apart(opened, partial(_unpack, path), "arro3")
    return _unpack(path)


def _unpack(path: Path) -> dict[str, Any]:
    pieces: dict[str, list[Any]] = {}
    with reading(path, problem="is no parquet file that can be read"):
        for batch in _batches(path):
            for name, piece in batch.items():
                pieces.setdefault(name, []).append(piece)
        return {name: _joined(found, name, path) for name, found in pieces.items()}


def _batches(path: Path) -> Iterator[dict[str, Any]]:
    size, total = path.stat().st_size, 0
    reader = needed("arro3.io", "parquet").read_parquet(str(path), batch_size=BATCH)
    names = [field.name for field in reader.schema]
    if len(set(names)) < len(names):
        raise InputError(f"{path} has a column twice: rename one of them.")
    for batch in reader:
        columns = {name: batch.column(i) for i, name in enumerate(names)}
        total += sum(column.nbytes for column in columns.values())
        if total > max(FEW, RATIO * size):
            raise InputError(
                f"{path} has {size:,} bytes and unpacks to more than {RATIO} times as many: save "
                "it without compression."
            )
        yield {name: _numpy(column) for name, column in columns.items()}


def _numpy(column: Any) -> Any:
    """Return a column as numpy's, or why it is not read, with the type that it has."""
    known = needed("arro3.core", "parquet")
    is_a, kind = known.DataType, column.type
    text = any(test(kind) for test in (is_a.is_string, is_a.is_large_string, is_a.is_string_view))
    if column.null_count:
        return _Unread("lacks a value in some row", STRING if text else OTHER)
    if text or is_a.is_dictionary(kind):
        values = column.to_pylist()
        strings = all(isinstance(value, str) for value in values)
        return np.array(values, STRING) if strings else _Unread("holds no strings", OTHER)
    if is_a.is_numeric(kind):
        return np.asarray(column.to_numpy())
    if not any(test(kind) for test in (is_a.is_list, is_a.is_large_list, is_a.is_fixed_size_list)):
        return _Unread("holds neither strings nor numbers nor lists of numbers", OTHER)
    inner = known.list_flatten(column)
    if inner.null_count or not is_a.is_numeric(inner.type):
        return _Unread("holds lists of other things than numbers", OTHER)
    values = np.asarray(inner.to_numpy())
    if not is_a.is_fixed_size_list(kind):
        steps = np.diff(np.asarray(known.list_offsets(column).to_numpy()))
        if len(np.unique(steps)) > 1:
            return _Unread(UNEVEN, values.dtype)
    return values.reshape(len(column), -1)


@dataclass(frozen=True)
class _Unread:
    """A piece of a column that is refused when it is used."""

    why: str
    dtype: Any


def _joined(pieces: list[Any], name: str, path: Path) -> Any:
    """Return the pieces of a column as one; of a column that is not read, what refuses it."""
    odd = next((piece for piece in pieces if not isinstance(piece, np.ndarray)), None)
    if odd is None and len({piece.shape[1:] for piece in pieces}) > 1:
        odd = _Unread(UNEVEN, pieces[0].dtype)
    if odd is None:
        return np.concatenate(pieces)
    if isinstance(odd, Stored):  # of one of several files
        return odd

    def refuse() -> NDArray[Any]:
        raise InputError(f"{path} {odd.why} in column '{name}': mend it, or leave it out.")

    return Stored(refuse, ((0,), np.dtype(odd.dtype)))
