"""The interposed calls: built, loaded into a process, and armed in it."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

SOURCE = Path(__file__).with_name("interpose.c")


class Kind(IntEnum):
    """What happens at an event; the numbers are those of ``interpose.c``."""

    COUNT = 1
    KILL = 2
    KILL_HALF = 3
    EIO = 4
    ENOSPC = 5


def compiler() -> str | None:
    """Return the C compiler of this machine, None where there is none."""
    return shutil.which("cc")


def start_again(words: list[str]) -> NoReturn:
    """Run ``python -m fault`` with the calls interposed, and end as it does."""
    cc = compiler()
    if cc is None:
        sys.exit("There is no C compiler cc: install one.")
    with TemporaryDirectory() as folder:
        library = Path(folder) / "interpose.so"
        subprocess.run([cc, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        # one thread: a pool of the parent's would be missing in a forked child
        more = {"LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        command = [sys.executable, "-m", "fault", *words]
        sys.exit(subprocess.run(command, env={**os.environ, **more}, check=False).returncode)


class Events:
    """The events of a child process, counted in memory that outlives it.

    Args:
        folder: events are the calls that change something below it.
    """

    def __init__(self, folder: Path) -> None:
        self._library = ctypes.CDLL(None)
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)  # shared with children
        count = ctypes.c_long.from_buffer(self._memory)
        self._count = count
        ctypes.c_void_p.in_dll(self._library, "fault_count").value = ctypes.addressof(count)
        below = (ctypes.c_char * 4096).in_dll(self._library, "fault_below")
        below.value = os.fsencode(folder)

    def arm(self, kind: Kind, at: int, log: int = -1) -> None:
        """Let event ``at`` (1 is the first) go wrong; ``log``: descriptor where each is named."""
        self._count.value = 0
        ctypes.c_long.in_dll(self._library, "fault_at").value = at
        ctypes.c_int.in_dll(self._library, "fault_log").value = log
        ctypes.c_int.in_dll(self._library, "fault_kind").value = kind

    def disarm(self) -> None:
        """Let everything go well from now on."""
        ctypes.c_int.in_dll(self._library, "fault_kind").value = 0

    @property
    def count(self) -> int:
        """Events since ``arm``."""
        return self._count.value

    @staticmethod
    def here() -> bool:
        """Whether the calls of this process are interposed."""
        return hasattr(ctypes.CDLL(None), "fault_kind")
