"""Bootstrap intervals of the metrics of a single result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.measure import Measured
from vrbench.metrics.table import named
from vrbench.results.schema_parts import IntervalsAbout
from vrbench.results.significance import resampled
from vrbench.sims.sim import DIRECTIONS

LEVEL, DRAWS = 0.95, 9999


def intervals(measured: Measured, seed: int = 0, draws: int = DRAWS) -> IntervalsAbout:
    """Return percentile intervals, by direction and metric, of queries drawn with replacement.

    The gallery stays as it is, and queries count as independent: several captions of one video are
    not, and intervals are then too narrow.

    Args:
        measured: with the numbers of each query.
        seed: of the draws; all metrics have the same ones.
        draws: how many.
    """
    found = {direction: _of(measured, direction, seed, draws) for direction in DIRECTIONS}
    about: IntervalsAbout = {
        "level": LEVEL,
        "draws": draws,
        "seed": seed,
        "t2v": found["t2v"],
        "v2t": found["v2t"],
    }
    return about


def _of(measured: Measured, direction: str, seed: int, draws: int) -> dict[str, list[float]]:
    ranks, missed = measured.ranks[direction], measured.missed.get(direction)
    asked = ~np.isnan(ranks)
    hits = ranks if missed is None else np.where(missed, np.inf, ranks)
    keys = [key for key in measured.metrics[direction] if named(key).of_ranks is not None]  # type: ignore[literal-required]
    found: dict[str, list[float]] = {}
    for vector, exact in ((hits, True), (ranks, False)):
        some = [key for key in keys if named(key).hits == exact]
        drawn = resampled(vector[None, asked], [named(key).over for key in some], draws, seed)
        found |= {key: _interval(values[0]) for key, values in zip(some, drawn, strict=True)}
    each = measured.each.get(direction, {})
    if each:
        rows = np.stack([values[asked] for values in each.values()])
        [drawn] = resampled(rows, [_mean], draws, seed)
        found |= {key: _interval(values) for key, values in zip(each, drawn, strict=True)}
    return found


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values.mean(axis=-1))


def _interval(values: NDArray[np.float64]) -> list[float]:
    outside = (1 - LEVEL) / 2
    return [float(one) for one in np.quantile(values, (outside, 1 - outside))]
