"""Compiling small kernels with numba (extra ``fast``), where it is installed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@cache
def available() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


@cache
def compiled(
    kernel: Callable[..., Any], *helpers: Callable[..., Any], contract: bool = True
) -> Any:
    """Compile a plain function; other threads may run meanwhile.

    Machine code is cached on disk, where the package's folder or the user's can be written, until
    a source file changes: numba itself only watches the kernel's file.

    Args:
        kernel: the function.
        helpers: plain functions that it calls.
        contract: whether a product and a sum may become one instruction; nothing is ever added in
            another order.
    """
    from numba import njit
    from numba.extending import register_jitable

    options: dict[str, Any] = {"error_model": "numpy"}
    if contract:
        options["fastmath"] = {"contract"}
    for helper in helpers:
        register_jitable(**options)(helper)
    try:
        kernel.__qualname__ = f"{kernel.__name__}_{_stamp(helpers)}"  # names the file that is kept
        return njit(nogil=True, cache=True, **options)(kernel)
    except (OSError, RuntimeError):  # there is no place for the cache
        return njit(nogil=True, **options)(kernel)


def _stamp(functions: Iterable[Callable[..., Any]]) -> str:
    """Return a short digest of the times and sizes of the functions' files."""
    files = sorted({function.__code__.co_filename for function in functions})
    stamps = [(file.stat().st_mtime_ns, file.stat().st_size) for file in map(Path, files)]
    return hashlib.sha256(repr(stamps).encode()).hexdigest()[:8]
