"""Keeping the process under a bound of resident memory."""

from __future__ import annotations

import ctypes
import re
import resource
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from vrbench.compiling import available
from vrbench.errors import InputError

MB = 1_000_000
LEAST = 300 * MB
"""What a bound must leave beyond the imports."""

_UNITS = {"": 1, "b": 1, "kb": 1_000, "mb": MB, "gb": 1_000 * MB}
_DRIFT = 48 * MB
"""By how much resident memory differs between two runs that do the same."""
_MARGIN = 120 * MB
"""Tiles in work, rank counting, and the allocator's slack."""


_bound: int | None = None
"""What ``--memory`` allows this process; memory is the process's, so the bound is too."""


def set_bound(bound: int | None) -> None:
    """Remember what the process may hold; None: unbounded.

    Raises:
        InputError: it is less than the imports and 300 MB.
    """
    global _bound
    if bound is not None and bound < imports() + LEAST:
        raise InputError(
            f"--memory {bound // MB}MB is too little: the imports take {imports() // MB}MB, give "
            f"at least {(imports() + LEAST) // MB + 1}MB."
        )
    _bound = bound


def spare(wanted: int) -> int:
    """Return how much of ``wanted`` bytes may still be taken."""
    if _bound is None:
        return wanted
    return max(0, min(wanted, _bound - resident() - _MARGIN))


def parse_size(text: str) -> int:
    """Read ``2GB`` or ``800MB`` (MB = 10^6 bytes) as bytes.

    Raises:
        InputError: it is no size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?b?)\s*", text.lower())
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
    """Resident memory of this process now, in bytes, without what is free already."""
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


def _status(key: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{key}:")]
    return int(found[0]) * 1024 if found else None


def fits(matrices: int) -> bool:
    """Whether similarity matrices of so many bytes can be held under the bound."""
    return _bound is None or imports() + _MARGIN + matrices + 2 * MB * 20 <= _bound


def block_bytes(bound: int, matrices: int, most: int) -> int:
    """Share out a bound: bytes for the items in work of each side, at most ``most``.

    Args:
        bound: bytes that the process may hold, imports included.
        matrices: bytes of the similarity matrices that must be whole.
        most: upper limit of the answer.

    Raises:
        InputError: the bound is too small for the matrices.
    """
    taken = resident()
    room = bound - taken - _MARGIN - matrices
    if room < 2 * MB * 20:
        need = taken + _MARGIN + matrices + 2 * MB * 20
        raise InputError(
            f"--memory {bound // MB}MB cannot hold the similarity matrices ({matrices // MB}MB) "
            f"beside the imports: give at least {(need + _DRIFT) // MB}MB, or fewer items "
            "(--limit)."
        )
    return min(room // 2, most)
