"""The interface of alignments: a reduction of all word-frame similarities of a tile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

if TYPE_CHECKING:
    from torch import Tensor, dtype

    from vrbench.alignments.engine.batch import Packed
    from vrbench.alignments.engine.items import Items
    from vrbench.alignments.engine.tiles import Tile
    from vrbench.features.tokens import Tokens

Level = Literal["frame", "patch"]
"""What a video's tokens are, where the file has both."""

Side = Literal["text", "video"]

Reduce = Callable[["Tile"], "tuple[Tensor, Tensor]"]
"""A tile -> s^T and s^V, (T, V) each."""

WORDS, FRAMES = 1, 2
"""Axes of ``Tile.c`` (T, w, f, V); once one of them is reduced, the other is axis 1."""


class Alignment:
    """A frozen dataclass that turns tokens into similarities; its fields are its parameters."""

    symmetric: ClassVar[bool] = False
    """Whether both directions are the same number; then one matrix serves both."""

    source: ClassVar[str] = ""
    """Paper and equation, for listings."""

    needs_head: ClassVar[bool] = False
    """Whether it is only another alignment without what a head has learnt for it."""

    stored: ClassVar[str | None] = None
    """Column of a feature file that weighs its tokens, unless a head does; training reads none."""

    level: Level = "frame"
    """Which of a video's tokens it reads; a parameter of those that have such a field. Global
    vectors are those of the whole video, whichever tokens are read."""

    unscaled: bool = False
    """Whether it reads a video's tokens as they are stored, even where cosines are scored."""

    @property
    def reads_patches(self) -> bool:
        """Whether it reads patches of the videos."""
        return self.level == "patch"

    def chosen(self, side: Side, tokens: Tokens, kind: dtype) -> Tokens:
        """Return the tokens of a side that it reads, before they are scaled; made once a scoring.

        Args:
            side: ``text`` or ``video``.
            tokens: all of the side, in memory or in a file.
            kind: of the products.

        Raises:
            InputError: the side lacks what it reads.
        """
        return tokens

    def drawn(self, batch: Packed) -> Packed:
        """Return the same of the videos of a batch of training, with gradient."""
        return batch

    def in_step(self, seed: int, step: int) -> Self:
        """Return it as one step of training has it: what is random in it comes from these."""
        return self

    def mapped(self, side: Side, items: Items) -> Items:
        """Return a side's items, scaled, as its products read them."""
        return items

    def with_weights(self, weights: Mapping[str, Any]) -> Self:
        """Return it with what a head has learnt, as far as it has use for it; its spec stays.

        Args:
            weights: arrays or tensors by their names in a head file, ``learnable.weight``.
        """
        return self


class MeanAlignment(Alignment, ABC):
    """An alignment that is the mean of others."""

    by_level: ClassVar[bool] = False
    """Whether each part is an alignment level: a matrix of its own, of which the mean is taken
    where a norm does not work level by level."""

    @abstractmethod
    def parts(self) -> tuple[Alignment, ...]:
        """Return the alignments, at least one; what a head has learnt is in them."""

    @property
    def reads_patches(self) -> bool:
        """Whether one of them reads patches of the videos."""
        return any(part.reads_patches for part in self.parts())


class VectorAlignment(Alignment, ABC):
    """An alignment that is the dot product of one vector of each item."""

    symmetric = True

    @abstractmethod
    def vectors(self, items: Items) -> Tensor:
        """(n, d) the vector of each item."""


class TokenAlignment(Alignment, ABC):
    """An alignment of all words with all frames, as a reduction of a tile."""

    @abstractmethod
    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return s^T (ranks videos for a text) and s^V (ranks texts for a video), (T, V) each.

        Must not change the tile, and may depend on nothing but the pair (text, video).

        A class may bring the same reduction compiled by numba beside it, in a method
        ``kernel(self, cosines: bool) -> Reduce | None``, for float32 products on the CPU
        (``engine/fused.py``); a subclass that reduces in another way does not inherit it. Training
        differentiates ``reduce``, unless ``kernel`` is marked as ``fused.differentiable``.
        """

    def learnt(self) -> tuple[Tensor, ...]:
        """Return the tensors of its own that ``reduce`` reads: training gives them a gradient."""
        return ()


def total(values: Tensor, axis: int) -> Tensor:
    """Sum along ``axis``, one slice after the other.

    A library's own sum adds in an order that depends on where in memory an item lies; adding
    slice by slice gives an item the same bits whatever stands beside it.
    """
    if values.requires_grad:  # training needs no repeatable bits, and its graph no slices
        return values.sum(axis)
    first, *rest = values.unbind(axis)
    result = first.clone()
    for part in rest:
        result += part
    return result


def mean(values: Tensor, axis: int) -> Tensor:
    """Mean along ``axis``; see ``total``."""
    return total(values, axis) / values.shape[axis]


def softmax(logits: Tensor, axis: int) -> Tensor:
    """Softmax along ``axis``."""
    weight = (logits - logits.amax(axis, keepdim=True)).exp()
    return weight / total(weight, axis).unsqueeze(axis)


def attend(logits: Tensor, values: Tensor, axis: int) -> Tensor:
    """Softmax-weighted mean of ``values`` along ``axis``, which is dropped."""
    if logits.requires_grad or values.requires_grad:  # a graph of three steps
        return (logits.softmax(axis) * values).sum(axis)
    weight = (logits - logits.amax(axis, keepdim=True)).exp_()
    under = total(weight, axis)
    return total(weight.mul_(values), axis) / under


def log_sum_exp(logits: Tensor, axis: int) -> Tensor:
    """Log of the sum of exponentials along ``axis``, which is dropped."""
    top = logits.detach().amax(axis, keepdim=True)
    return total((logits - top).exp_(), axis).log() + top.squeeze(axis)
