"""Sums whose bits do not depend on how their terms are divided among blocks or machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

LEAF = 256
"""Terms that are added in their own order. Blocks begin at multiples of it."""

Value = TypeVar("Value")
Vector = NDArray[np.float64]


@dataclass
class Tree(Generic[Value]):
    """Leaves joined along one binary tree: 2k with 2k + 1, and so on upwards.

    Leaves come in their order, one by one or joined already as far as both halves were at hand; it
    holds one value a level of the tree, and gives the same whoever joined which part.

    Attributes:
        join: makes one value of two neighbours; not changed by how often it is asked.
        parts: (level, number on that level, value) of what still waits for its neighbour.
    """

    join: Callable[[Value, Value], Value]
    parts: list[tuple[int, int, Value]] = field(default_factory=list)

    def add(self, number: int, value: Value, level: int = 0) -> None:
        """Add the next leaf, or the next node of a level."""
        while number % 2 and self.parts and self.parts[-1][:2] == (level, number - 1):
            value = self.join(self.parts.pop()[2], value)
            level, number = level + 1, number // 2
        self.parts.append((level, number, value))

    def extend(self, later: Tree[Value]) -> None:
        """Add the leaves of a tree that begins where this one ends."""
        for level, number, value in later.parts:
            self.add(number, value, level)

    @property
    def total(self) -> Value:
        """All leaves together; there must be one."""
        *rest, (_, _, value) = self.parts
        for _, _, left in reversed(rest):
            value = self.join(left, value)
        return value


def leaves(start: int, stop: int) -> Iterator[tuple[int, slice]]:
    """Yield the leaves that terms ``start:stop`` lie in, and which of these terms lie there."""
    while start < stop:
        number = start // LEAF
        end = min(stop, (number + 1) * LEAF)
        yield number, slice(start, end)
        start = end


class RowSum:
    """(m,) sum of the rows of a matrix, which come in order, from any multiple of ``LEAF`` on.

    Rows of a leaf are added one after the other, leaves along a ``Tree``.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._tree = Tree[Vector](np.add)
        self._open: tuple[int, Vector] | None = None

    def add(self, start: int, rows: Vector) -> None:
        """Add (k, m) rows, the first of which is the row ``start`` of all."""
        for number, part in leaves(start, start + len(rows)):
            if self._open is None or self._open[0] != number:
                self._close()
                self._open = number, np.zeros(self._width)
            leaf = self._open[1]
            for row in rows[part.start - start : part.stop - start]:
                leaf += row

    def _close(self) -> None:
        if self._open is not None:
            self._tree.add(*self._open)
            self._open = None

    def extend(self, later: RowSum) -> None:
        """Add the rows of a sum that begins where this one ends, at a multiple of ``LEAF``."""
        self._close()
        later._close()
        self._tree.extend(later._tree)

    @property
    def total(self) -> Vector:
        """(m,) the sum so far; zeros without a row."""
        parts = [*self._tree.parts]
        if self._open is not None:
            tree = Tree[Vector](np.add, parts)
            tree.add(*self._open)
            return tree.total
        return self._tree.total if parts else np.zeros(self._width)


def exp_sums(logits: Vector, start: int) -> Tree[tuple[Vector, Vector]]:
    """Sum ``exp(logits)`` along each row, without overflow.

    Args:
        logits: (n, k), columns ``start:start + k`` of all; contiguous.
        start: a multiple of ``LEAF``.

    Returns:
        A tree whose total is (n,) the largest logit, and (n,) the sum of ``exp(logit - largest)``.
    """
    tree = Tree[tuple[Vector, Vector]](_joined)
    for number, part in leaves(start, start + logits.shape[1]):
        some = logits[:, part.start - start : part.stop - start]
        top = some.max(axis=1)
        some = some - top[:, None]  # contiguous: whatever stands beside it, the same bits
        tree.add(number, (top, np.exp(some, out=some).sum(axis=1)))
    return tree


def _joined(left: tuple[Vector, Vector], right: tuple[Vector, Vector]) -> tuple[Vector, Vector]:
    top = np.maximum(left[0], right[0])
    return top, left[1] * np.exp(left[0] - top) + right[1] * np.exp(right[0] - top)
