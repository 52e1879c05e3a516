"""Writing a file so that it is whole or not there, and nothing existing is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vrbench.errors import InputError

_unfinished: set[Path] = set()


@contextmanager
def replacing(path: Path, *, only_new: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it takes the place of ``path``.

    Args:
        path: the file to be.
        only_new: leave a ``path`` that somebody else made meanwhile as it is.

    Raises:
        InputError: the folder cannot be written, or ``path`` is a folder or a device.
    """
    check_file(path)
    temporary = path.with_name(f".{path.stem}-{os.urandom(4).hex()}{path.suffix}")
    _unfinished.add(temporary)  # before it exists: a signal may come at any moment
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(exist_ok=False)
        yield temporary
        if not (only_new and path.exists()):
            temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        _remove(temporary)
        _unfinished.discard(temporary)


def remove_unfinished() -> None:
    """Remove every temporary file of ``replacing``, before the process ends in the middle."""
    for path in list(_unfinished):
        _remove(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def check_file(path: Path) -> None:
    """Check that ``path`` is a file or nothing yet: a device would be replaced by a file.

    Raises:
        InputError: it is something else.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a device"
        raise InputError(f"{path} is {what}: give --out the name of a file.")


def check_folder(folder: Path) -> None:
    """Make a folder where it is missing, before the work whose results go there.

    Raises:
        InputError: it cannot be made or written.
    """
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}.") from error
