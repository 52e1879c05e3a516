"""Exact transport with numba: how a tile, or one pair, is handed to the compiled solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vrbench.alignments.engine import emd_kernels
from vrbench.alignments.engine.fused import read, run
from vrbench.alignments.engine.gathered import NAMES
from vrbench.alignments.engine.tiles import Products, Tile
from vrbench.runtime.compiling import compiled, vectorized

if TYPE_CHECKING:
    from torch import Tensor


def exact(kernel: Callable[..., None], how: tuple[Any, ...], tile: Tile) -> Tensor | None:
    """Hand a tile to a kernel of exact transport; None where a pair was not solved in time.

    ``how`` is the same for all tiles of the products.
    """
    value, _ = run(kernel, how, tile, vectors=True, contract=True, whole=True)
    return value if value.isfinite().all() else None


def as_read(tile: Tile) -> Tile:
    """Return a tile with the d and e that kernels read, for a pair that was not solved in time."""
    import torch

    *sides, _ = read(tile)
    made = {name: torch.from_numpy(side) for name, side in zip(NAMES, sides, strict=True)}
    of = Products(tile.products.texts, tile.products.videos, made)
    return replace(tile, products=of)


def plans(eps: float, tile: Tile) -> Tensor | None:
    """Return a tile's optimal plans (T, w, f, V); None as for ``exact``, or for other products."""
    import torch

    products, (t, w, f, v) = tile.products, tile.shape
    if products.c.device.type != "cpu" or products.c.dtype != torch.float32 or not vectorized():
        return None
    found = torch.zeros(t, w, f, v)
    compiled(emd_kernels.plans)(*read(tile), eps, found.numpy())
    return found if found.isfinite().all() else None
