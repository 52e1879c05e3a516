"""Checks of similarities for likely mistakes, and the notes on them under every table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.evaluation.sources.base import Source
from vrbench.features.doubts import REPEATS, repeat_notes
from vrbench.features.logit_scale import fitted_to
from vrbench.metrics.measure import Measured, Unkept
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Normalization
from vrbench.sims.sim import DIRECTIONS, Rows, Sim

FAR_ABOVE_ONE = 2.0
"""Above all rounded cosines, and the largest similarity without a note."""
FILLED, MOST = 0.25, 0.5
"""Shares of the similarities that are one extreme value, or any one value: some are not scored."""
TIED = 0.5
"""Share of the queries with a tie above which mean places mean little."""
FEW = 0.001
"""Share of the similarities up to which the smallest value is not taken for a filler."""
LAST = 0.65
"""Mean place of the right item, of 0 (first) to 1 (last), above which scores look like distances;
chance gives 0.5."""


@dataclass(frozen=True, eq=False)
class Look:
    """What one read of the raw similarities shows.

    Attributes:
        top: how far they reach: the largest, or half of their range where that is more.
        filled: the value that more than ``FILLED`` of them have, and their share, or None.
        repeated: (n',) the videos whose similarities equal those of an earlier one.
    """

    top: float
    filled: tuple[float, float] | None
    repeated: NDArray[np.int64]


def look(sim: Sim) -> Look | None:
    """Read the similarities once; None where reading them costs a scoring.

    Args:
        sim: before normalization.
    """
    if isinstance(sim, Unkept):
        return None
    flat = sim.flat()
    found = _look(flat.t2v)
    if flat.v2t is flat.t2v:
        return found
    other = _look(flat.v2t)
    filled = max(found.filled, other.filled, key=lambda one: 0.0 if one is None else one[1])
    return Look(max(found.top, other.top), filled, found.repeated)


def _look(matrix: NDArray[Any]) -> Look:
    """Look at the similarities (texts, videos) of one direction."""
    rows = Rows(matrix)
    low, high, middle = _Extreme(-1), _Extreme(1), _Middle()
    columns = _Columns(rows)
    for part in rows.slices():
        block = rows.block(part)
        for value in (low, high, middle):
            value.add(block)
        columns.add(part, block)
    size = len(rows) * rows.width
    least: dict[_Value, float] = {low: FILLED, high: FILLED, middle: MOST}
    filled = max(least, key=lambda value: value.count)
    share = filled.count / size
    many = share > least[filled] and filled.count > len(rows) + rows.width
    found = (filled.value, share) if many else None
    scored = low.count <= max(1, FEW * size)
    top = max(high.value, (high.value - low.value) / 2) if scored else high.value
    return Look(top, found, columns.repeated())


def sanity_notes(
    seen: Look | None, source: Source, norm: Normalization, measured: Measured
) -> list[str]:
    """Return a sentence for each doubt about the similarities.

    Args:
        seen: what a look at them showed.
        source: where they come from.
        norm: the norm that is applied.
        measured: what was measured before it.
    """
    notes = list(_distances(source, measured))
    if seen is None or source.sequence is not None:
        return notes
    ranked = norm.needs_bank or source.truth.candidates is None
    if seen.filled is not None and ranked:
        value, share = seen.filled
        notes.append(
            f"{100 * share:.1f} % of the similarities are {value:g}: if only some pairs were "
            "scored (a reranked top k), all others tie there, and MdR, MnR, R@K beyond that k and "
            "every norm rest on a number that nobody measured."
        )
    if not any(REPEATS in note for note in source.notes):
        notes += repeat_notes(source.video_ids, seen.repeated, "the same similarities")
    if norm.needs_bank and seen.top > FAR_ABOVE_ONE:
        notes += _logits(seen.top, source.scale, norm)
    return notes


def _logits(top: float, scale: float | None, norm: Normalization) -> Iterator[str]:
    """Say what would fit, where a norm's temperature is its default for cosines."""
    known = scale is not None and FAR_ABOVE_ONE < top <= 1.2 * scale
    factor = scale if known and scale is not None else 10.0 ** math.ceil(math.log10(top / 1.2))
    fitted = fitted_to(norm, factor)
    if fitted is not None:
        yield (
            f"Similarities reach {top:.4g}, or differ by twice that, but the default temperature "
            f"of {normalizations.spec(norm)} assumes cosines: if these are cosines times a logit "
            f"scale of {factor:g}, give {normalizations.spec(fitted)}."
        )


def _distances(source: Source, measured: Measured) -> Iterator[str]:
    sizes = {"t2v": source.truth.n_video, "v2t": source.truth.n_text}
    for direction in DIRECTIONS:
        ranks = measured.ranks[direction]
        asked = ranks[~np.isnan(ranks)]
        others = max(sizes[direction] - 1, 1)
        by_chance = 4 * math.sqrt(1 / 12 / len(asked))  # four standard errors of a mean place
        if measured.metrics[direction]["tied"] > TIED or measured.missed.get(direction) is not None:
            continue
        if (asked - 1).mean() / others > max(LAST, 0.5 + by_chance):
            yield (
                f"The right item is near the end for most queries ({direction}: mean rank "
                f"{asked.mean():.1f} of {others + 1}): if these are distances, give their negative."
            )


class _Value:
    """A value of blocks, and how often it occurs."""

    value, count = math.nan, 0

    def add(self, block: NDArray[Any]) -> None:
        """Look at a block."""
        self.count += int((block == self.value).sum())


class _Extreme(_Value):
    """The smallest (sign -1) or largest value of blocks, and how often it occurs."""

    def __init__(self, sign: int) -> None:
        self._pick: Any = np.max if sign > 0 else np.min
        self._sign = sign
        self.value, self.count = -sign * math.inf, 0

    def add(self, block: NDArray[Any]) -> None:
        value = float(self._pick(block))
        if self._sign * value > self._sign * self.value:
            self.value, self.count = value, 0
        super().add(block)


class _Middle(_Value):
    """The median of the first block, and how often it occurs.

    Rows of a matrix that is filled are filled alike: it is what most have, if most have one value.
    """

    def add(self, block: NDArray[Any]) -> None:
        if math.isnan(self.value):
            middle = block.size // 2
            self.value = float(np.partition(block, middle, axis=None)[middle])
        super().add(block)


class _Columns:
    """Which columns of a matrix equal an earlier one, by weighted sums and without a copy."""

    def __init__(self, rows: Rows) -> None:
        self._weights = np.random.default_rng(0).uniform(1, 2, len(rows))
        self._sums = np.zeros(rows.width)
        self._low, self._high = np.full(rows.width, np.inf), np.full(rows.width, -np.inf)

    def add(self, part: slice, block: NDArray[Any]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            # the same numbers in the same order: equal columns have equal sums
            self._sums += (block * self._weights[part, None]).sum(axis=0)
        self._low = np.minimum(self._low, block.min(axis=0))
        self._high = np.maximum(self._high, block.max(axis=0))

    def repeated(self) -> NDArray[np.int64]:
        """(n',) those that equal an earlier one; constant ones, which nobody scored, apart."""
        scored = np.flatnonzero((self._low < self._high) & np.isfinite(self._sums))
        _, first, place = np.unique(self._sums[scored], return_index=True, return_inverse=True)
        return np.asarray(scored[first[place] < np.arange(len(scored))], dtype=np.int64)
