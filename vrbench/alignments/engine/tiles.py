"""Tiles: items of equal length beside each other, and their products, bit for bit repeatable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

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

    @property
    def index(self) -> NDArray[np.int64]:
        """Which items of the block the panel holds, in order."""
        return np.concatenate([group.index for group in self.groups])

    def values(self, name: str, part: slice) -> Tensor | None:
        """Return the number that a head gave each token in a part of the rows, if any."""
        found = self.items.values(name)
        return None if found is None else found[self.rows[part]]

    @cached_property
    def global_vectors(self) -> Tensor:
        """(items, d) in the order of the groups."""
        vectors = in_order(self.items.global_vectors, self.index)
        return on_grid(vectors) if self.grid else vectors


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
    tokens = in_order(items.tokens, order)
    return Panel(items, on_grid(tokens) if grid else tokens, groups, order, grid)


def in_order(rows: Tensor, order: NDArray[np.int64]) -> Tensor:
    """Return rows in an order; the same tensor where they stand in it already."""
    return rows if np.array_equal(order, np.arange(len(rows))) else rows[order]


def on_grid(rows: Tensor, *, columns: bool = False) -> Tensor:
    """Add zero rows (second last axis), and ``columns``, up to multiples of GRID."""
    import torch

    *_, n, m = rows.shape
    return torch.nn.functional.pad(rows, (0, -m % GRID if columns else 0, 0, -n % GRID))


class Products:
    """The products of a panel of texts with a panel of videos, each made when first read.

    Not by ``cached_property``: up to Python 3.11 it has one lock for all objects, under which the
    threads would wait for each other's products.
    """

    def __init__(self, texts: Panel, videos: Panel, made: dict[str, Tensor] | None = None) -> None:
        self.texts = texts
        self.videos = videos
        self._made = {} if made is None else made

    @property
    def c(self) -> Tensor:
        """(words, frames)."""
        return self._once("c", self.texts.tokens, self.videos.tokens)

    @property
    def d(self) -> Tensor:
        """(texts, frames)."""
        return self._once("d", self.texts.global_vectors, self.videos.tokens)

    @property
    def e(self) -> Tensor:
        """(words, videos)."""
        return self._once("e", self.texts.tokens, self.videos.global_vectors)

    def _once(self, name: str, rows: Tensor, columns: Tensor) -> Tensor:
        if name not in self._made:
            self._made[name] = rows @ columns.mT
        return self._made[name]

    def tiles(self, size: int) -> Iterator[Tile]:
        """Yield every group of texts against every group of videos, cut to ``size`` products."""
        for video in self.videos.groups:
            for group in self.texts.groups:
                for text in group.cut(size // (group.length * video.length * len(video.index))):
                    yield Tile(self, text, video)


@dataclass(frozen=True)
class Tile:
    """T texts of w words each against V videos of f frames each: no padding anywhere.

    Attributes:
        products: of the panels that the items stand in.
        text: the T texts.
        video: the V videos.
    """

    products: Products
    text: LengthGroup
    video: LengthGroup

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, w, f, V)."""
        return len(self.text.index), self.text.length, self.video.length, len(self.video.index)

    @property
    def c(self) -> Tensor:
        """(T, w, f, V) every word times every frame; videos innermost: reductions run in lanes."""
        t, w, f, v = self.shape
        part = self.products.c[self.text.tokens, self.video.tokens]
        return part.view(t, w, f, v)

    @property
    def d(self) -> Tensor:
        """(T, f, V) every frame times the text's global vector (TokenFlow eq. 14, d_s)."""
        t, _, f, v = self.shape
        return self.products.d[self.text.items, self.video.tokens].view(t, f, v)

    @property
    def e(self) -> Tensor:
        """(T, w, V) every word times the video's global vector (TokenFlow eq. 14, e_t)."""
        t, w, _, v = self.shape
        return self.products.e[self.text.tokens, self.video.items].view(t, w, v)

    def of_words(self, name: str) -> Tensor | None:
        """(T, w) a number of each word that a head gave, if any."""
        t, w, _, _ = self.shape
        found = self.products.texts.values(name, self.text.tokens)
        return None if found is None else found.view(t, w)

    def of_frames(self, name: str) -> Tensor | None:
        """(f, V) a number of each frame that a head gave, if any."""
        _, _, f, v = self.shape
        found = self.products.videos.values(name, self.video.tokens)
        return None if found is None else found.view(f, v)

    @property
    def words(self) -> Tensor:
        """(T, w, d) the texts' tokens."""
        t, w, _, _ = self.shape
        return self.products.texts.tokens[self.text.tokens].view(t, w, -1)

    @property
    def frames(self) -> Tensor:
        """(V, f, d) the videos' tokens."""
        _, _, f, v = self.shape
        return self.products.videos.tokens[self.video.tokens].view(f, v, -1).transpose(0, 1)
