"""A file of torch.save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.importing.layouts import layouts
from vrbench.importing.tree import ALONE, Layout, Stored, Tree
from vrbench.runtime.inputs import to_numpy
from vrbench.runtime.torch_file import OLD, is_torch_file, read_torch

DEEPEST = 3
"""Dicts in each other: side -> id -> tokens and mask."""


@layouts.register("torch")
@dataclass(frozen=True)
class TorchLayout(Layout):
    """pt, pth (weights only): a tensor of one side, tensors by name or by id, or dicts of them."""

    what = "a torch file"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether torch.save wrote it."""
        return start.startswith((OLD, b"PK")) and is_torch_file(path)

    def read(self, path: Path) -> Tree:
        """Return its tensors, which stay on disk until they are used."""
        return tree_of(read_torch(path, str(path)), str(path))


def tree_of(value: Any, where: str, depth: int = DEEPEST) -> Tree:
    """Return tensors in dicts as a tree.

    Args:
        value: a tensor, or a dict.
        where: it is, for messages.
        depth: how many dicts may lie in each other.

    Raises:
        InputError: it is something else, or a key stands twice (1 and "1").
    """
    if not isinstance(value, Mapping):
        if not hasattr(value, "detach"):
            raise InputError(
                f"{where} holds a {type(value).__name__}, expected a tensor or a dict of tensors."
            )
        return Tree(where, {ALONE: _part(value, where, depth)}, TorchLayout.what)
    parts = {str(name): _part(one, f"{where}: '{name}'", depth) for name, one in value.items()}
    if len(parts) < len(value):
        raise InputError(f"{where} has a key as a number and as a string: keep one of them.")
    return Tree(where, parts, TorchLayout.what)


def _part(value: Any, where: str, depth: int) -> Any:
    if isinstance(value, Mapping) and depth > 1:
        return tree_of(value, where, depth - 1)
    if hasattr(value, "detach"):
        return Stored(partial(to_numpy, value), (tuple(value.shape), _numpy_type(value, where)))
    if isinstance(value, list | tuple) and value and all(isinstance(one, str) for one in value):
        return np.array(value, dtype=np.dtypes.StringDType())
    return Stored(partial(_refused, where), ((), np.dtype("O")))


def _numpy_type(tensor: Any, where: str) -> np.dtype[Any]:
    return to_numpy(tensor[:0] if tensor.ndim else tensor, where).dtype


def _refused(where: str) -> NDArray[Any]:
    raise InputError(f"{where} is no tensor: save tensors, and names as a list of strings.")
