"""Writing files whole or not at all, without losing existing ones."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vrbench.errors import InputError
from vrbench.runtime.leftovers import beside, remove_folders, remove_left_over

_UNKNOWN = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
"""Errors of a file system that knows no fsync of folders."""

_unfinished: set[Path] = set()
_made: list[Path] = []
"""Folders that were made for work that goes on, each before those that hold it."""


@contextmanager
def replacing(
    path: Path, *, only_new: bool = False, through: Path | None = None, lasting: bool = True
) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it takes the place of ``path``.

    It is moved there once its bytes are on the disk: a write that fails late, as on a network file
    system, fails here. Unfinished files of dead processes in the folder are removed.

    Args:
        path: the file to write.
        only_new: leave a ``path`` that another process made meanwhile as it is.
        through: the temporary path; None: a unique one.
        lasting: whether to wait for the disk; not needed where a damaged file would be noticed.

    Raises:
        InputError: the folder cannot be written, or ``path`` is a folder or a device.
    """
    check_file(path)
    temporary = through or beside(path)
    _unfinished.add(temporary)  # before it exists: a signal may come at any moment
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_left_over(path.parent)
        temporary.touch(exist_ok=False)
        yield temporary
        if not (only_new and path.exists()):
            if lasting:
                reach_disk(temporary)
            temporary.replace(path)
            if lasting:
                reach_disk(path.parent)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        _remove(temporary)
        _unfinished.discard(temporary)


def reach_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk.

    Raises:
        OSError: the disk cannot take them.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return  # a folder may be written to and not be read
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
    finally:
        os.close(descriptor)


def remove_unfinished() -> None:
    """Remove what is unfinished or temporary, before the process ends in the middle."""
    for path in list(_unfinished):
        _remove(path)
    remove_folders()
    _remove_empty(_made)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders as far as they have no files, each before those that hold it."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def listed(folder: Path, *endings: str) -> list[Path]:
    """Return the paths in a folder that have one of the endings, sorted by name.

    Names that begin with a dot are left out: files of other programs, such as ``.DS_Store`` and
    ``._x.npy``, and unfinished files.

    Raises:
        OSError: it is no folder, or cannot be read.
    """
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.endswith(endings or "") and not path.name.startswith(".")
    )


def check_file(path: Path) -> None:
    """Check that ``path`` is a file or nothing yet: a device would be replaced by a file.

    Raises:
        InputError: it is something else.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a device"
        raise InputError(f"{path} is {what}: give the name of a file.")


def check_place(path: Path) -> None:
    """Check, before the work, that a file can be written; folders that it needs are not made yet.

    Raises:
        InputError: it is no file, or the folder that it or its folders go into cannot be written.
    """
    check_file(path)
    _try(path, path.absolute().parent)


def check_results(folder: Path) -> None:
    """Check, before the work, that files can be written into a folder, which is not made yet.

    Raises:
        InputError: it cannot be made or written.
    """
    _try(folder, folder.absolute())


def _try(path: Path, folder: Path) -> None:
    """Write a file without a name into the folder, or the nearest one above that is there."""
    import tempfile

    there = next(part for part in (folder, *folder.parents) if part.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        what = "may not be written to" if there.is_dir() else "is no folder"
        raise InputError(f"{path} cannot be written: {there} {what}.") from error


@contextmanager
def filling(folder: Path | None) -> Iterator[None]:
    """Make a folder where it is missing, check that it can be written, and let work fill it.

    Unfinished files of dead processes in it are removed. Where the work fails, or a signal ends it,
    before there is a file, no folder that was made for it stays.

    Args:
        folder: None: nothing is made.

    Raises:
        InputError: it cannot be made or written.
    """
    import tempfile

    if folder is None:
        yield
        return
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is not a folder: give the name of one.")
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    _made[:0] = missing
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            remove_left_over(folder)
        except OSError as error:
            raise InputError(f"{folder} cannot be written: {error.strerror}.") from error
        yield
    finally:
        _remove_empty(missing)  # after work that did not fail they have files
        for part in missing:
            _made.remove(part)
