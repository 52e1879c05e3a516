"""Compiling small kernels with numba (extra ``fast``), where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any


@cache
def available() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


@cache
def compiled(kernel: Callable[..., Any], *helpers: Callable[..., Any]) -> Any:
    """Compile a plain function; other threads may run meanwhile.

    What was compiled is kept on disk, where the package's folder or the user's can be written.

    Args:
        kernel: the function.
        helpers: plain functions that it calls.
    """
    from numba import njit
    from numba.extending import register_jitable

    # a product and a sum may become one instruction; nothing is added in another order
    options: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy"}
    for helper in helpers:
        register_jitable(**options)(helper)
    try:
        return njit(nogil=True, cache=True, **options)(kernel)
    except RuntimeError:  # there is no place for the cache
        return njit(nogil=True, **options)(kernel)
