"""The columns of a parquet file: numbers, strings, and lists of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.record import Record
from vrbench.errors import InputError
from vrbench.features.apart import look_apart
from vrbench.runtime.extras import needed
from vrbench.runtime.inputs import reading
from vrbench.runtime.npz import FEW, RATIO
from vrbench.runtime.opened import OpenedFile

MARK = b"PAR1"
BATCH = 256
"""Rows that are unpacked at once: of few of them no file can be made to declare too many bytes."""
STRING, OTHER = np.dtypes.StringDType(), np.dtype("O")
UNEVEN = "holds lists of different lengths"


@dataclass(frozen=True)
class Lists:
    """A column with a list a row: of vectors of one length, or of strings.

    Attributes:
        rows: what the lists hold, one after the other: (sum l, d) numbers or (sum l,) strings.
        lengths: (n,) of the lists.
    """

    rows: NDArray[Any]
    lengths: NDArray[np.int64]


@dataclass(frozen=True)
class Unread:
    """A column that is refused when it is used.

    Attributes:
        why: what it holds, for messages.
        dtype: of its values.
    """

    why: str
    dtype: Any

    def refuse(self, path: Path, name: str) -> NoReturn:
        """Raise an InputError that names the column."""
        raise InputError(f"{path} {self.why} in column '{name}': mend it, or leave it out.")


Column = NDArray[Any] | Lists | Unread


def read_columns(path: Path) -> dict[str, Column]:
    """Return the columns of a parquet file by name.

    Raises:
        InputError: it is damaged, unpacks to far more than its size, or has a column twice.
    """
    needed("arro3.io", "parquet")  # once, before the child process
    with OpenedFile(path) as opened:
        look_apart(opened, partial(_unpack, path), "arro3")
    return _unpack(path)


def read_rows(path: Path) -> Iterator[Record]:
    """Yield the strings, lists of strings and numbers of each row, as those of a JSON list.

    Raises:
        InputError: as for ``read_columns``.
    """
    columns: dict[str, Any] = {}
    for name, column in read_columns(path).items():
        if isinstance(column, Lists) and column.rows.ndim == 1:
            parts = np.split(column.rows, np.cumsum(column.lengths)[:-1])
            columns[name] = [part.tolist() for part in parts]
        elif isinstance(column, np.ndarray) and column.ndim == 1:
            columns[name] = column.tolist()
    for number, values in enumerate(zip(*columns.values(), strict=True), 1):
        yield Record(dict(zip(columns, values, strict=True)), f"{path}, row {number}")


def joined(pieces: Sequence[Column]) -> Column:
    """Return the pieces of a column as one; if one of them is not read, none is."""
    lists = [piece for piece in pieces if isinstance(piece, Lists)]
    arrays: list[NDArray[Any]] = []
    for piece in pieces:
        if isinstance(piece, Unread):
            return piece
        arrays.append(piece.rows if isinstance(piece, Lists) else piece)
    if len({array.shape[1:] for array in arrays}) > 1 or 0 < len(lists) < len(pieces):
        return Unread(UNEVEN, arrays[0].dtype)
    rows = np.concatenate(arrays)
    return Lists(rows, np.concatenate([one.lengths for one in lists])) if lists else rows


def _unpack(path: Path) -> dict[str, Column]:
    pieces: dict[str, list[Column]] = {}
    with reading(path, problem="is no parquet file that can be read"):
        for batch in _batches(path):
            for name, piece in batch.items():
                pieces.setdefault(name, []).append(piece)
        return {name: joined(found) for name, found in pieces.items()}


def _batches(path: Path) -> Iterator[dict[str, Column]]:
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
        yield {name: _read(column) for name, column in columns.items()}


def _read(column: Any) -> Column:
    """Return a column as numpy's, or why it is not read, with the type that it has."""
    known = needed("arro3.core", "parquet")
    kind = column.type
    if column.null_count:
        return Unread("lacks a value in some row", STRING if _is_text(kind) else OTHER)
    if _is_text(kind) or known.DataType.is_dictionary(kind):
        values = column.to_pylist()
        strings = all(isinstance(value, str) for value in values)
        return np.array(values, STRING) if strings else Unread("holds no strings", OTHER)
    if known.DataType.is_numeric(kind):
        return np.asarray(column.to_numpy())
    if not _is_list(kind):
        return Unread("holds neither strings nor numbers nor lists of them", OTHER)
    inner, lengths = _flat(column)
    if _is_list(inner.type) and not inner.null_count:
        flat, steps = _flat(inner)
        rows = _vectors(flat, steps)
        return Lists(rows, lengths) if isinstance(rows, np.ndarray) else rows
    if _is_text(inner.type) and not inner.null_count:
        return Lists(np.array(inner.to_pylist(), STRING), lengths)
    return _vectors(inner, lengths)


def _vectors(flat: Any, lengths: NDArray[np.int64]) -> Column:
    """Return lists of numbers as rows (n, d)."""
    if flat.null_count or not needed("arro3.core", "parquet").DataType.is_numeric(flat.type):
        return Unread("holds lists of other things than numbers", OTHER)
    values = np.asarray(flat.to_numpy())
    if len(np.unique(lengths)) > 1:
        return Unread(UNEVEN, values.dtype)
    return values.reshape(len(lengths), -1)


def _flat(column: Any) -> tuple[Any, NDArray[np.int64]]:
    """Return what the lists of a column hold one after the other, and their lengths."""
    known = needed("arro3.core", "parquet")
    flat = known.list_flatten(column)
    if known.DataType.is_fixed_size_list(column.type):
        return flat, np.full(len(column), len(flat) // max(len(column), 1), np.int64)
    return flat, np.diff(np.asarray(known.list_offsets(column).to_numpy())).astype(np.int64)


def _is_text(kind: Any) -> bool:
    known = needed("arro3.core", "parquet").DataType
    tests = known.is_string, known.is_large_string, known.is_string_view
    return any(test(kind) for test in tests)


def _is_list(kind: Any) -> bool:
    known = needed("arro3.core", "parquet").DataType
    tests = known.is_list, known.is_large_list, known.is_fixed_size_list
    return any(test(kind) for test in tests)
