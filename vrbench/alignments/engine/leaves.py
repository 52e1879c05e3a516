"""A tile as the leaves of a graph, and its gradients."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vrbench.alignments.base import Reduce, TokenAlignment
from vrbench.alignments.engine.gathered import (
    Gathered,
    TileGradients,
    frames_of,
    words_of,
    zeros,
)
from vrbench.alignments.engine.tiles import Tile

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Asked:
    """A compiled reduction whose gradient is asked for.

    Attributes:
        names: the products that it reads.
        differentiate: writes their gradients, given those of t2v and v2t, and the matrices that
            they are written to.
        results: (T, V) each, what stands for t2v and v2t.
    """

    names: tuple[str, ...]
    differentiate: Callable[[Sequence[Tensor], Sequence[Tensor]], None]
    results: list[Tensor] = field(default_factory=list)


@dataclass(frozen=True)
class Leaves(Tile):
    """A tile whose values are the leaves of a graph, as far as they are read.

    Attributes:
        read: the values that are read, by name.
        asked: the compiled reduction, if there is one.
    """

    read: dict[str, Tensor] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def ask(self, reduction: Asked) -> tuple[Tensor, Tensor]:
        """Return what stands for its t2v and v2t; no number is known of them.

        Raises:
            TypeError: c was read before.
        """
        import torch

        if "c" in self.read or self.asked:
            raise TypeError("a kernel that is marked as differentiable reads c by one call of run")
        t2v, v2t = torch.full((2, *self.shape[::3]), math.nan, dtype=torch.float32)
        reduction.results.extend(value.requires_grad_() for value in (t2v, v2t))
        self.asked.append(reduction)
        return t2v, v2t

    def _leaf(self, name: str) -> Tensor:
        value: Tensor = getattr(Tile(self.products, self.text, self.video), name)
        return self._kept(name, value)

    def _kept(self, name: str, value: Tensor) -> Tensor:
        if name not in self.read:
            self.read[name] = value.detach().requires_grad_()
        return self.read[name]

    def of_words(self, name: str) -> Tensor | None:
        """(T, w)."""
        value = super().of_words(name)
        return None if value is None else self._kept(words_of(name), value)

    def of_frames(self, name: str) -> Tensor | None:
        """(f, V)."""
        value = super().of_frames(name)
        return None if value is None else self._kept(frames_of(name), value)

    @property
    def c(self) -> Tensor:
        """(T, w, f, V)."""
        return self._leaf("c")

    @property
    def d(self) -> Tensor:
        """(T, f, V)."""
        return self._leaf("d")

    @property
    def e(self) -> Tensor:
        """(T, w, V)."""
        return self._leaf("e")

    @property
    def words(self) -> Tensor:
        """(T, w, d)."""
        return self._leaf("words")

    @property
    def frames(self) -> Tensor:
        """(V, f, d)."""
        return self._leaf("frames")


def gradients(
    part: TokenAlignment, reduce: Reduce, tile: Tile, grads: Sequence[Tensor], into: Gathered
) -> TileGradients:
    """Differentiate a tile's reduction.

    Args:
        part: the alignment.
        reduce: its reduction.
        tile: the tile.
        grads: (T, V) gradients of s^T and s^V; one where both are the same.
        into: where those of products may be written to at once.
    """
    import torch

    leaves, learnt = Leaves(tile.products, tile.text, tile.video), part.learnt()
    with torch.enable_grad():
        values = reduce(leaves)[: len(grads)]
    results = leaves.asked[0].results if leaves.asked else []
    inputs = [*leaves.read.values(), *learnt, *results]
    plain = len(inputs) == len(results) == len(values)
    if plain and all(map(operator.is_, values, results)):
        found: Sequence[Tensor | None] = grads  # of a compiled reduction as it is
    else:
        found = torch.autograd.grad(values, inputs, grads, allow_unused=True)
    n, m = len(leaves.read), len(leaves.read) + len(learnt)
    for asked in leaves.asked:
        of_results = zip(found[m:], results, strict=True)
        some = [zeros(result) if grad is None else grad for grad, result in of_results]
        asked.differentiate(some, [into.whole(name) for name in asked.names])
    read = zip(leaves.read, found[:n], strict=True)
    written = tuple(name for asked in leaves.asked for name in asked.names)
    return TileGradients(tile, {k: g for k, g in read if g is not None}, found[n:m], written)
