"""Gradients of tiles, and where they come together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vrbench.alignments.engine.means import give, mean_lengths
from vrbench.alignments.engine.panels import Panel
from vrbench.alignments.engine.tiles import Products, Tile

if TYPE_CHECKING:
    from torch import Tensor

NAMES = "c", "d", "e"
"""The products of a tile, in the order in which kernels take them."""

PRODUCTS = {*NAMES}
"""The values that belong to one tile; tokens are shared with other tiles."""

TOKENS: Mapping[str, Callable[[Products], Panel]] = {
    "words": lambda products: products.texts,
    "frames": lambda products: products.videos,
}
"""The tokens that a tile may read, and whose panel has them."""


def words_of(name: str) -> str:
    """Return what the numbers of words are called among the leaves."""
    return f"words.{name}"


def frames_of(name: str) -> str:
    """Return what the numbers of frames are called among the leaves."""
    return f"frames.{name}"


@dataclass(frozen=True)
class TileGradients:
    """The gradients of one tile.

    Attributes:
        tile: it.
        read: of what the reduction read of it, by name.
        learnt: of the alignment's own tensors.
        written: the products whose gradients stand where they belong, but for those in ``read``.
    """

    tile: Tile
    read: Mapping[str, Tensor]
    learnt: Sequence[Tensor | None]
    written: tuple[str, ...] = ()


class Gathered:
    """The gradients of all tiles of two panels.

    Args:
        products: of the panels.
        learnt: the alignment's own tensors.
        over: whether the gradient of c is written over c, which no tile reads after its own.

    Attributes:
        products: of the panels.
        learnt: those of the alignment's own tensors.
        numbers: those of the numbers of words (``words_of``) and frames, in the panels' order.
    """

    def __init__(self, products: Products, learnt: Sequence[Tensor], *, over: bool = False) -> None:
        self.products = products
        self.learnt = [zeros(tensor) for tensor in learnt]
        self.numbers: dict[str, Tensor] = {}
        self._made: dict[str, Tensor] = {"c": products.c} if over else {}
        self._tokens: dict[str, Tensor] = {}

    def put(self, found: TileGradients) -> None:
        """Write what the tile has for itself to its place; any thread may."""
        for name in found.read.keys() & PRODUCTS:
            self.whole(name)
            place = self.place(found.tile, name)
            if name in found.written:
                place.add_(found.read[name])
            else:
                place.copy_(found.read[name])
        if "c" in self._made and "c" not in {*found.read, *found.written}:  # where c itself stands
            self.place(found.tile, "c").zero_()

    def whole(self, name: str) -> Tensor:
        """Return the matrix that the gradients of a product are written to."""
        if name not in self._made:  # of two threads' matrices one is kept
            self._made.setdefault(name, zeros(getattr(self.products, name)))
        return self._made[name]

    def add(self, found: TileGradients) -> None:
        """Add what the tile shares; the sums are repeatable where tiles come in order."""
        for name in sorted(found.read.keys() - PRODUCTS):
            if name in TOKENS and name not in self._tokens:
                self._tokens[name] = zeros(TOKENS[name](self.products).tokens)
            self._sum(found, name).add_(found.read[name])
        for sum_, grad in zip(self.learnt, found.learnt, strict=True):
            if grad is not None:
                sum_.add_(grad)

    def place(self, tile: Tile, name: str) -> Tensor:
        """Return where the gradient of a tile's values is written to."""
        texts, videos = self.products.texts, self.products.videos
        if name in TOKENS:
            texts = replace(texts, made={"tokens": self._tokens.get("words", texts.tokens)})
            videos = replace(videos, made={"tokens": self._tokens.get("frames", videos.tokens)})
        whole = Products(texts, videos, self._made)
        value: Tensor = getattr(Tile(whole, tile.text, tile.video), name)
        return value

    def _sum(self, found: TileGradients, name: str) -> Tensor:
        """Return where the gradients of what tiles share are added up."""
        if not name.startswith((words_of(""), frames_of(""))):
            return self.place(found.tile, name)
        ours = name.startswith(words_of(""))
        panel, group = (
            (self.products.texts, found.tile.text)
            if ours
            else (self.products.videos, found.tile.video)
        )
        if name not in self.numbers:
            self.numbers[name] = found.read[name].new_zeros(len(panel.rows))
        return self.numbers[name][group.tokens].view(found.read[name].shape)

    def sides(self) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
        """Return those of the texts' and videos' tokens, and of their global vectors, if read."""
        texts, videos = self.products.texts, self.products.videos
        words, frames = self._tokens.get("words"), self._tokens.get("frames")
        text = video = None
        c, d, e = map(self._made.get, NAMES)
        if d is not None:
            if c is not None and (lengths := mean_lengths(texts)) is not None:
                words = _added(words, give(texts, "text", lengths, self.products.d, d, c))
            else:
                text = d @ videos.tokens
                frames = _plus(frames, d.mT, texts.global_vectors)
        if e is not None:
            if c is not None and (lengths := mean_lengths(videos)) is not None:
                frames = _added(frames, give(videos, "video", lengths, self.products.e, e, c))
            else:
                video = e.mT @ texts.tokens
                words = _plus(words, e, videos.global_vectors)
        if c is not None:
            words = _plus(words, c, videos.tokens)
            frames = _plus(frames, c.mT, texts.tokens)
        return words, frames, text, video


def zeros(like: Tensor) -> Tensor:
    """Return zeros of the same shape and type."""
    return like.new_zeros(like.shape)


def _added(known: Tensor | None, more: Tensor | None) -> Tensor | None:
    return more if known is None else known if more is None else known.add_(more)


def _plus(known: Tensor | None, rows: Tensor, columns: Tensor) -> Tensor:
    return rows @ columns if known is None else known.addmm_(rows, columns)
