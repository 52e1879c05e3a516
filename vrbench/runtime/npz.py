"""Reading untrusted npz and npy files: no pickles, and no memory for sizes only declared."""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import reading
from vrbench.runtime.opened import OpenedFile

FEW = 100_000_000
"""Bytes that a zip of any size may unpack to."""
RATIO = 100
"""How many times its size it may unpack to beyond that: arrays of zeros reach 1,000."""

REMEDY = "write it with np.savez, without pickled objects"
_MAGIC = b"\x93NUMPY"


@dataclass(frozen=True)
class Header:
    """The header of an npy.

    Attributes:
        shape: of the array.
        fortran: whether it is stored column after column.
        dtype: of its entries.
        length: bytes before the entries.
    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    length: int

    @property
    def nbytes(self) -> int:
        """Bytes of the entries."""
        return math.prod(self.shape) * self.dtype.itemsize


class Npz:
    """An open npz: its arrays by name, each read on access.

    Attributes:
        opened: the file.
        path: its path when it was opened.
        names: of the arrays, in the order of the file.
    """

    def __init__(self, archive: zipfile.ZipFile, opened: OpenedFile) -> None:
        self.opened, self.path = opened, opened.path
        path = self.path
        self._archive = archive
        members = archive.infolist()
        check_members(members, path)
        self._members = {member.filename.removesuffix(".npy"): member for member in members}
        if len(self._members) < len(members):
            names = Counter(member.filename.removesuffix(".npy") for member in members)
            twice = names.most_common(1)[0][0]
            raise InputError(f"{path} holds '{twice}' twice: keep one of them.")
        self.names = tuple(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def member(self, name: str) -> zipfile.ZipInfo:
        """Return an array's entry in the zip."""
        return self._members[name]

    def header(self, name: str) -> Header:
        """Read the header of an array.

        Raises:
            InputError: it is no array, holds Python objects, or declares more than is there.
        """
        member = self._members[name]
        with self._reading(name), self._archive.open(member) as stream:
            return _header(stream, member.file_size, self._named(name))

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Read an array into memory.

        Raises:
            InputError: as ``header``, or its entries are damaged.
        """
        self.header(name)
        with self._reading(name), self._archive.open(self._members[name]) as stream:
            return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))

    def _reading(self, name: str) -> Any:
        return reading(self._named(name), REMEDY, "cannot be read")

    def _named(self, name: str) -> str:
        return f"{self.path} holds '{name}', which"


@contextmanager
def open_npz(
    source: Path | OpenedFile, remedy: str = REMEDY, problem: str = "is not a readable npz file"
) -> Iterator[Npz]:
    """Open an npz; nothing of it is read yet.

    Args:
        source: the file, or its path.
        remedy: end of the error's sentence: what the user can do.
        problem: middle of the error's sentence: what is wrong.

    Raises:
        InputError: it is missing, no npz or a damaged one, holds an array twice, or unpacks to far
            more than its size.
    """
    path = source.path if isinstance(source, OpenedFile) else source
    _check_file(path)
    with reading(path, remedy, problem):
        opened = source if isinstance(source, OpenedFile) else OpenedFile(source)
    try:
        with reading(path, remedy, problem):
            archive = _archive(opened)
        with archive:
            yield Npz(archive, opened)
    finally:
        if opened is not source:
            opened.close()


def _archive(opened: OpenedFile) -> zipfile.ZipFile:
    opened.seek(0)
    if opened.read(len(_MAGIC)) == _MAGIC:
        raise ValueError("it holds a single array")
    return zipfile.ZipFile(opened)


def read_npz(path: Path, **said: str) -> dict[str, NDArray[Any]]:
    """Read all arrays of an npz; ``said``: words of messages, as ``open_npz`` takes them.

    Raises:
        InputError: as ``open_npz``, or an array cannot be read.
    """
    with open_npz(path, **said) as npz:
        return {name: npz[name] for name in npz.names}


def read_npy(path: Path, *, mapped: bool = False) -> NDArray[Any]:
    """Read an npy, or map it: then it stays on disk until it is indexed.

    Raises:
        InputError: it is missing, no npy or a damaged one, holds Python objects, or declares more
            than is there.
    """
    _check_file(path)
    with reading(path):
        with path.open("rb") as stream:
            _header(stream, path.stat().st_size, str(path))
        loaded = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
        return loaded if mapped else np.asarray(loaded)


def check_members(members: Iterable[zipfile.ZipInfo], path: Path) -> None:
    """Check, before unpacking, that the members of a zip can be unpacked, and their size.

    Raises:
        InputError: one is encrypted or packed otherwise than by deflate, whose size has no bound
            that is known beforehand, or all together are far larger than the file.
    """
    total = 0
    for member in members:
        if member.flag_bits & 1:
            raise InputError(f"{path} is encrypted ('{member.filename}'): save it unencrypted.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(
                f"{path} packs '{member.filename}' by another method than deflate: pack it anew."
            )
        total += member.file_size
    size = path.stat().st_size
    if total > max(FEW, RATIO * size):
        raise InputError(
            f"{path} has {size:,} bytes and declares {total:,}, more than {RATIO} times as many: "
            "save it without compression."
        )


def _check_file(path: Path) -> None:
    """Check that a path is a file: reading of a pipe might never end."""
    if not path.is_file():
        what = "does not exist" if not path.exists() else "is no file"
        raise InputError(f"{path} {what}: give a file that numpy wrote.")


def _header(stream: IO[bytes], size: int, what: str) -> Header:
    """Read the header of an npy of so many bytes.

    Raises:
        InputError: it is no npy, holds Python objects, or declares more than is there.
    """
    magic = stream.read(len(_MAGIC) + 2)
    if not magic.startswith(_MAGIC):
        raise InputError(f"{what} is not an array as numpy stores it: write it with np.save.")
    old = magic.endswith(b"\x01\x00")
    read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    header = Header(shape, fortran, dtype, stream.tell())
    if dtype.hasobject:
        raise InputError(
            f"{what} holds Python objects, which only a pickle can store and vrbench does not "
            "load: save plain numbers or strings (for names: np.array(names, dtype=str))."
        )
    # an entry of no bytes would let a small file declare any number of them
    if min(shape, default=0) < 0 or max(header.nbytes, math.prod(shape)) > size - header.length:
        raise InputError(
            f"{what} is damaged (it declares {dtype} {shape}, and {size - header.length:,} bytes "
            "are there): save or copy it again."
        )
    return header
