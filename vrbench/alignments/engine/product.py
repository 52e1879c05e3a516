"""Matrix products of tokens: on a CPU by the faster one of the libraries of torch and numpy."""

from __future__ import annotations

import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

AMD = "AuthenticAMD"
"""How these processors call themselves."""

REPEATABLE = ("SkylakeX", "Cooperlake", "SapphireRapids")
"""Kernels of OpenBLAS that have the same bits everywhere; those of Haswell and Zen end otherwise.
All are for AVX-512. Which are used is in the environment's ``OPENBLAS_CORETYPE``, or detected."""

_lock = threading.Lock()
_inside = 0
_before: Any = None


def product(rows: Tensor, columns: Tensor, out: Tensor | None = None) -> Tensor:
    """(n, m) ``rows @ columns.mT`` of (n, d) and (m, d).

    A dot product has the same bits wherever it stands, as long as n and m are multiples of
    ``GRID``: each library works on such blocks alone.

    Args:
        rows: no gradient is recorded.
        columns: of the same type and device.
        out: (n, m) contiguous; None: a new tensor.
    """
    import torch

    if rows.device.type != "cpu" or not by_numpy():
        return torch.mm(rows, columns.mT, out=out)
    out = rows.new_empty(len(rows), len(columns)) if out is None else out
    with np.errstate(all="ignore"):  # infinite products are said where similarities are read
        np.matmul(rows.numpy(), columns.numpy().T, out=out.numpy())
    return out


@cache
def by_numpy() -> bool:
    """Whether numpy makes the products of the CPU.

    It does on AMD's processors with AVX-512, where its OpenBLAS is more than twice as fast as the
    MKL of torch: MKL uses these instructions on Intel's alone.
    """
    import torch

    mkl: bool = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
    if not mkl or AMD not in platform.processor() + _processor():
        return False
    found = [one for one in _libraries().info() if one["internal_api"] == "openblas"]
    return bool(found) and all(one["architecture"] in REPEATABLE for one in found)


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            return next((line for line in lines if line.startswith("vendor_id")), "")
    except OSError:
        return ""


@contextmanager
def one_thread_each() -> Iterator[None]:
    """While inside, a product by numpy is made by the thread that asks for it alone."""
    global _inside, _before
    if not by_numpy():
        yield
        return
    with _lock:  # contexts of several threads overlap
        if not _inside:
            _before = _libraries().limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _before.restore_original_limits()


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()
