"""Panels: items of equal length side by side, in the order in which they are multiplied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine import product
from vrbench.alignments.engine.items import Items
from vrbench.features.tokens import token_rows

if TYPE_CHECKING:
    from torch import Tensor

LANES = 16
"""float32 numbers of the widest vector registers."""

Vectors = Literal["tokens", "global_vectors"]
"""What of a panel is multiplied."""


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
    """Some items of a block side by side, sorted by length.

    Attributes:
        items: the block.
        groups: the items, in order.
        rows: which tokens of the block they are: a group's tokens item after item, or token-major
            (all first tokens, then all second ones) where the items are to become lanes.
        lanes: whether they are.
        made: vectors and operands that are there already, by name; others are made when read.
    """

    items: Items
    groups: list[LengthGroup]
    rows: NDArray[np.int64]
    lanes: bool
    made: dict[str, Tensor] = field(default_factory=dict)

    @cached_property
    def index(self) -> NDArray[np.int64]:
        """Which items of the block the panel holds, in order."""
        return np.concatenate([group.index for group in self.groups])

    @property
    def layout(self) -> NDArray[np.int64]:
        """(groups, 4) first token, first item, items and length of each group."""
        return np.array([(g.token, g.item, len(g.index), g.length) for g in self.groups])

    @cached_property
    def place(self) -> slice | NDArray[np.int64]:
        """The same; a run as a slice, which numpy reads faster."""
        first, last = int(self.index[0]), int(self.index[-1])
        run = last - first + 1 == len(self.index) and (np.diff(self.index) == 1).all()
        return slice(first, last + 1) if run else self.index

    @cached_property
    def shares(self) -> NDArray[np.float32]:
        """(1, items) ``Items.shares`` in the order of the groups."""
        return self.items.shares[None, self.index]

    def values(self, name: str, part: slice) -> Tensor | None:
        """Return the number that a head gave each token in a part of the rows, if any."""
        found = self.items.values(name)
        return None if found is None else found[self.rows[part]]

    @property
    def tokens(self) -> Tensor:
        """(rows, d)."""
        return self._once("tokens", lambda: in_order(*self._chosen("tokens")))

    @property
    def global_vectors(self) -> Tensor:
        """(items, d) in the order of the groups."""
        return self._once("global_vectors", lambda: in_order(*self._chosen("global_vectors")))

    def operand(self, name: Vectors, own: bool) -> Tensor:
        """Return ``tokens`` or ``global_vectors`` as a side of a product, see ``product.py``."""

        def operand() -> Tensor:
            return product.operand(*self._chosen(name), columns=self.lanes, own=own)

        return self._once(f"{name} to multiply", operand)

    def _chosen(self, name: Vectors) -> tuple[Tensor, NDArray[np.int64]]:
        """Return the block's vectors, and which of them these are."""
        tokens = name == "tokens"
        vectors = self.items.tokens if tokens else self.items.global_vectors
        return vectors, self.rows if tokens else self.index

    def _once(self, name: str, make: Callable[[], Tensor]) -> Tensor:
        """Make what is not there; two threads may both do so, and one is kept."""
        found = self.made.get(name)
        return self.made.setdefault(name, make()) if found is None else found


def meet(rows: Panel, columns: Panel) -> tuple[Any, ...]:
    """Return where the items of two panels meet in the matrix of their blocks."""
    if isinstance(rows.place, slice) or isinstance(columns.place, slice):
        return rows.place, columns.place
    return np.ix_(rows.place, columns.place)


def panels(items: Items, size: int, *, lanes: bool) -> Iterator[Panel]:
    """Cut a block into panels of at most ``size`` tokens, whole items only, at least one.

    A group of lanes holds a multiple of 16 items where there are as many, the one nearest to
    ``size`` tokens: they fill the widest vector registers.
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
                yield _panel(items, groups, lanes)
                groups, token, item = [], 0, 0
                continue
            chosen, left = np.split(left, [max(least, fit)])
            groups.append(LengthGroup(chosen, length, token, item))
            token, item = token + len(chosen) * length, item + len(chosen)
    yield _panel(items, groups, lanes)


def _panel(items: Items, groups: list[LengthGroup], lanes: bool) -> Panel:
    rows = [token_rows(items.offsets, group.index).reshape(-1, group.length) for group in groups]
    order = np.concatenate([(r.T if lanes else r).ravel() for r in rows])
    return Panel(items, groups, order, lanes)


def in_order(rows: Tensor, order: NDArray[np.int64]) -> Tensor:
    """Return rows in an order; the same tensor where they stand in it already."""
    return rows if np.array_equal(order, np.arange(len(rows))) else rows[order]
