"""Planting noise into sequences: irrelevant items, shifted starts, exchanged neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrbench.sequences.engine.grouping import Grouping

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Planted:
    """Sequences after planting.

    Attributes:
        rows: the items, sequence after sequence.
        lengths: (s,) items of each sequence.
        planted: (n,) which of the rows were planted.
    """

    rows: Index
    lengths: Index
    planted: NDArray[np.bool_]


def clean(group: Grouping) -> Planted:
    """Return the sequences as they are."""
    return Planted(group.order, group.lengths, np.zeros(len(group.order), dtype=bool))


def irrelevant(group: Grouping, rate: float, rng: np.random.Generator) -> Planted:
    """Plant items of other sequences until they are this share of each, at random places.

    A sequence of n items gets round(n rate / (1 - rate)) more; its items keep their order.
    """
    rows, lengths, planted = [], [], []
    for items, number in zip(_parts(group), range(len(group)), strict=True):
        more = round(len(items) * rate / (1 - rate))
        others = np.flatnonzero(group.item != number)
        noise = rng.choice(others, more, replace=False)
        kept = rng.permutation(np.arange(len(items) + more) < len(items))
        mixed = np.empty(len(kept), dtype=np.int64)
        mixed[kept], mixed[~kept] = items, noise
        rows.append(mixed)
        lengths.append(len(mixed))
        planted.append(~kept)
    return Planted(np.concatenate(rows), np.array(lengths), np.concatenate(planted))


def shifted(group: Grouping, rate: float, rng: np.random.Generator) -> Planted:
    """Move the first item behind the last, in this share of the sequences."""
    return _reordered(group, rate, rng, lambda items: np.roll(items, -1))


def swapped(group: Grouping, rate: float, rng: np.random.Generator) -> Planted:
    """Exchange two neighbours, chosen at random, in this share of the sequences."""

    def swap(items: Index) -> Index:
        if len(items) > 1:
            first = int(rng.integers(len(items) - 1))
            items[[first, first + 1]] = items[[first + 1, first]]
        return items

    return _reordered(group, rate, rng, swap)


def _reordered(
    group: Grouping, rate: float, rng: np.random.Generator, change: Callable[[Index], Index]
) -> Planted:
    chosen = rng.permutation(len(group)) < round(rate * len(group))
    parts = [
        change(items.copy()) if hit else items
        for items, hit in zip(_parts(group), chosen, strict=True)
    ]
    return Planted(np.concatenate(parts), group.lengths, np.zeros(len(group.order), dtype=bool))


def _parts(group: Grouping) -> list[Index]:
    return np.split(group.order, np.cumsum(group.lengths)[:-1])
