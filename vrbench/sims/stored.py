"""A matrix that stays on disk: read in blocks of rows, as often as needed."""

from __future__ import annotations

import math
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError

COPIED = 16_000_000
"""Bytes that are written from file to file at once."""


class _Handle:
    """An open file descriptor, closed when nothing refers to it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def read(self, count: int, start: int) -> bytes:
        parts = []
        while count > 0:  # one call reads at most 2 GB
            part = os.pread(self.descriptor, count, start)
            if not part:
                raise OSError("a matrix on disk ends too early")
            parts.append(part)
            count, start = count - len(part), start + len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def __del__(self) -> None:
        os.close(self.descriptor)


@dataclass(frozen=True, eq=False)
class StoredMatrix:
    """An (n, m) float matrix in a file, row after row; ``.T`` is its transpose without a copy.

    Slices of rows are read where the file has them one after the other; of a transpose only
    ``np.asarray`` (all of it) and ``.T`` can be had.

    Attributes:
        file: open for reading.
        start: byte at which the entries begin.
        rows: n in the file.
        columns: m in the file.
        dtype: of the entries.
        transposed: whether this is the transpose of what the file has.
    """

    file: _Handle
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
        width = self.columns * self.dtype.itemsize
        data = self.file.read((last - first) * width, self.start + first * width)
        return np.frombuffer(data, self.dtype).reshape(last - first, self.columns)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        whole = replace(self, transposed=False)[0 : self.rows]
        whole = whole if dtype is None else whole.astype(dtype)
        return whole.T if self.transposed else whole


def spool(blocks: Iterable[NDArray[Any]]) -> StoredMatrix:
    """Write blocks of rows to a temporary file, which goes away with the process.

    Raises:
        InputError: it cannot be written.
    """
    rows = 0
    with ExitStack() as stack:
        with _spooling():
            file = stack.enter_context(tempfile.TemporaryFile(buffering=0))
        for block in blocks:
            with _spooling():
                _write(file, np.ascontiguousarray(block).data.cast("B"))
            rows += len(block)
        handle = _Handle(os.dup(file.fileno()))
    return StoredMatrix(handle, 0, rows, block.shape[1], block.dtype)


@contextmanager
def _spooling() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = tempfile.tempdir or "the temporary folder"
        raise InputError(
            f"Similarities cannot be kept in {place}: {error.strerror or error}. Make room there, "
            "or set TMPDIR in the environment to a folder of another disk."
        ) from error


def _write(file: IO[bytes], data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]


def write_npz(stream: IO[bytes], arrays: Mapping[str, Any]) -> None:
    """Write an npz as ``np.savez`` does, without loading what stays on disk."""
    with zipfile.ZipFile(stream, "w") as archive:
        for key, value in arrays.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                if isinstance(value, StoredMatrix):
                    _write_npy(member, value)
                else:
                    np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)


def _write_npy(member: IO[bytes], matrix: StoredMatrix) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(matrix.dtype),
        "fortran_order": matrix.transposed,
        "shape": matrix.shape,
    }
    np.lib.format.write_array_header_1_0(member, header)
    rows = matrix.T if matrix.transposed else matrix
    step = max(1, COPIED // (rows.columns * rows.dtype.itemsize))
    for start in range(0, len(rows), step):
        member.write(rows[start : start + step].data)


def in_npz(path: Path, key: str) -> StoredMatrix | None:
    """Open a 2-D float array inside an uncompressed npz; None where it has to be loaded."""
    with zipfile.ZipFile(path) as archive:
        if f"{key}.npy" not in archive.namelist():
            return None
        member = archive.getinfo(f"{key}.npy")
        if member.compress_type != zipfile.ZIP_STORED:
            return None
        shape, fortran, dtype, header = _header(archive, member)
    if len(shape) != 2 or dtype not in (np.float32, np.float64):
        return None
    file = _Handle(os.open(path, os.O_RDONLY))
    # the local header has its own lengths of name and extra field, 26 and 28 bytes in
    name, extra = np.frombuffer(file.read(4, member.header_offset + 26), "<u2")
    start = member.header_offset + 30 + int(name) + int(extra) + header
    rows, columns = shape[::-1] if fortran else shape
    return StoredMatrix(file, start, rows, columns, np.dtype(dtype), fortran)


def loaded_bytes(path: Path, keys: Iterable[str]) -> int:
    """Return what these arrays of an npz, as far as it has them, take once they are loaded.

    Numbers other than float32 and float64 are converted, one array after the other.
    """
    kept = passing = 0
    with zipfile.ZipFile(path) as archive:
        for key in {f"{key}.npy" for key in keys} & {*archive.namelist()}:
            shape, _, dtype, _ = _header(archive, archive.getinfo(key))
            entries = math.prod(shape)
            converted = dtype.kind in "fiu" and dtype not in (np.float32, np.float64)
            width = (4 if dtype == np.float16 else 8) if converted else dtype.itemsize
            kept += entries * width
            passing = max(passing, entries * dtype.itemsize if converted else 0)
    return kept + passing


def _header(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, Fortran order and dtype of an array in an npz, and the length of its header."""
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        old = version == (1, 0)
        read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
        return *read(stream), stream.tell()
