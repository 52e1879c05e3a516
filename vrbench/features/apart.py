"""A first look at a file in a child process, which a bad file may hang or crash."""

from __future__ import annotations

import faulthandler
import gc
import os
import resource
import signal
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from vrbench.errors import InputError
from vrbench.runtime.opened import OpenedFile

SECONDS, BYTES_A_SECOND = 3, 10_000_000
"""Of the processor for any file, and bytes of a file for which there is another second."""

MEMORY = 768_000_000
"""Bytes that a look may take, beyond the size of the file."""


def look_apart(
    opened: OpenedFile,
    look: Callable[[], object],
    reader: str = "HDF5",
    speed: int = BYTES_A_SECOND,
    more: Sequence[OpenedFile] = (),
) -> None:
    """Run ``look`` in a child process first, within limits of time and memory.

    libhdf5 follows the addresses in a file. Where they form a circle it loops for ever, or crashes,
    and no signal handler runs. If the child gets through, so does this process: the file is the
    same.

    Args:
        opened: the file.
        look: opens it, and walks through its structure.
        reader: the library that does, for messages.
        speed: bytes of the file for which there is a second of the processor.
        more: other files that it looks at.
        more: other files that it looks at.

    Raises:
        InputError: of ``look``, or the child did not come back.
    """
    answer, say = os.pipe()
    with warnings.catch_warnings():  # Python warns of threads: the child uses none of theirs
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _look(opened.size + sum(one.size for one in more), look, say, speed)
    os.close(say)
    status = None
    try:
        with open(answer, "rb") as stream:  # noqa: PTH123  a descriptor
            said = stream.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        if status is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    if said:
        raise InputError(said.decode(errors="surrogateescape"))
    if status:
        why = "finds no end of it" if -status == signal.SIGXCPU else "falls over it"
        remedy = "copy it again or extract it anew"
        raise InputError(f"{opened.path} is damaged ({reader} {why}): {remedy}.")


def _look(size: int, look: Callable[[], object], say: int, speed: int) -> NoReturn:
    """Look, report what is wrong, and end without the cleanup of a process."""
    done = False
    gc.disable()  # it would touch, and so copy, every object of the parent
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU):
            signal.signal(number, signal.SIG_DFL)  # unfinished files belong to the parent
        faulthandler.disable()
        _limit(size, speed)
        look()
        done = True
    except InputError as error:
        os.write(say, str(error).encode(errors="surrogateescape"))
    finally:
        os._exit(not done)


def _limit(size: int, speed: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seconds = SECONDS + size // speed
    _lower(resource.RLIMIT_CPU, seconds)
    with suppress(OSError):  # no /proc: no limit of memory
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY + size)


def _lower(kind: int, limit: int) -> None:
    """Set a limit unless a lower one is in force."""
    soft, hard = resource.getrlimit(kind)
    if soft == resource.RLIM_INFINITY or limit < soft:
        resource.setrlimit(kind, (limit, hard))
