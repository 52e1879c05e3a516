"""Compiling small kernels with numba (extra ``fast``), where it is installed."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any


@cache
def available() -> bool:
    """Whether numba is installed, and compiles: ``NUMBA_DISABLE_JIT=1`` tells it not to."""
    disabled = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
    return not disabled and find_spec("numba") is not None


@cache
def vectorized() -> bool:
    """Whether kernels in vector instructions are compiled, for this processor has them."""
    if not available():
        return False
    from vrbench.runtime.vectors import USABLE

    return USABLE


@cache
def compiled(kernel: Callable[..., Any], *, contract: bool = True) -> Any:
    """Compile a plain function, with those that it calls; other threads may run meanwhile.

    Machine code is cached on disk, where the package's folder or the user's can be written, until
    a source file changes: numba itself only watches the kernel's file. It is not where a function
    that is called comes from no file, or holds values of its own (a closure, defaults): no name of
    a file would tell it from another one.

    Args:
        kernel: the function; what it calls of this package are names of its module.
        contract: whether a product and a sum may become one instruction; nothing is ever added in
            another order.
    """
    from numba import njit

    options: dict[str, Any] = {"error_model": "numpy"}
    if contract:
        options["fastmath"] = {"contract"}
    called = _called(kernel)
    for helper in called:
        _register(helper, contract)
    if not all(map(_told_apart, called)):
        return njit(nogil=True, **options)(kernel)
    try:
        # names the file that is kept
        way = "" if contract else "_exact"
        kernel.__qualname__ = f"{kernel.__name__}{way}_{_stamp([kernel, *called])}"
        return njit(nogil=True, cache=True, **options)(kernel)
    except (OSError, RuntimeError):  # there is no place for the cache
        return njit(nogil=True, **options)(kernel)


def _called(kernel: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return the plain functions that a function calls, and those that they call."""
    found, left = list[Callable[..., Any]](), [kernel]
    while left:
        function = left.pop()
        for name in _names(function.__code__):
            value = function.__globals__.get(name)
            if isinstance(value, FunctionType) and value not in found:
                found.append(value)
                left.append(value)
    return found


def _told_apart(function: Callable[..., Any]) -> bool:
    """Whether the files that it is made from say all about a function."""
    holds = getattr(function, "__closure__", None) or getattr(function, "__defaults__", None)
    module = sys.modules.get(function.__module__)
    return not (holds or getattr(function, "__kwdefaults__", None)) and hasattr(module, "__file__")


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that a function reads, and those in what it holds, such as comprehensions."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


@cache
def _register(helper: Callable[..., Any], contract: bool) -> None:
    """Let compiled functions call it."""
    from numba.extending import register_jitable

    fastmath = {"fastmath": {"contract"}} if contract else {}
    register_jitable(error_model="numpy", **fastmath)(helper)


def _stamp(functions: Iterable[Callable[..., Any]]) -> str:
    """Return a short digest of what functions are made from, and the files' times and sizes."""
    numbers, files = made_from(functions)
    stats = [file.stat() for file in files]
    paths = [str(file) for file in files]
    found = numbers, paths, [(s.st_mtime_ns, s.st_size) for s in stats]
    return hashlib.sha256(repr(found).encode()).hexdigest()[:8]


def made_from(functions: Iterable[Callable[..., Any]]) -> tuple[list[float], list[Path]]:
    """Return the numbers and the files that functions are made from.

    The files are their modules, and those of this package that these take names from, and so on. A
    number does not tell where it was taken from: its value counts.
    """
    names, left = set[str](), {function.__module__ for function in functions}
    numbers, root = list[float](), __name__.partition(".")[0] + "."
    while left:
        names |= left
        values = [value for name in sorted(left) for value in _values(sys.modules[name])]
        numbers += [value for value in values if isinstance(value, (int, float))]
        taken = {_home(value) for value in values}
        left = {name for name in taken & sys.modules.keys() if name.startswith(root)} - names
    files = [getattr(sys.modules[name], "__file__", None) for name in sorted(names)]
    return numbers, [Path(file) for file in files if file]


def _values(module: ModuleType) -> list[Any]:
    """Return what a module holds; a package's own modules only as far as it takes names of them."""
    values = list(vars(module).values())
    package = hasattr(module, "__path__")
    return [value for value in values if not (package and isinstance(value, ModuleType))]


def _home(value: Any) -> str:
    """Return the name of the module that a value comes from, or that it is."""
    found = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
    return str(found)
