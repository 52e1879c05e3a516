"""Reading untrusted npz files: no pickles, and no memory for sizes only declared."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import reading
from vrbench.runtime.npy import MAGIC, REMEDY, Header, check_file, header_of, npy_of
from vrbench.runtime.opened import OpenedFile

FEW = 100_000_000
"""Bytes that a zip of any size may unpack to."""
RATIO = 100
"""How many times its size it may unpack to beyond that: arrays of zeros reach 1,000."""


class Npz:
    """An open npz: its arrays by name, each read on access.

    Attributes:
        opened: the file.
        archive: the zip that it is.
        path: its path when it was opened.
        names: of the arrays, in the order of the file.
    """

    def __init__(self, archive: zipfile.ZipFile, opened: OpenedFile) -> None:
        self.opened, self.path = opened, opened.path
        path = self.path
        self.archive = archive
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
        with self._reading(name), self.archive.open(member) as stream:
            return header_of(stream, member.file_size, self._named(name))

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Read an array into memory.

        Raises:
            InputError: as ``header``, or its entries are damaged.
        """
        self.header(name)
        with self._reading(name), self.archive.open(self._members[name]) as stream:
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
    check_file(path)
    with reading(path, remedy, problem):
        opened = source if isinstance(source, OpenedFile) else OpenedFile(source)
    try:
        npz = _npz(opened, remedy, problem)
        with npz.archive:
            yield npz
    finally:
        if opened is not source:
            opened.close()


def kept_npz(path: Path) -> Npz:
    """Open an npz that stays open for as long as something refers to it.

    Raises:
        InputError: as ``open_npz``.
    """
    check_file(path)
    return _npz(OpenedFile(path), REMEDY, "is not a readable npz file")


def _npz(opened: OpenedFile, remedy: str, problem: str) -> Npz:
    with reading(opened.path, remedy, problem):
        archive = _archive(opened)
    return Npz(archive, opened)


def _archive(opened: OpenedFile) -> zipfile.ZipFile:
    opened.seek(0)
    if opened.read(len(MAGIC)) == MAGIC:
        raise ValueError("it holds a single array")
    return zipfile.ZipFile(opened)


def read_npz(path: Path, **said: str) -> dict[str, NDArray[Any]]:
    """Read all arrays of an npz; ``said``: words of messages, as ``open_npz`` takes them.

    Raises:
        InputError: as ``open_npz``, or an array cannot be read.
    """
    with open_npz(path, **said) as npz:
        return {name: npz[name] for name in npz.names}


def npz_of(data: bytes, what: str) -> dict[str, NDArray[Any]]:
    """Return the arrays in the bytes of an npz.

    Args:
        data: the bytes.
        what: they are, for messages.

    Raises:
        InputError: as ``open_npz``, or an array cannot be read.
    """
    with reading(what, REMEDY, "cannot be read"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        check_members(members, what, len(data))
        found = {m.filename.removesuffix(".npy"): m for m in members}
        if len(found) < len(members):
            raise InputError(f"{what} holds an array twice: keep one of them.")
        return {
            name: npy_of(archive.read(member), f"{what}, '{name}',")
            for name, member in found.items()
        }


def is_zip(source: Path | io.BytesIO) -> bool:
    """Whether a file, or bytes, end as a zip."""
    try:
        return zipfile.is_zipfile(source)
    except zipfile.BadZipFile:  # as the end of some damaged ones is
        return False


def check_members(
    members: Iterable[zipfile.ZipInfo], path: Path | str, size: int | None = None
) -> None:
    """Check, before unpacking, that the members of a zip can be unpacked, and their size.

    Args:
        members: of the zip.
        path: the zip.
        size: its bytes; None: those of the file.

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
    size = Path(path).stat().st_size if size is None else size
    if total > max(FEW, RATIO * size):
        raise InputError(
            f"{path} has {size:,} bytes and declares {total:,}, more than {RATIO} times as many: "
            "save it without compression."
        )
