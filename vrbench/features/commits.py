"""A file whose bytes change at commits only: all that was written since the last, or nothing."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

PAGE = 4096
LOCKED = "unable to lock file"
"""What HDF5 says too."""
_END = struct.Struct("<QI12s")
"""The last bytes of a log: its length without these, its CRC-32, and ``_MARK``."""
_MARK = b"vrbench-log\n"
_RUN = struct.Struct("<QI")
"""Before each run of pages in a log: where it belongs, and its length."""


class Committed(io.RawIOBase):
    """A binary file open for reading and writing, locked against every other writer.

    HDF5 does not order its writes, so that a process that dies among them may leave a file that
    cannot be read any more. Here they wait in memory. ``commit`` puts what lies beyond the end of
    the file there, where nothing refers to it yet; then, behind that, a log of the pages that
    change; then it changes them and cuts the log off. What a process that died left is settled when
    the file is opened again: a whole log is carried out, and what is not whole is ignored.

    As memory has all, nothing that HDF5 calls here fails: an exception in a callback, or an error
    when it closes, would leave it in a state in which it ends the process.

    Attributes:
        failed: why a commit failed; None: none did.

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
            _settle(self._file)
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
            page = self._pages.get(number) or self._stored(number)
            part[:] = page[inside : inside + len(part)]
        self._place += len(buffer)
        return len(buffer)

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        """Keep what is written until the next commit."""
        for number, inside, part in _split(self._place, memoryview(data)):
            if number not in self._pages:
                self._pages[number] = bytearray(part if len(part) == PAGE else self._stored(number))
            self._pages[number][inside : inside + len(part)] = part
        self._place += len(data)
        self._size = max(self._size, self._place)
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Let the file end here after the next commit."""
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
            _write(self._file, _log(changed), end)
            self._put(changed)
        os.ftruncate(self._file, self._size)
        self._pages, self._held = {}, self._size

    def reach_disk(self) -> None:
        """Wait until the disk has what was committed.

        Raises:
            OSError: it has not, and never will.
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

    def _stored(self, number: int) -> bytes:
        return os.pread(self._file, PAGE, number * PAGE).ljust(PAGE, b"\0")

    def _put(self, pages: Mapping[int, bytearray]) -> None:
        for start, data in _runs(pages):
            _write(self._file, data[: max(0, self._size - start)], start)


def is_unsettled(path: Path) -> bool:
    """Whether a commit has begun that has to be carried out before the file can be read."""
    with path.open("rb") as stream:
        return _log_of(stream.fileno()) is not None


def _lock(file: int) -> None:
    """Lock a file as HDF5 does, and where it does."""
    if os.environ.get("HDF5_USE_FILE_LOCKING", "").upper() in ("FALSE", "0"):
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise BlockingIOError(error.errno, LOCKED) from error


def _settle(file: int) -> None:
    """Carry out the log at the end of a file, if there is one."""
    log = _log_of(file)
    if log is None:
        return
    for start, data in _read(log):
        _write(file, data, start)
    os.ftruncate(file, os.fstat(file).st_size - len(log) - _END.size)


def _log_of(file: int) -> bytes | None:
    """Return the whole log at the end of a file; None where there is none."""
    size = os.fstat(file).st_size
    end = os.pread(file, _END.size, max(0, size - _END.size))
    if len(end) < _END.size:
        return None
    length, check, mark = _END.unpack(end)
    begins = size - _END.size - length
    if mark != _MARK or begins < 0:
        return None
    log = os.pread(file, length, begins)
    whole = len(log) == length and zlib.crc32(log) == check
    try:
        sound = whole and all(at + len(data) < begins + PAGE for at, data in _read(log))
    except struct.error:
        return None
    return log if sound else None


def _read(log: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the runs of pages in a log, each with its place."""
    place = 0
    while place < len(log):
        start, length = _RUN.unpack_from(log, place)
        place += _RUN.size
        yield start, log[place : place + length]
        place += length


def _log(pages: Mapping[int, bytearray]) -> bytes:
    parts = [_RUN.pack(start, len(data)) + data for start, data in _runs(pages)]
    log = b"".join(parts)
    return log + _END.pack(len(log), zlib.crc32(log), _MARK)


def _runs(pages: Mapping[int, bytearray]) -> Iterator[tuple[int, bytes]]:
    """Yield pages that lie one after the other as one piece, with its place."""
    run: list[int] = []
    for number in sorted(pages):
        if run and number != run[-1] + 1:
            yield run[0] * PAGE, b"".join(pages[n] for n in run)
            run = []
        run.append(number)
    if run:
        yield run[0] * PAGE, b"".join(pages[n] for n in run)


def _split(place: int, data: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Yield (page, place inside it, part) of what lies at a place."""
    data, done = data.cast("B"), 0
    while done < len(data):
        number, inside = divmod(place + done, PAGE)
        part = data[done : done + PAGE - inside]
        yield number, inside, part
        done += len(part)


def _write(file: int, data: bytes, start: int) -> None:
    while data:
        written = os.pwrite(file, data, start)
        data, start = data[written:], start + written
