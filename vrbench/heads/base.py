"""What a head is: weights that are learnt, and what they do to the tokens of both sides."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from vrbench.alignments.engine.batch import Packed
    from vrbench.features import Features

Side = Literal["text", "video"]
Dim = int | str | tuple[int, str]
"""Size of an axis: a number, a name whose size the arrays say, or so many times that."""


@dataclass(frozen=True)
class Start:
    """What a head is begun from.

    Attributes:
        text_width: of a word, as the head gets it.
        video_width: of a frame.
        longest_text: words of the longest text.
        longest_video: frames of the longest video, patches not counted.
        rng: where random weights come from.
        features: the training features; a head in closed form is fitted on them.
    """

    text_width: int
    video_width: int
    longest_text: int
    longest_video: int
    rng: Generator
    features: Features


class HeadPart(ABC):
    """A frozen dataclass whose fields are the head's parameters; its weights lie beside it.

    Weights are tensors by name, without the head's own name before it.
    """

    source: ClassVar[str] = ""
    """Paper and section, for listings."""

    trained: ClassVar[bool] = True
    """Whether the loop changes its weights."""

    maps: ClassVar[bool] = True
    """Whether it changes tokens; else it gives numbers beside them, or to the method."""

    released: ClassVar[str] = ""
    """Regular expression of the names that released checkpoints give to its weights."""

    @property
    def reads_patches(self) -> bool:
        """Whether its method reads patches of the videos, which heads before it then map, too."""
        return False

    by_token: ClassVar[bool] = False
    """Whether it maps each token by itself, patches like frames; else it gets frames only."""

    def own_name(self, released: str) -> str | None:
        """Return its own name of what a released checkpoint calls ``released``; None: not its."""
        return released if self.released and re.fullmatch(self.released, released) else None

    @classmethod
    def fitting(cls, shapes: Mapping[str, tuple[int, ...]]) -> Self:
        """Return the head that has weights of these shapes, as far as they tell its parameters."""
        return cls()

    def places(self, longest: Mapping[Side, int]) -> dict[Side, int]:
        """Return how many tokens an item may have, of the sides where that is limited.

        Args:
            longest: tokens of each side's longest item of training.
        """
        return {}

    @abstractmethod
    def shapes(self) -> dict[str, tuple[Dim, ...]]:
        """Return the axes of every weight."""

    @abstractmethod
    def init(self, start: Start) -> dict[str, Tensor]:
        """Return the weights that training begins with, float32.

        Raises:
            InputError: the features do not fit the head.
        """

    def apply(self, weights: Mapping[str, Tensor], side: Side, items: Packed) -> Packed:
        """Return what becomes of a side's items; tensors of their type, with gradient.

        Raises:
            InputError: the items do not fit the weights.
        """
        return items


def sizes(
    head: str, shapes: Mapping[str, tuple[Dim, ...]], found: Mapping[str, tuple[int, ...]]
) -> None:
    """Check that arrays have the axes that a head expects.

    Args:
        head: its name.
        shapes: what is expected, by name.
        found: the shapes of the arrays, by name.

    Raises:
        InputError: an array is missing, is nobody's, or does not fit the others.
    """
    for name in sorted(shapes.keys() ^ found.keys()):
        state = "needs the" if name in shapes else "has no"
        raise InputError(f"The head '{head}' {state} array '{head}.{name}'.")
    known: dict[str, int] = {}
    for name, axes in shapes.items():
        due = [_size(axis, known) for axis in axes]
        if len(due) == len(found[name]):
            for axis, size in zip(axes, found[name], strict=True):
                known |= {axis: size} if isinstance(axis, str) and axis not in known else {}
            due = [_size(axis, known) for axis in axes]
        if tuple(due) != found[name] or 0 in found[name]:
            said = ", ".join("any" if size is None else str(size) for size in due)
            raise InputError(
                f"The head's array '{head}.{name}' has the shape {found[name]}, expected ({said})."
            )


def _size(axis: Dim, known: Mapping[str, int]) -> int | None:
    if isinstance(axis, int):
        return axis
    times, name = axis if isinstance(axis, tuple) else (1, axis)
    return times * known[name] if name in known else None


def check_width(items: Packed, side: Side, width: int) -> None:
    """Check that tokens are as wide as a head expects.

    Raises:
        InputError: they are not.
    """
    found = items.tokens.shape[1]
    if found != width:
        raise InputError(
            f"The head expects {side} tokens of width {width}, these have {found}: use the "
            "features that it was trained on, or others of the same encoder."
        )


def affine(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """(n, d) -> (n, w), ``x W^T + b``; without gradient a row has the same bits wherever it is."""
    import torch

    if torch.is_grad_enabled():
        return torch.nn.functional.linear(rows, weight, bias)
    product = (gridded(rows) @ gridded(weight).mT)[: len(rows), : len(weight)]
    return product if bias is None else product + bias


def gridded(rows: Tensor) -> Tensor:
    """Return matrices with zeros up to the grid, where an item's bits are not to depend on others.

    Training has its own order of items, and needs none.
    """
    import torch

    from vrbench.alignments.engine.product import on_grid

    return rows if torch.is_grad_enabled() else on_grid(rows, columns=True)
