"""``learnable``: the weights of the alignment of that name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from vrbench.errors import InputError
from vrbench.heads import heads
from vrbench.heads.base import Dim, HeadPart, Side, Start

if TYPE_CHECKING:
    from torch import Tensor


@heads.register("learnable")
@dataclass(frozen=True)
class LearnableWeights(HeadPart):
    """Weight of each place of a frame and of a word, for the method ``learnable``; tokens stay.

    It begins with zeros, where the method is ``uniform``.

    Source: TokenFlow section 3.2.2.

    Attributes:
        frames: places of frames; longer videos are refused.
        words: places of words; longer texts are refused.

    Raises:
        InputError: a number of places is below 1.
    """

    frames: int = 64
    words: int = 64
    source = "TokenFlow 3.2.2"
    maps = False

    @classmethod
    def fitting(cls, shapes: Mapping[str, tuple[int, ...]]) -> Self:
        """Return as many places as there are weights of."""
        shape = shapes.get("weight", ())
        return cls(*shape) if len(shape) == 2 else cls()

    def __post_init__(self) -> None:
        if self.frames < 1 or self.words < 1:
            raise InputError("frames and words must be at least 1.")

    def places(self, longest: Mapping[Side, int]) -> dict[Side, int]:
        """Return the parameters."""
        return {"text": self.words, "video": self.frames}

    def shapes(self) -> dict[str, tuple[Dim, ...]]:
        """Return the axes of the weight."""
        return {"weight": (self.frames, self.words)}

    def init(self, start: Start) -> dict[str, Tensor]:
        """Return zeros."""
        import torch

        for name, places, longest in (
            ("frames", self.frames, start.longest_video),
            ("words", self.words, start.longest_text),
        ):
            if longest > places:
                raise InputError(
                    f"The longest item has {longest} {name}, and learnable has weights of "
                    f"{places}: give learnable:{name}={longest} or more."
                )
        return {"weight": torch.zeros(self.frames, self.words)}
