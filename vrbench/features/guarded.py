"""A guard that checks bytes of a file before HDF5 reads them."""

from __future__ import annotations

import atexit
import errno
import fcntl
import os
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from vrbench.errors import InputError
from vrbench.features.commits import LOCKED
from vrbench.runtime.opened import OpenedFile

_UNLOCKED = ("FALSE", "0")
_HEAP, _HEAP_HEADER, _OBJECT_HEADER = b"GCOL\x01", 16, 16
_CACHE_IMAGE = b"MDCI"
_FLAGGED = (b"\x89HDF\r\n\x1a\n\x03", b"\x89HDF\r\n\x1a\n\x04")

_read: WeakValueDictionary[int, GuardedFile] = WeakValueDictionary()
"""The files that HDF5 reads through, by the number that it gave them."""


class GuardedFile(OpenedFile):
    """An HDF5 file open for reading, through which HDF5 gets every byte of it.

    libhdf5 walks a global heap, which holds strings of variable length, by the sizes stored in it,
    and loops for ever where one of them is 0. So each heap is checked before libhdf5 gets it.

    Args:
        path: the file.
        lock: whether to lock it against writers, as HDF5 does; False: the caller has done it.

    Raises:
        OSError: it cannot be opened, or is locked by its writer.
    """

    def __init__(self, path: Path, *, lock: bool = True) -> None:
        super().__init__(path)
        self._sound: set[int] = set()
        try:
            if lock:
                self._lock()
            self._check_closed()
        except BaseException:
            self.close()
            raise

    def _lock(self) -> None:
        """Take the lock that HDF5 itself would take."""
        if os.environ.get("HDF5_USE_FILE_LOCKING", "").upper() in _UNLOCKED:
            return
        try:
            fcntl.flock(self.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise OSError(error.errno, LOCKED) from error

    def _check_closed(self) -> None:
        start = bytearray(12)
        self.read_at(0, start)
        if start.startswith(_FLAGGED) and start[11] & 1:
            raise OSError("file is open for writing (may use h5clear)")

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer of HDF5's, with zeros beyond the end of the file as its own driver does.

        Raises:
            InputError: libhdf5 would loop for ever on these bytes.
        """
        at = self.tell()
        count = super().readinto(buffer)
        buffer[count:] = bytes(len(buffer) - count)
        start = bytes(buffer[: len(_HEAP)])
        if start == _HEAP and at not in self._sound:
            self._check_heap(at)
            self._sound.add(at)
        if start.startswith(_CACHE_IMAGE):  # more metadata, which would not come through here
            raise InputError(f"{self.path} holds a metadata cache image: run h5repack on it.")
        return len(buffer)

    def _check_heap(self, at: int) -> None:
        """Check that the objects of a global heap collection follow each other to its end.

        Source: HDF5 File Format Specification 3.0, III.E "Disk Format: Level 1E - Global Heap".
        """
        header = bytearray(_HEAP_HEADER)
        self.read_at(at, header)
        size = int.from_bytes(header[8:], "little")
        if not _HEAP_HEADER <= size <= self.size - at:
            raise self._damaged_heap(at)
        heap = bytearray(size)
        self.read_at(at, heap)
        place = _HEAP_HEADER
        while size - place >= _OBJECT_HEADER:
            index = int.from_bytes(heap[place : place + 2], "little")
            length = int.from_bytes(heap[place + 8 : place + 16], "little")
            # the free space, object 0, counts its header; the others are filled up to 8 bytes
            step = _OBJECT_HEADER + (length + 7) // 8 * 8 if index else length
            if not _OBJECT_HEADER <= step <= size - place:
                raise self._damaged_heap(at)
            place += step

    def _damaged_heap(self, at: int) -> InputError:
        return InputError(
            f"{self.path} is damaged (the global heap at byte {at}, where strings lie, has objects "
            "of impossible sizes): copy it again or extract it anew."
        )


def hdf5_through(opened: GuardedFile) -> Any:
    """Return the ``h5py.File`` that reads through a guarded file.

    Raises:
        OSError: it is no HDF5 file.
    """
    import h5py

    file = h5py.File(opened.path, "r", driver="fileobj", fileobj=opened)
    _read[_number(file)] = opened
    return file


def guarded_of(dataset: Any) -> GuardedFile:
    """Return the guarded file that an ``h5py.Dataset`` is read through.

    Raises:
        KeyError: it was opened in another way.
    """
    return _read[_number(dataset)]


def _number(part: Any) -> int:
    """Return the number that HDF5 gave an open file, by a part of it."""
    from h5py import h5o

    return int(h5o.get_info(part.id).fileno)


@cache
def close_at_exit() -> None:
    """Close the files that are still open while there is a Python to read through."""
    atexit.register(_close_guarded)


def _close_guarded() -> None:
    from h5py import File, h5f, h5fd, h5i

    for part in h5f.get_obj_ids(types=h5f.OBJ_FILE | h5f.OBJ_GROUP | h5f.OBJ_DATASET):
        file = h5i.get_file_id(part) if part.valid else None
        if file is not None and file.get_access_plist().get_driver() == h5fd.fileobj_driver:
            File(file).close()
