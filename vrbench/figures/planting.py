"""Planting noise into sequences: what does not belong, what comes late, what is out of order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrbench.sequences.engine.grouping import Grouping

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Planted:
    """Sequences after planting.

    Attributes:
        rows: the items, sequence after sequence.
        lengths: (s,) items of each sequence.
        foreign: which of the rows were planted.
    """

    rows: Rows
    lengths: Rows
    foreign: NDArray[np.bool_]


def clean(group: Grouping) -> Planted:
    """Return the sequences as they are."""
    return Planted(group.order, group.lengths, np.zeros(len(group.order), dtype=bool))


def irrelevant(group: Grouping, rate: float, rng: np.random.Generator) -> Planted:
    """Plant items of other sequences until they are this share of each, at random places.

    A sequence of n items gets round(n rate / (1 - rate)) more; the order of its own stays.
    """
    rows, lengths, foreign = [], [], []
    for own, number in zip(_parts(group), range(len(group)), strict=True):
        more = round(len(own) * rate / (1 - rate))
        others = np.flatnonzero(group.item != number)
        planted = rng.choice(others, more, replace=False)
        is_own = rng.permutation(np.arange(len(own) + more) < len(own))
        mixed = np.empty(len(is_own), dtype=np.int64)
        mixed[is_own], mixed[~is_own] = own, planted
        rows.append(mixed)
        lengths.append(len(mixed))
        foreign.append(~is_own)
    return Planted(np.concatenate(rows), np.array(lengths), np.concatenate(foreign))


def shifted(group: Grouping, rate: float, rng: np.random.Generator) -> Planted:
    """Move the first item behind the last, in this share of the sequences."""
    return _reordered(group, rate, rng, lambda own: np.roll(own, -1))


def swapped(group: Grouping, rate: float, rng: np.random.Generator) -> Planted:
    """Exchange two neighbours, chosen at random, in this share of the sequences."""

    def swap(own: Rows) -> Rows:
        if len(own) > 1:
            first = int(rng.integers(len(own) - 1))
            own[[first, first + 1]] = own[[first + 1, first]]
        return own

    return _reordered(group, rate, rng, swap)


def _reordered(
    group: Grouping, rate: float, rng: np.random.Generator, change: Callable[[Rows], Rows]
) -> Planted:
    chosen = rng.permutation(len(group)) < round(rate * len(group))
    parts = [
        change(own.copy()) if hit else own for own, hit in zip(_parts(group), chosen, strict=True)
    ]
    return Planted(np.concatenate(parts), group.lengths, np.zeros(len(group.order), dtype=bool))


def _parts(group: Grouping) -> list[Rows]:
    return np.split(group.order, np.cumsum(group.lengths)[:-1])
