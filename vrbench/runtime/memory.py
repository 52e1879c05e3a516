"""Keeping the process's resident memory below a bound."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import socket
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from vrbench.errors import InputError
from vrbench.runtime.compiling import available

MB = 1_000_000
LEAST = 300 * MB
"""Bytes that a bound must leave beyond the imports."""

_UNITS = {"": 1, "b": 1, "kb": 1_000, "mb": MB, "gb": 1_000 * MB}
_DRIFT = 48 * MB
"""Difference of resident memory between two equal runs."""
_LOADED = 150 * MB
"""Bytes that the first score loads beyond the imports: numba's compiler, POT, BLAS buffers."""
_MEASURING = 90 * MB
"""Bytes for blocks of rows and their temporaries while a matrix is normalized and measured."""
_LEAST_BLOCK = 8 * MB
"""Least bytes of a side's items in work: smaller blocks are read too often."""
_LARGE = 3 << 20
"""Bytes from which an array gets separate pages: more than a tile takes, less than a panel."""

_bound: int | None = None
"""The bound of ``--memory``, one for the whole process."""
_scored = False
"""Whether ``_LOADED`` is resident already."""


def set_bound(bound: int | None) -> None:
    """Set the bound of the process; None: unbounded.

    From then on the allocator returns large arrays to the system as soon as they are freed. By
    default it keeps several times the memory in use.

    Raises:
        InputError: it is less than the imports and 300 MB.
    """
    global _bound
    if bound is not None and bound < imports() + LEAST:
        said = f"{bound // MB}MB" if bound >= MB else f"{bound} bytes"
        raise InputError(
            f"--memory {said} is too little: the imports take {imports() // MB}MB, give "
            f"at least {_rounded(imports() + LEAST)}MB."
        )
    _bound = bound
    with suppress(AttributeError, OSError):  # only glibc has it; -3: M_MMAP_THRESHOLD
        ctypes.CDLL(None).mallopt(-3, _LARGE)


def bound_of_task(bound: int | None) -> None:
    """Set the bound of a worker, which does tasks of several clients, before a task.

    Raises:
        InputError: as ``set_bound`` says; the sentence names the worker.
    """
    if bound == _bound:
        return
    try:
        set_bound(bound)
    except InputError as error:
        raise InputError(f"On the worker at {socket.gethostname()}: {error}") from error


def _rounded(size: int) -> int:
    """Return it in MB, up to the next 10: in another process the imports may take a little more."""
    return 10 * -(-(size + 2 * MB) // (10 * MB))


def spare(wanted: int, pending: int = 0) -> int:
    """Return how many of ``wanted`` bytes may be taken, with ``pending`` others still to come."""
    if _bound is None:
        return wanted
    return max(0, min(wanted, _bound - resident() - _to_load() - _MEASURING - pending))


def planned(wanted: int) -> int:
    """Return how many of ``wanted`` bytes may be taken by a process that has done nothing else.

    It is the same in every run, unlike ``spare``: what the bound leaves is rounded down to a power
    of two, as imports take a little more or less each time.
    """
    if _bound is None:
        return wanted
    left = max(1, _bound - imports() - _LOADED - _MEASURING)
    return min(wanted, 1 << (left.bit_length() - 1))


def _to_load() -> int:
    return 0 if _scored else _LOADED


def parse_size(text: str) -> int:
    """Read ``2GB`` or ``800MB`` (MB = 10^6 bytes) as bytes.

    Raises:
        InputError: it is no size.
    """
    match = re.fullmatch(r"\s*(\d{1,18}(?:\.\d{1,18})?)\s*([kmg]?b?)\s*", text.lower(), re.ASCII)
    unit = match[2] if match else "?"
    unit = unit if unit in _UNITS else f"{unit}b"
    if match is None or unit not in _UNITS:
        raise InputError(f"Cannot read '{text}' as a size of memory: write 2GB or 800MB.")
    return int(float(match[1]) * _UNITS[unit])


def peak() -> int:
    """Largest resident memory of this process so far, in bytes."""
    found = _status("VmHWM")  # unlike ru_maxrss it does not begin with the parent's
    if found is not None:
        return found
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def resident() -> int:
    """Resident memory of this process now, in bytes, without memory that is free already."""
    with suppress(AttributeError, OSError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)
    found = _status("VmRSS")
    return peak() if found is None else found


@cache
def imports() -> int:
    """Resident memory with everything imported that scoring needs, taken once."""
    import torch  # noqa: F401

    if available():
        import numba  # noqa: F401

    return resident()


def check_machine(size: int, what: str, remedy: str) -> None:
    """Refuse an array that takes more than the memory that is free.

    Where the system promises more memory than there is, such an array fills it until the process is
    killed.

    Args:
        size: its bytes.
        what: is made, for the message.
        remedy: end of the sentence.

    Raises:
        InputError: it is larger.
    """
    free = _status("MemAvailable", "/proc/meminfo")
    if free is None:
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > free:
        raise InputError(
            f"{what} takes {size // MB:,}MB of memory, and {free // MB:,}MB are free: {remedy}."
        )


def _status(key: str, file: str = "/proc/self/status") -> int | None:
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{key}:")]
    return int(found[0]) * 1024 if found else None


def check_fits(matrices: int, room: int, instead: str = "") -> None:
    """Refuse similarity matrices of so many bytes where there is less room.

    Args:
        matrices: their bytes.
        room: the value of ``spare`` before they were made.
        instead: end of the sentence: another remedy.

    Raises:
        InputError: it is; the sentence says which bound is enough.
    """
    if _bound is None or matrices <= room:
        return
    enough = (_bound - room + matrices + _DRIFT) // MB
    raise InputError(
        f"--memory {_bound // MB}MB cannot hold the similarity matrices ({matrices // MB}MB) "
        f"beside what is there: give at least {enough}MB{instead}."
    )


def share(pending: int, tile: int, workers: int, most: int) -> tuple[int, int]:
    """Divide the remaining memory: bytes for the items in work of each side, and threads.

    Call it when everything that scoring needs is loaded.

    Args:
        pending: bytes of the similarity matrices still to come.
        tile: bytes that one thread needs.
        workers: threads at most.
        most: upper limit of the bytes of a side; the answer without a bound.

    Raises:
        InputError: not even one thread's tile is left.
    """
    global _scored
    if _bound is None:
        return most, workers
    _scored = True
    left = _bound - resident() - pending
    if left < tile:
        raise InputError(
            f"--memory {_bound // MB}MB cannot hold {pending // MB}MB of similarities beside what "
            f"is there: give at least {(_bound - left + tile + _DRIFT) // MB}MB."
        )
    threads = max(1, min(workers, left // (3 * tile)))
    return max(_LEAST_BLOCK, min((left - threads * tile) // 2, most)), threads
