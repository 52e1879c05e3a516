"""Tiles: the products of two panels, and parts of them, bit for bit repeatable."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from vrbench.alignments.engine import product
from vrbench.alignments.engine.panels import LengthGroup, Panel, Vectors

if TYPE_CHECKING:
    from torch import Tensor


Kept = TypeVar("Kept")


class Buffers(threading.local):
    """Memory of a thread's products, used again for the next pair of panels.

    Where large arrays are returned to the system as soon as they are freed, as under ``--memory``,
    new pages for every product take as long as the product.

    Args:
        own: whether our kernel makes the products.
    """

    def __init__(self, own: bool) -> None:
        self.own = own
        self._held: dict[Hashable, Tensor] = {}

    def product(self, name: str, rows: Tensor, columns: Tensor) -> Tensor:
        """Return the product of two operands, in the ``room`` of this name."""
        room = self.room(name, *product.shape(rows, columns), like=rows)
        return product.product(rows, columns, room)

    def room(self, name: Hashable, *shape: int, like: Tensor) -> Tensor:
        """Return memory for a tensor; the next one of the name is written over it."""
        size = math.prod(shape)
        if name not in self._held or len(self._held[name]) < size:
            self._held.pop(name, None)  # not both at a time
            self._held[name] = like.new_empty(size)
        return self._held[name][:size].view(shape)


class Products:
    """The products of a panel of texts with a panel of videos, each made when first read.

    Not by ``cached_property``: up to Python 3.11 it has one lock for all objects, under which the
    threads would wait for each other's products.

    Args:
        texts: the panel of texts.
        videos: the panel of videos.
        made: products that are there already, and those that are made.
        buffers: where they are made, for a reader that keeps none of them. Then a product has the
            same bits wherever it stands, and there may be zero rows and columns behind those of the
            panels.
    """

    def __init__(
        self,
        texts: Panel,
        videos: Panel,
        made: dict[str, Tensor] | None = None,
        buffers: Buffers | None = None,
    ) -> None:
        self.texts = texts
        self.videos = videos
        self._made = {} if made is None else made
        self._buffers = buffers
        self._kept: dict[Hashable, Any] = {}

    @property
    def c(self) -> Tensor:
        """(words, frames)."""
        return self._once("c", "tokens", "tokens")

    @property
    def d(self) -> Tensor:
        """(texts, frames)."""
        return self._once("d", "global_vectors", "tokens")

    @property
    def e(self) -> Tensor:
        """(words, videos)."""
        return self._once("e", "tokens", "global_vectors")

    @property
    def ours(self) -> Buffers | None:
        """Where our kernel makes them; None where torch does."""
        return self._buffers if self._buffers is not None and self._buffers.own else None

    def reduced(
        self, way: Hashable, scale: Any, make: Callable[[Products, Buffers], tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor] | None:
        """Return what a kernel makes of all products, made when first asked for.

        Args:
            way: the kernel, and how it is called.
            scale: its number, or numbers.
            make: has our kernel make the products, and reduces them.

        Returns:
            None where c is there already, or torch makes it, or another number was asked with
            before: it may be one for each tile.
        """
        buffers = self.ours
        if buffers is None or "c" in self._made:
            return None
        known, results = self.once(way, lambda: (scale, make(self, buffers)))
        return results if known == scale else None

    def once(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what is made when it is first asked for."""
        if key not in self._kept:
            self._kept[key] = make()
        found: Kept = self._kept[key]
        return found

    def forget(self, name: str) -> None:
        """Have a product made again when it is next read."""
        self._made.pop(name, None)

    def _once(self, name: str, rows: Vectors, columns: Vectors) -> Tensor:
        if name not in self._made:
            self._made[name] = self._product(name, rows, columns)
        return self._made[name]

    def _product(self, name: str, rows: Vectors, columns: Vectors) -> Tensor:
        texts, videos, buffers = self.texts, self.videos, self._buffers
        if buffers is None:
            found: Tensor = getattr(texts, rows) @ getattr(videos, columns).mT
            return found
        sides = texts.operand(rows, buffers.own), videos.operand(columns, buffers.own)
        return buffers.product(name, *sides)

    def tiles(self, size: int | None) -> Iterator[Tile]:
        """Yield every group of texts against every group of videos, cut to ``size`` products."""
        for video in self.videos.groups:
            for group in self.texts.groups:
                row = group.length * video.length * len(video.index)
                for text in [group] if size is None else group.cut(size // row):
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
