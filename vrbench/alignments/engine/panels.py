"""Panels: items of equal length side by side, in the order in which they are multiplied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine.items import Items
from vrbench.features.tokens import token_rows

if TYPE_CHECKING:
    from torch import Tensor

GRID = 48
"""Matrix products have sides in multiples of this. The kernels of a BLAS round differently at the
edges of a matrix; without edges a dot product has the same bits wherever it stands."""

LANES = 16
"""float32 numbers of the widest vector registers."""


@dataclass(frozen=True)
class LengthGroup:
    """n items of the same length l inside a panel.

    Attributes:
        index: (n,) which items of the block they are.
        length: l.
        token: the panel's row of their first token.
        item: the panel's row of their first global vector.
    """

    index: NDArray[np.int64]
    length: int
    token: int
    item: int

    @property
    def tokens(self) -> slice:
        """The panel's rows of their tokens."""
        return slice(self.token, self.token + len(self.index) * self.length)

    @property
    def items(self) -> slice:
        """The panel's rows of their global vectors."""
        return slice(self.item, self.item + len(self.index))

    def cut(self, most: int) -> Iterator[LengthGroup]:
        """Yield it in pieces of ``most`` items, or of one."""
        step = max(1, most)
        for i in range(0, len(self.index), step):
            token = self.token + i * self.length
            yield LengthGroup(self.index[i : i + step], self.length, token, self.item + i)


@dataclass(frozen=True)
class Panel:
    """Some items of a block side by side, sorted by length; zero rows up to the grid.

    Attributes:
        items: the block.
        tokens: (rows, d); a group's tokens item after item, or token-major (all first tokens, then
            all second ones) where the items are to become lanes.
        groups: the items, in order.
        rows: which tokens of the block they are, zero rows left out.
        grid: whether there are zero rows up to the grid.
    """

    items: Items
    tokens: Tensor
    groups: list[LengthGroup]
    rows: NDArray[np.int64]
    grid: bool = True

    @cached_property
    def index(self) -> NDArray[np.int64]:
        """Which items of the block the panel holds, in order."""
        return np.concatenate([group.index for group in self.groups])

    @cached_property
    def place(self) -> slice | NDArray[np.int64]:
        """The same; a run as a slice, which numpy reads faster."""
        first, last = int(self.index[0]), int(self.index[-1])
        run = last - first + 1 == len(self.index) and (np.diff(self.index) == 1).all()
        return slice(first, last + 1) if run else self.index

    def values(self, name: str, part: slice) -> Tensor | None:
        """Return the number that a head gave each token in a part of the rows, if any."""
        found = self.items.values(name)
        return None if found is None else found[self.rows[part]]

    @cached_property
    def global_vectors(self) -> Tensor:
        """(items, d) in the order of the groups."""
        vectors = in_order(self.items.global_vectors, self.index)
        return on_grid(vectors) if self.grid else vectors

    @cached_property
    def all_vectors(self) -> Tensor:
        """(rows + items, d) the tokens, then the global vectors."""
        import torch

        return torch.cat([self.tokens, self.global_vectors])


def meet(rows: Panel, columns: Panel) -> tuple[Any, ...]:
    """Return where the items of two panels meet in the matrix of their blocks."""
    if isinstance(rows.place, slice) or isinstance(columns.place, slice):
        return rows.place, columns.place
    return np.ix_(rows.place, columns.place)


def panels(items: Items, size: int, *, lanes: bool, grid: bool = True) -> Iterator[Panel]:
    """Cut a block into panels of at most ``size`` tokens, whole items only, at least one.

    A group of lanes holds a multiple of 16 items where there are as many, the one nearest to
    ``size`` tokens: they fill the widest vector registers. Without ``grid`` there are no zero
    rows, and the bits of a product depend on where it stands.
    """
    several = LANES if lanes else 1
    groups: list[LengthGroup] = []
    token = item = 0
    lengths = np.diff(items.offsets)
    for length in map(int, np.unique(lengths)):
        left = np.flatnonzero(lengths == length)
        while len(left):
            least = min(several, len(left))
            fit = (size - token) // length
            fit = (fit + several // 2) // several * several
            if groups and fit < least:
                yield _panel(items, groups, lanes, grid)
                groups, token, item = [], 0, 0
                continue
            chosen, left = np.split(left, [max(least, fit)])
            groups.append(LengthGroup(chosen, length, token, item))
            token, item = token + len(chosen) * length, item + len(chosen)
    yield _panel(items, groups, lanes, grid)


def _panel(items: Items, groups: list[LengthGroup], lanes: bool, grid: bool) -> Panel:
    rows = [token_rows(items.offsets, group.index).reshape(-1, group.length) for group in groups]
    order = np.concatenate([(r.T if lanes else r).ravel() for r in rows])
    tokens = _on_grid(items.tokens, order) if grid else in_order(items.tokens, order)
    return Panel(items, tokens, groups, order, grid)


def _on_grid(rows: Tensor, order: NDArray[np.int64]) -> Tensor:
    """Rows in an order, and zero rows up to a multiple of GRID, copied once."""
    import torch

    n = len(order)
    found = rows.new_empty(n + -n % GRID, rows.shape[1])
    torch.index_select(rows, 0, torch.as_tensor(order, device=rows.device), out=found[:n])
    found[n:] = 0
    return found


def in_order(rows: Tensor, order: NDArray[np.int64]) -> Tensor:
    """Return rows in an order; the same tensor where they stand in it already."""
    return rows if np.array_equal(order, np.arange(len(rows))) else rows[order]


def on_grid(rows: Tensor, *, columns: bool = False) -> Tensor:
    """Add zero rows (second last axis), and ``columns``, up to multiples of GRID."""
    import torch

    *_, n, m = rows.shape
    return torch.nn.functional.pad(rows, (0, -m % GRID if columns else 0, 0, -n % GRID))
