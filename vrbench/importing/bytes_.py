"""Arrays in bytes, as archives and data bases hold them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from vrbench.importing.layouts.torch_ import tree_of
from vrbench.importing.tree import ALONE, Tree
from vrbench.runtime.inputs import reading
from vrbench.runtime.npy import MAGIC, npy_of
from vrbench.runtime.npz import npz_of
from vrbench.runtime.torch_file import is_torch_file, read_torch


def part_of_bytes(data: bytes, where: str) -> Any:
    """Return the array, or the group of arrays, in bytes.

    What is no npy, npz or file of torch is returned as bytes, (n,) uint8: ``raw.py`` reads them.

    Args:
        data: the bytes.
        where: they lie, for messages.

    Raises:
        InputError: they are damaged.
    """
    if data.startswith(MAGIC):
        return npy_of(data, where)
    if is_torch_file(io.BytesIO(data)):
        tree = tree_of(read_torch(io.BytesIO(data), where), where)
        return tree.parts.get(ALONE, tree)
    if data.startswith(b"PK"):
        with reading(where, "store it with np.savez", "is no npz"):
            return Tree(where, npz_of(data, where), "an npz")
    return np.frombuffer(data, np.uint8)
