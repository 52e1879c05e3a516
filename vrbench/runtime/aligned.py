"""Arrays that begin with a line of the cache: no vector register then needs two lines."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINE = 64
"""Bytes of a line of the cache."""


def empty(shape: tuple[int, ...], kind: DTypeLike) -> NDArray[Any]:
    """Return an array whose numbers are not set."""
    dtype = np.dtype(kind)
    size = prod(shape) * dtype.itemsize
    whole = np.empty(size + LINE, np.uint8)
    start = -whole.ctypes.data % LINE
    return whole[start : start + size].view(dtype).reshape(shape)
