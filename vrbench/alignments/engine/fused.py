"""Compiled reductions (extra ``fast``): which a method brings, and how a tile is handed to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.base import Alignment, Reduce
from vrbench.alignments.engine import product
from vrbench.alignments.engine.gathered import NAMES
from vrbench.alignments.engine.leaves import Asked, Leaves
from vrbench.alignments.engine.tiles import Buffers, Products, Tile
from vrbench.runtime.compiling import compiled, vectorized

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments import Method

Brings = TypeVar("Brings", bound=Callable[..., "Reduce | None"])

Array = NDArray[Any]

NONE: Array = np.zeros((1, 0), np.float32)
"""No shares of sums."""

ROOM = 1 << 18
"""Products that are made before they are reduced."""

LEAST_ROWS = 96
"""Rows of products that are made together, also where there are many columns."""

REACH = 60.0
"""Largest exponent of the kernels: they subtract no maximum, and a sum of exp(60) is a float32."""


def differentiable(kernel: Brings) -> Brings:
    """Mark the ``kernel`` of an alignment whose reduction training differentiates, compiled too.

    What it returns calls ``run`` once for a tile, with the same number for each tile and a kernel
    that ``backward.py`` has a gradient of, makes its results of what that gives by constant factors
    and sums, and reads c in no other way. So c need not be in memory as a whole, where no gradient
    is wanted. For one, the values of ``run`` are not made again, and are NaN, and the gradient of c
    is written over c, after that of what else was made of it.
    """
    kernel.differentiable = True  # type: ignore[attr-defined]
    return kernel


def reduction(part: Alignment, cosines: bool = True, *, gradient: bool = False) -> Reduce | None:
    """Return the compiled ``reduce`` of an alignment, for float32 products on the CPU.

    It gives the same numbers within 1e-6. Only a class's own ``kernel`` counts: a subclass may
    reduce in another way than the class that it is made from.

    Args:
        part: the alignment.
        cosines: whether every ``c``, ``d`` and ``e`` is the product of vectors of length 1.
        gradient: whether it has to be ``differentiable``.

    Returns:
        None where numba is missing, or there is no kernel for this or for this processor.
    """
    own = vars(type(part)).get("kernel")
    if own is None or not vectorized() or (gradient and not hasattr(own, "differentiable")):
        return None
    found: Reduce | None = part.kernel(cosines)  # type: ignore[attr-defined]
    return found


def streams(part: Alignment) -> bool:
    """Whether the kernel of an alignment needs no c as a whole, see ``differentiable``."""
    return hasattr(vars(type(part)).get("kernel"), "differentiable")


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
    whole: bool = False,
) -> tuple[Tensor, Tensor]:
    """Hand a tile to a kernel, compiled.

    Where the products of its panels are not in memory, the kernel reduces all of them as they are
    made, and the results are kept for the other tiles, as long as these ask with the same number.

    Args:
        kernel: of ``reductions.py``, ``kernels.py`` or ``emd_kernels.py``.
        scale: the method's number, or numbers.
        tile: what is reduced.
        vectors: whether it reads ``d`` and ``e`` too.
        contract: see ``compiled``; kernels in vector instructions say themselves what is rounded.
        whole: whether arrays among the numbers are the same objects, unchanged, for all tiles of
            the products.
    """
    import torch

    scale = np.float32(scale) if isinstance(scale, float) else scale
    if isinstance(tile, Leaves):
        names = NAMES if vectors else NAMES[:1]
        return tile.ask(Asked(names, partial(_differentiate, kernel, scale, tile, vectors)))
    if whole or _plain(scale):
        way = kernel, vectors, contract
        kept = tile.products.reduced(way, scale, partial(_stream, *way, scale))
        if kept is not None:
            return _part(kept[0], tile), _part(kept[1], tile)
    t2v, v2t = torch.empty(2, *tile.shape[::3], dtype=torch.float32)
    compiled(kernel, contract=contract)(*read(tile, vectors), scale, t2v.numpy(), v2t.numpy())
    return t2v, v2t


def _plain(scale: Any) -> bool:
    numbers = scale if isinstance(scale, tuple) else (scale,)
    return all(isinstance(number, (int, float, np.number)) for number in numbers)


def _stream(
    kernel: Callable[..., None],
    vectors: bool,
    contract: bool,
    scale: Any,
    of: Products,
    buffers: Buffers,
) -> tuple[Tensor, Tensor]:
    """Reduce the products of two panels as they are made; the results as ``stream`` has them."""
    from vrbench.alignments.engine.microkernel import ROWS
    from vrbench.alignments.engine.streaming import streamed

    texts, videos = of.texts, of.videos
    sides = texts.operand("tokens", own=True), videos.operand("tokens", own=True)
    (words, frames), longest = product.shape(*sides), max(group.length for group in texts.groups)
    rows = max(ROOM // frames, LEAST_ROWS, longest + ROWS)
    c = buffers.room("some of c", rows, frames, like=sides[0])
    d, e, *shares = _with_means(of, buffers, words, frames) if vectors else (c, c, NONE, NONE)
    pairs = len(texts.index) * len(videos.index)
    results = buffers.room((kernel, vectors, contract), 2, pairs, like=sides[0])
    compiled(streamed(kernel), contract=contract)(
        *(side.numpy() for side in (*sides, d, e)), *shares, texts.layout, videos.layout,
        product.near(sides[1]), scale, *(side.numpy() for side in (c, *results)),
    )  # fmt: skip
    return results[0], results[1]


def _with_means(
    of: Products, buffers: Buffers, words: int, frames: int
) -> tuple[Tensor, Tensor, Array, Array]:
    """Return d and e, and the shares (1, items) of sums of c that are still to be written to them.

    Where all global vectors of a side are means of tokens, their products are room and no more.
    """
    texts, videos = of.texts, of.videos

    def side(name: str, shares: Array, *shape: int) -> Tensor:
        if shares.all():
            return buffers.room(f"{name} of sums", *shape, like=texts.items.tokens)
        found: Tensor = getattr(of, name)
        room = f"{name} of sums"
        return buffers.room(room, *found.shape, like=found).copy_(found) if shares.any() else found

    d = side("d", texts.shares, len(texts.index), frames)
    e = side("e", videos.shares, words, len(videos.index))
    some = texts.shares.any() or videos.shares.any()
    return d, e, *((texts.shares, videos.shares) if some else (NONE, NONE))


def _with_global_vectors(of: Products) -> tuple[Tensor, Tensor]:
    """Return d and e of products that are in memory, as kernels read them."""
    buffers = of.ours
    if buffers is None:
        return of.d, of.e
    from vrbench.alignments.engine.mean_products import fill_all

    d, e, *shares = _with_means(of, buffers, *of.c.shape)
    if shares[0].size:
        layouts = of.texts.layout, of.videos.layout
        compiled(fill_all)(*(side.numpy() for side in (of.c, d, e)), *layouts, *shares)
    return d, e


def _part(results: Tensor, tile: Tile) -> Tensor:
    """(T, V) a copy of a tile's results, given those of its products."""
    texts, videos = len(tile.products.texts.index), tile.video.items
    of_videos = results[texts * videos.start : texts * videos.stop].view(texts, -1)
    return of_videos[tile.text.items].clone()


def _differentiate(
    kernel: Callable[..., None],
    scale: Any,
    tile: Leaves,
    vectors: bool,
    grads: Sequence[Tensor],
    wholes: Sequence[Tensor],
) -> None:
    """Write the gradients of a tile's c, or of its c, d and e, given those of t2v and v2t."""
    from vrbench.alignments.engine.backward import GRADIENTS

    given, results = read(tile, vectors), (t.contiguous().numpy() for t in (*grads, *wholes))
    compiled(GRADIENTS[kernel], contract=False)(*given, scale, tuple(results))


def read(tile: Tile, vectors: bool = True) -> tuple[Any, ...]:
    """Return ``c``, ``d``, ``e`` and ``at`` of a tile as kernels take them.

    Products with global vectors are made for ``vectors`` alone.
    """
    _, w, f, _ = tile.shape
    text, video, of = tile.text, tile.video, tile.products
    c = of.c
    d, e = of.once("d and e", partial(_with_global_vectors, of)) if vectors else (c, c)
    at = (text.token, text.item, video.token, video.item, w, f)
    return *(side.numpy() for side in (c, d, e)), at
