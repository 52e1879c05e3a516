"""Test items that a bank holds too: a bank that holds all of a side is the test set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.pairing import is_named


@dataclass(frozen=True)
class Overlap:
    """How many of the test set's queries a bank holds.

    Attributes:
        shared: by side, ``text`` or ``video``, how many.
        asked: by side, of how many.
    """

    shared: Mapping[str, int]
    asked: Mapping[str, int]

    def with_side(self, side: str, same: NDArray[np.bool_]) -> Overlap:
        """Add a side, of which ``same`` (n,) says what the bank holds."""
        shared = {**self.shared, side: int(same.sum())}
        return Overlap(shared, {**self.asked, side: len(same)})

    @property
    def whole(self) -> bool:
        """Whether the bank holds every query of a side."""
        return any(0 < n == self.shared[side] for side, n in self.asked.items())

    @property
    def said(self) -> str:
        """Say how many there are, such as ``8 of 8 texts and 2 of 8 videos of the test set``."""
        counts = [f"{self.shared[side]:,} of {n:,} {side}s" for side, n in self.asked.items()]
        return f"{' and '.join(counts)} of the test set"


def known_ids(own: NDArray[Any], banked: NDArray[Any] | None, side: str) -> NDArray[np.bool_]:
    """(n,) whether a bank has the id of each item, where both have names.

    Args:
        own: (n,) ids of the test set.
        banked: those of the bank; None: not known.
        side: ``text`` or ``video``.
    """
    if banked is None or not (_named(own, side) and _named(banked, side)):
        return np.zeros(len(own), dtype=bool)
    known = {str(name) for name in banked.tolist()}
    return np.array([str(name) in known for name in own.tolist()], dtype=bool)


def _named(ids: NDArray[Any], side: str) -> bool:
    return is_named(ids, side) and is_named(ids, f"bank_{side}")
