"""Trying a model when it is loaded: which rows reproduce what it pools itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vrbench.encoders.hf.checking import ROUNDING, Found, Rows, find
from vrbench.encoders.hf.frames import Frames, noise
from vrbench.encoders.hf.heads import HEADS
from vrbench.encoders.hf.towers import Towers
from vrbench.encoders.hf.words import PADDING, Pieces, Words

if TYPE_CHECKING:
    from torch import Tensor

PROBES = (
    "a man is playing the guitar",
    "a cat",
    "two people cook rice in a kitchen while they talk",
)
"""Captions that are tried, of different lengths."""


@dataclass(frozen=True)
class Tried:
    """What was found of one side of a model.

    Attributes:
        rows: which rows were tried: a formula of ``HEADS``, or words; "" if there are none.
        found: what reproduces the pooled outputs.
    """

    rows: str
    found: Found

    @property
    def sentence(self) -> str:
        """What was found, for the user."""
        if not self.rows:
            return "pooled output only, as there is no map of single rows into its space"
        if self.found.error == float("inf"):
            return f"pooled output only, as {self.rows} has another width"
        off = f"off by {self.found.error:.1g}, where up to {ROUNDING:g} is rounding"
        if self.found.how == "none":
            return f"neither a row of {self.rows} nor their mean is the pooled output, {off}"
        return f"{self.found.place} of {self.rows} is the pooled output, {off}"


NOTHING = Tried("", Found("none", "no row", float("inf")))


def numbers(tensor: Tensor) -> Rows:
    """Return a tensor of any device as float32 numpy."""
    return np.asarray(tensor.float().cpu().numpy())


def try_captions(towers: Towers, words: Words) -> Tried:
    """Find the head of a text tower whose rows reproduce its pooled outputs, best first."""
    pieces = [words(caption) for caption in PROBES]
    outputs = [towers.caption(one.ids) for one in pieces]
    pooled = [numbers(whole) for _, whole in outputs]
    names = [names_of(one, len(hidden)) for one, (hidden, _) in zip(pieces, outputs, strict=True)]

    def rows(formula: str) -> list[Rows]:
        return [numbers(HEADS[formula](towers.model, hidden)) for hidden, _ in outputs]

    tried = _first(towers.family.words, rows, pooled, names)
    if tried.found.how == "mean" and any((one.kinds == PADDING).any() for one in pieces):
        return Tried(tried.rows, Found("none", "no row", tried.found.error))
    return tried


def try_frames(towers: Towers, frames: Frames) -> Tried:
    """Find the head of an image tower whose rows reproduce its pooled outputs."""
    outputs = [towers.frames(frames([image])) for image in noise(2)]
    pooled = [numbers(whole[0]) for _, whole in outputs]

    def rows(formula: str) -> list[Rows]:
        return [numbers(HEADS[formula](towers.model, hidden)[0]) for hidden, _ in outputs]

    return _first(towers.family.patches, rows, pooled, None)


def try_clip(towers: Towers, frames: Frames) -> Tried:
    """Find whether the rows of a video's frames reproduce the model's own vector of the video."""
    inputs = [frames(noise(towers.places, seed)) for seed in range(2)]
    rows = [towers.clip(one)[0] for one in inputs]
    if any(one is None for one in rows):
        return NOTHING
    pooled = [numbers(towers.own_clip(one)) for one in inputs]
    return Tried("mit(h)", find([numbers(one) for one in rows if one is not None], pooled))


def names_of(pieces: Pieces, rows: int) -> list[str]:
    """Return a name for each row; towers may append rows of their own, [CLS]."""
    return [*pieces.names, *["[CLS]"] * (rows - len(pieces.names))]


def _first(
    formulas: Sequence[str],
    rows: Callable[[str], list[Rows]],
    pooled: Sequence[Rows],
    names: Sequence[Sequence[str]] | None,
) -> Tried:
    """Return the first formula that reproduces the pooled outputs, else the closest."""
    tried = []
    for formula in formulas:
        try:
            tried.append(Tried(formula, find(rows(formula), pooled, names)))
        # a model of an unknown family may lack a head, or have another of this name
        except (AttributeError, TypeError, RuntimeError, ValueError):
            continue
        if tried[-1].found.how != "none":
            return tried[-1]
    return min(tried, key=lambda one: one.found.error, default=NOTHING)
