"""What identifies arrays that are in no file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np

BLOCK = 16_000_000
"""Bytes that are hashed at once."""


def digest(arrays: Iterable[Any]) -> str:
    """SHA-256 of arrays, of their types and their shapes, hexadecimal.

    Args:
        arrays: in order; None is one that is missing. What lies in a file is read in blocks.
    """
    found = hashlib.sha256()
    for array in arrays:
        if array is None:
            found.update(b"none;")
            continue
        found.update(f"{array.dtype.str}{tuple(array.shape)};".encode())
        row = array.dtype.itemsize * int(np.prod(array.shape[1:]))
        step = max(1, BLOCK // max(row, 1))
        for start in range(0, len(array), step):
            found.update(np.ascontiguousarray(array[start : start + step]).tobytes())
    return found.hexdigest()
