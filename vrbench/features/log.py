"""The log at the end of a file: pages that change together or not at all."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

PAGE = 4096
_END = struct.Struct("<QI12s")
"""The last bytes of a log: its length without these, its CRC-32, and ``_MARK``."""
_MARK = b"vrbench-log\n"
_RUN = struct.Struct("<QI")
"""Before each run of pages in a log: where it belongs, and its length."""


def is_unsettled(path: Path) -> bool:
    """Whether an unfinished commit has to be carried out before the file can be read."""
    with path.open("rb") as stream:
        return _log_of(stream.fileno()) is not None


def settle(file: int) -> None:
    """Carry out the log at the end of a file, if there is one."""
    log = _log_of(file)
    if log is None:
        return
    for start, data in _read(log):
        write_at(file, data, start)
    os.ftruncate(file, os.fstat(file).st_size - len(log) - _END.size)


def log_of_pages(pages: Mapping[int, bytearray]) -> bytes:
    """Return the log of these pages, which is written at the end of a file."""
    parts = [_RUN.pack(start, len(data)) + data for start, data in runs(pages)]
    log = b"".join(parts)
    return log + _END.pack(len(log), zlib.crc32(log), _MARK)


def runs(pages: Mapping[int, bytearray]) -> Iterator[tuple[int, bytes]]:
    """Yield pages that lie one after the other as one piece, with its place."""
    run: list[int] = []
    for number in sorted(pages):
        if run and number != run[-1] + 1:
            yield run[0] * PAGE, b"".join(pages[n] for n in run)
            run = []
        run.append(number)
    if run:
        yield run[0] * PAGE, b"".join(pages[n] for n in run)


def write_at(file: int, data: bytes, start: int) -> None:
    """Write all of ``data`` from a byte of an open file on."""
    while data:
        written = os.pwrite(file, data, start)
        data, start = data[written:], start + written


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
