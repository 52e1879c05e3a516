"""Temporary files that name their process, and the removal of those of dead processes."""

from __future__ import annotations

import os
import re
import shutil
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

BEGUN = ".vrbench-"
"""With this begin the names of files that are not finished."""
_NAME = re.compile(
    r"\.vrbench-(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-(?P<started>\d+)-[0-9a-f]{8}(\..*)?",
    re.DOTALL,
)

_folders: set[Path] = set()


def beside(path: Path) -> Path:
    """Return a unique name beside ``path``, with its ending.

    It begins with a dot, so that readers of the folder ignore it.
    """
    process = os.getpid()
    owner = f"{_machine()}-{process}-{_started(process) or 0}-{os.urandom(4).hex()}"
    return path.with_name(f"{BEGUN}{owner}{path.suffix}")


def remove_left_over(folder: Path, *, folders: bool = False) -> None:
    """Remove the unfinished files of dead processes in a folder, and with ``folders`` these, too.

    Only names that ``beside`` gives on this machine are touched. Files begun on another machine, as
    on a shared disk, stay: it is unknown here whether their processes live.
    """
    with suppress(OSError):  # a folder that may be written to and not be listed
        for entry in os.scandir(folder):
            found = _NAME.fullmatch(entry.name)
            if not found or found["machine"] != _machine() or not _is_dead(found):
                continue
            if folders and entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            with suppress(OSError):
                os.unlink(entry.path)  # noqa: PTH108  scandir gives a string


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder among the system's temporary files, which is removed at the end.

    So it is when a signal ends the command. A killed process leaves it to the next one. Where it
    cannot be made, there is none of that name.
    """
    import tempfile

    above = Path(tempfile.gettempdir())
    folder = beside(above / "folder")
    _folders.add(folder)
    try:
        remove_left_over(above, folders=True)
        with suppress(OSError):
            folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _folders.discard(folder)


def remove_folders() -> None:
    """Remove the temporary folders, before the process ends in the middle."""
    for folder in list(_folders):
        shutil.rmtree(folder, ignore_errors=True)


def _is_dead(owner: re.Match[str]) -> bool:
    if os.name != "posix":
        return False
    process, started = int(owner["process"]), int(owner["started"])
    if started:
        return _started(process) != started  # another one may have its number by now
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def _started(process: int) -> int | None:
    """Return the start of a process, in ticks since boot; None: it is dead, or no /proc."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(errors="replace")
    except OSError:
        return None
    state, *numbers = text.rpartition(")")[2].split()  # a command's name may hold anything
    return None if state in "ZX" else int(numbers[18])


@cache
def _machine() -> str:
    """Return eight hexadecimal digits of the machine or container that numbers the processes."""
    try:
        numbers = str(Path("/proc/self/ns/pid").readlink())  # a container has its own
    except OSError:
        numbers = ""
    return f"{zlib.crc32(f'{socket.gethostname()} {numbers}'.encode()):08x}"
