"""A file open for reading that must not change: all reads and the SHA-256 are of one version."""

from __future__ import annotations

import hashlib
import io
import os
from functools import cached_property
from pathlib import Path
from typing import Any

from vrbench.errors import InputError

HASHED = 1 << 20
"""Bytes that are hashed at once."""


class OpenedFile(io.RawIOBase):
    """A file that is opened once, for all reads of it.

    A file that is moved to its path meanwhile is ignored. Every read checks that the file was not
    written to since it was opened.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be opened; reads raise ``InputError`` once it was changed.
    """

    _file = -1

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._state = self._stated()
        self._position = 0

    def _stated(self) -> tuple[int, int]:
        found = os.fstat(self._file)
        return found.st_size, found.st_mtime_ns

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._state[0]

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._file

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a byte, and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative position {start + offset}")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the file goes, and return how many bytes that are."""
        count = self.read_at(self._position, buffer)
        self._position += count
        return count

    def read_at(self, start: int, buffer: Any) -> int:
        """Fill a buffer from byte ``start`` on, and return how many bytes were there.

        Raises:
            InputError: the file was written to since it was opened.
        """
        # a damaged file may name places beyond what the system counts
        count = read_at(self._file, start, buffer) if start < self.size else 0
        if self._stated() != self._state:
            raise InputError(
                f"{self.path} was changed while it was read: run the command again when it is "
                "whole."
            )
        return count

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, hexadecimal.

        Raises:
            InputError: the file was written to since it was opened.
        """
        digest, buffer, start = hashlib.sha256(), bytearray(HASHED), 0
        while count := self.read_at(start, buffer):
            digest.update(memoryview(buffer)[:count])
            start += count
        return digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        if not self.closed and self._file >= 0:
            os.close(self._file)
        super().close()


def read_at(descriptor: int, start: int, buffer: Any) -> int:
    """Fill a buffer from byte ``start`` of a file on, and return how many bytes were there."""
    view = memoryview(buffer).cast("B")
    count = 0
    while count < len(view):  # one call reads at most 2 GB
        part = os.preadv(descriptor, [view[count:]], start + count)
        if not part:
            break
        count += part
    return count


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        InputError: the file is written to meanwhile.
    """
    with OpenedFile(path) as file:
        return file.sha256
