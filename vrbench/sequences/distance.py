"""Distances and their scaling, for dynamic programming over a captions x clips matrix."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.sequences.base import Conventions, Float, PairAlignment, Pairs

KEPT = 1.3
"""Clips kept for each caption where the background is in the video (released TempCLR, Norton)."""


@dataclass(frozen=True)
class WarpingAlignment(PairAlignment):
    """Minus the cost of the cheapest monotone path through ``offset - sim``.

    Attributes:
        variant: ``exact`` is the recursion itself. ``tempclr`` and ``norton`` pad every matrix to
            the longest paragraph and video as both releases do, with one and the same code, so
            they give the same numbers: what else the two do differently are parameters here.
        offset: distance = offset - similarity. TempCLR 1; Norton 0, and 3 for DTW with background.
        length_norm: the distance is multiplied by ``product``: Lt Lv / (n m), ``max``:
            max(Lt, Lv) / max(n, m), ``path``: 1 / steps of the cheapest path, or ``none``: 1.
            Lt and Lv are the lengths of the longest paragraph and video of the test set.
        background: keep only the int(1.3 n) clips (at least one) nearest to any caption, in the
            order of time; released with the background kept, not in the papers. Lv stays that of
            the whole videos, m is the number of clips kept.

    Raises:
        InputError: ``length_norm=path`` with a released variant, which has no path.
    """

    variant: Literal["exact", "tempclr", "norton"] = "exact"
    offset: float = 1.0
    length_norm: Literal["product", "max", "path", "none"] = "product"
    background: bool = False

    def __post_init__(self) -> None:
        if self.length_norm == "path" and self.variant != "exact":
            raise InputError(
                f"length_norm=path needs variant=exact, it is {self.variant}: padding leads the "
                "released paths out of the matrix."
            )

    @abstractmethod
    def exact(self, distance: Float) -> Float:
        """(n, m, pairs) -> (pairs,) cost of the cheapest path."""

    @abstractmethod
    def per_step(self, distance: Float) -> Float:
        """(n, m, pairs) -> (pairs,) cost of the cheapest path divided by its steps."""

    @abstractmethod
    def released(self, distance: Float, missing: tuple[int, int]) -> Float:
        """Like ``exact``, with the padding of the releases by ``missing`` captions and clips."""

    @abstractmethod
    def trace(self, distance: Float) -> list[tuple[int, int]]:
        """(n, m) -> the cheapest path, [(caption, clip), ...] in order."""

    def score(self, pairs: Pairs) -> Float:
        """(pairs,) minus the scaled cost."""
        distance = np.subtract(self.offset, pairs.sim, out=pairs.sim)
        if self.background:
            distance = nearest_clips(distance)
        n, m = distance.shape[:2]
        if self.length_norm == "path":
            return -self.per_step(distance)
        if self.variant == "exact":
            cost = self.exact(distance)
        else:
            lt, lv = pairs.longest
            cost = self.released(distance, (max(lt - n, 0), max(lv - m, 0)))
        return -cost * scale(self.length_norm, pairs.longest, (n, m))

    def about(self, sim: NDArray[Any]) -> Conventions:
        """Return offset, length scaling and the share of negative distances."""
        negative = float((sim > self.offset).mean())
        return {"offset": self.offset, "length_norm": self.length_norm, "negative": negative}


def scale(length_norm: str, longest: tuple[int, int], shape: tuple[int, int]) -> float:
    """Return the factor of the distances of a pair of this shape."""
    if length_norm == "product":
        return (longest[0] * longest[1]) / (shape[0] * shape[1])
    if length_norm == "max":
        return max(longest) / max(shape)
    return 1.0


def nearest_clips(distance: Float) -> Float:
    """Keep each pair's int(1.3 n) clips nearest to any caption, in their order.

    (n, m, pairs) -> (n, k, pairs); of equally near clips the first is kept.
    """
    keep = int(KEPT * len(distance))
    if keep >= distance.shape[1]:
        return distance
    nearest = np.argsort(distance.min(axis=0), axis=0, kind="stable")[:keep]
    return np.take_along_axis(distance, np.sort(nearest, axis=0)[None], axis=1)
