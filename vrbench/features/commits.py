"""A file that changes by commits: each writes everything since the last one, or nothing."""

from __future__ import annotations

import errno
import fcntl
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from vrbench.features.log import PAGE, log_of_pages, runs, settle, write_at

LOCKED = "unable to lock file"
"""The words of HDF5's own message."""


class Committed(io.RawIOBase):
    """A binary file open for reading and writing, locked against every other writer.

    HDF5 does not order its writes, so a process that dies among them may leave an unreadable file.
    Here the writes wait in memory. ``commit`` first appends the bytes beyond the end of the file,
    which nothing refers to yet; then a log of the pages that change; then it changes the pages and
    cuts the log off. When the file is opened after a crash, a complete log is carried out and an
    incomplete one is ignored.

    Since the writes only go to memory, no callback of HDF5 fails, and ``commit`` raises the errors:
    an exception in a callback, or an error on close, would make HDF5 end the process.

    Attributes:
        failed: why nothing can be committed any more; None: it can.

    Args:
        path: an existing file.

    Raises:
        OSError: the file cannot be opened, or somebody else has it open (``BlockingIOError``).
    """

    _file = -1

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR)
        try:
            _lock(self._file)
            if not os.path.samestat(os.fstat(self._file), path.stat()):
                # who had it has removed or replaced it: what is written here would be lost
                raise BlockingIOError(errno.EAGAIN, LOCKED)
            settle(self._file)
        except BaseException:
            self.close()
            raise
        self._held = self._size = os.fstat(self._file).st_size
        self._pages: dict[int, bytearray] = {}
        self._place, self._path = 0, path
        self.failed: OSError | None = None
        self._synced = True

    def __repr__(self) -> str:
        return str(self._path)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, as in any file."""
        self._place = offset + {0: 0, 1: self._place, 2: self._size}[whence]
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read as if all that was written were in the file; what is missing is zeros."""
        for number, inside, part in _split(self._place, memoryview(buffer)):
            page = self._pages.get(number) or self._known(number)
            part[:] = page[inside : inside + len(part)]
        self._place += len(buffer)
        return len(buffer)

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        """Keep what is written until the next commit."""
        for number, inside, part in _split(self._place, memoryview(data)):
            if number not in self._pages:
                self._pages[number] = bytearray(part if len(part) == PAGE else self._known(number))
            self._pages[number][inside : inside + len(part)] = part
        self._place += len(data)
        self._size = max(self._size, self._place)
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Truncate the file here at the next commit."""
        self._size = self._place if size is None else size
        return self._size

    def flush(self) -> None:
        """Do nothing: HDF5 flushes when it likes, ``commit`` comes when all is consistent."""

    def commit(self) -> None:
        """Change the file: from now on it has all that was written.

        Raises:
            OSError: it cannot be written. The file is as after the last commit, or will be as
                after this one when it is opened again; this object commits nothing any more.
        """
        if self.failed:
            raise self.failed
        try:
            self._commit()
        except OSError as error:
            self.failed = error
            raise

    def _commit(self) -> None:
        here = {n: page for n, page in self._pages.items() if n * PAGE < self._size}
        new = {n: page for n, page in here.items() if n * PAGE >= self._held}
        changed = {n: page for n, page in here.items() if n not in new and page != self._stored(n)}
        if self._size == self._held and not changed:
            self._pages = {}
            return
        self._synced = False
        self._put(new)
        if changed:
            end = max(self._size, self._held)
            os.ftruncate(self._file, end)
            write_at(self._file, log_of_pages(changed), end)
            self._put(changed)
        os.ftruncate(self._file, self._size)
        self._pages, self._held = {}, self._size

    def reach_disk(self) -> None:
        """Wait until the committed bytes are on the disk.

        Raises:
            OSError: the disk cannot take them.
        """
        if not self._synced:
            os.fsync(self._file)
        self._synced = True

    def close(self) -> None:
        """Close the file as it is after the last commit.

        Raises:
            OSError: a network file system could not keep what was committed.
        """
        super().close()
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def readable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def _known(self, number: int) -> bytes:
        try:
            return self._stored(number)
        except OSError as error:
            self.failed = error
            return bytes(PAGE)

    def _stored(self, number: int) -> bytes:
        return os.pread(self._file, PAGE, number * PAGE).ljust(PAGE, b"\0")

    def _put(self, pages: Mapping[int, bytearray]) -> None:
        for start, data in runs(pages):
            write_at(self._file, data[: max(0, self._size - start)], start)


def _lock(file: int) -> None:
    """Lock a file as HDF5 does, and where it does."""
    if os.environ.get("HDF5_USE_FILE_LOCKING", "").upper() in ("FALSE", "0"):
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise BlockingIOError(error.errno, LOCKED) from error


def _split(place: int, data: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Yield (page, place inside it, part) of what lies at a place."""
    data, done = data.cast("B"), 0
    while done < len(data):
        number, inside = divmod(place + done, PAGE)
        part = data[done : done + PAGE - inside]
        yield number, inside, part
        done += len(part)
