"""A matrix that stays on disk: read in blocks of rows, as often as needed."""

from __future__ import annotations

import math
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.npz import Npz
from vrbench.runtime.opened import OpenedFile, read_at


class _Handle:
    """An open file descriptor, closed when nothing refers to it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def read_at(self, start: int, buffer: Any) -> int:
        return read_at(self.descriptor, start, buffer)

    def __del__(self) -> None:
        os.close(self.descriptor)


@dataclass(frozen=True, eq=False)
class StoredMatrix:
    """An (n, m) float matrix in a file, row after row; ``.T`` is its transpose without a copy.

    Slices of rows are read where the file has them one after the other. A transpose supports only
    ``np.asarray`` (all of it) and ``.T``.

    Attributes:
        file: open for reading.
        start: byte at which the entries begin.
        rows: n in the file.
        columns: m in the file.
        dtype: of the entries.
        transposed: whether this is the transpose of what the file has.
    """

    file: _Handle | OpenedFile
    start: int
    rows: int
    columns: int
    dtype: np.dtype[Any]
    transposed: bool = False

    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """(n, m), or (m, n) of a transpose."""
        shape = self.rows, self.columns
        return shape[::-1] if self.transposed else shape

    @property
    def T(self) -> StoredMatrix:  # noqa: N802  numpy's name
        """The transpose."""
        return replace(self, transposed=not self.transposed)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        if self.transposed:
            return np.asarray(self)[rows]
        first, last, _ = rows.indices(self.rows)
        found = np.empty((last - first, self.columns), self.dtype)
        start = self.start + first * self.columns * self.dtype.itemsize
        if self.file.read_at(start, found) < found.nbytes:
            raise OSError("a matrix on disk ends too early")
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        whole = replace(self, transposed=False)[0 : self.rows]
        whole = whole if dtype is None else whole.astype(dtype)
        return whole.T if self.transposed else whole


def spool(blocks: Iterable[NDArray[Any]], what: str = "Similarities") -> StoredMatrix:
    """Write blocks of rows to a temporary file, which is removed when the process ends.

    Args:
        blocks: the rows.
        what: they are, for the message.

    Raises:
        InputError: it cannot be written.
    """
    rows = 0
    with ExitStack() as stack:
        with _spooling(what):
            file = stack.enter_context(tempfile.TemporaryFile(buffering=0))
        for block in blocks:
            with _spooling(what):
                _write(file, np.ascontiguousarray(block).data.cast("B"))
            rows += len(block)
        handle = _Handle(os.dup(file.fileno()))
    return StoredMatrix(handle, 0, rows, block.shape[1], block.dtype)


@contextmanager
def _spooling(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = tempfile.tempdir or "the temporary folder"
        raise InputError(
            f"{what} cannot be kept in {place}: {error.strerror or error}. Make room there, "
            "or set TMPDIR in the environment to a folder of another disk."
        ) from error


def _write(file: IO[bytes], data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]


def in_npz(npz: Npz, key: str) -> StoredMatrix | None:
    """Return a 2-D float array inside an uncompressed npz; None where it has to be loaded.

    It is read from the file that the npz was opened from, for as long as that is open.
    """
    if key not in npz or npz.member(key).compress_type != zipfile.ZIP_STORED:
        return None
    member, header = npz.member(key), npz.header(key)
    if len(header.shape) != 2 or header.dtype not in (np.float32, np.float64):
        return None
    # the local header has its own lengths of name and extra field, 26 and 28 bytes in
    lengths = np.zeros(2, "<u2")
    npz.opened.read_at(member.header_offset + 26, lengths)
    name, extra = lengths
    start = member.header_offset + 30 + int(name) + int(extra) + header.length
    rows, columns = header.shape[::-1] if header.fortran else header.shape
    return StoredMatrix(npz.opened, start, rows, columns, np.dtype(header.dtype), header.fortran)


def loaded_bytes(npz: Npz, keys: Iterable[str]) -> int:
    """Return the bytes that these arrays of an npz, as far as it has them, take in memory.

    Numbers other than float32 and float64 are converted, one array after the other.
    """
    kept = passing = 0
    for key in {*keys} & {*npz.names}:
        header = npz.header(key)
        dtype, entries = header.dtype, math.prod(header.shape)
        converted = dtype.kind in "fiu" and dtype not in (np.float32, np.float64)
        width = (4 if dtype == np.float16 else 8) if converted else dtype.itemsize
        kept += entries * width
        passing = max(passing, header.nbytes if converted else 0)
    return kept + passing
