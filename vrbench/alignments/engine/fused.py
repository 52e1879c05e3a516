"""Compiled reductions (extra ``fast``): which a method brings, and how a tile is handed to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.alignments.base import Alignment, Reduce
from vrbench.alignments.engine.tiles import Tile
from vrbench.runtime.compiling import compiled, vectorized

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments import Method

REACH = 60.0
"""Largest exponent of the kernels: they subtract no maximum, and a sum of exp(60) is a float32."""


def reduction(part: Alignment, cosines: bool = True) -> Reduce | None:
    """Return the compiled ``reduce`` of an alignment, for float32 products on the CPU.

    It gives the same numbers within 1e-6. Only a class's own ``kernel`` counts: a subclass may
    reduce in another way than the class that it is made from.

    Args:
        part: the alignment.
        cosines: whether every ``c``, ``d`` and ``e`` is the product of vectors of length 1.

    Returns:
        None where numba is missing, or there is no kernel for this or for this processor.
    """
    if not vectorized() or "kernel" not in vars(type(part)):
        return None
    found: Reduce | None = part.kernel(cosines)  # type: ignore[attr-defined]
    return found


def compiles(method: Method, cosines: bool = True) -> bool:
    """Whether some part of a method has a compiled reduction."""
    return any(reduction(part, cosines) is not None for _, part in method.terms)


def run(
    kernel: Callable[..., None],
    scale: Any,
    tile: Tile,
    *,
    vectors: bool = False,
    contract: bool = False,
) -> tuple[Tensor, Tensor]:
    """Hand a tile to a kernel, compiled.

    Args:
        kernel: of ``reductions.py``, ``kernels.py`` or ``emd_kernels.py``.
        scale: the method's number, or numbers.
        tile: what is reduced.
        vectors: whether it reads ``d`` and ``e`` too.
        contract: see ``compiled``; kernels in vector instructions say themselves what is rounded.
    """
    import torch

    both = torch.empty(2, *tile.shape[::3], dtype=torch.float32)
    scale = np.float32(scale) if isinstance(scale, float) else scale
    compiled(kernel, contract=contract)(*read(tile, vectors), scale, *both.numpy())
    return both[0], both[1]


def read(tile: Tile, vectors: bool = True) -> tuple[Any, ...]:
    """Return ``c``, ``d``, ``e`` and ``at`` of a tile as kernels take them.

    Products with global vectors are made for ``vectors`` alone.
    """
    _, w, f, _ = tile.shape
    text, video = tile.text, tile.video
    names = ("c", "d", "e") if vectors else ("c", "c", "c")
    at = (text.token, text.item, video.token, video.item, w, f)
    return *(getattr(tile.products, name).numpy() for name in names), at
