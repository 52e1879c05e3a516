"""Whether one row, or the mean of the rows, is what a model itself gives for the whole item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

ROUNDING = 1e-4
"""Largest distance between rows and the model's pooled output, by length, that is rounding."""


@dataclass(frozen=True)
class Found:
    """What reproduces the pooled output of a model, on some probes.

    Attributes:
        how: ``row``, ``mean`` (of the rows) or ``none``.
        place: in words: "first row", "last row", "row of </s>", ...
        error: the largest ``|found - pooled| / |pooled|`` over the probes, of the better way where
            ``how`` is ``none``.
    """

    how: str
    place: str
    error: float


def distance(rows: Rows, pooled: Rows) -> NDArray[np.float64]:
    """(l, d) rows, (d,) vector -> (l,): length of the difference by the length of the vector."""
    wide = pooled.astype(np.float64)
    apart = np.linalg.norm(rows.astype(np.float64) - wide, axis=-1)
    return np.asarray(apart / max(float(np.linalg.norm(wide)), np.finfo(np.float64).tiny))


def find(
    rows: Sequence[Rows], pooled: Sequence[Rows], names: Sequence[Sequence[str]] | None = None
) -> Found:
    """Find what reproduces the pooled outputs: the same row of each probe, else the mean.

    Args:
        rows: (l, d) of each probe.
        pooled: (d,) of each probe.
        names: of the rows, to name one by where its place differs; None: places only.
    """
    if any(one.ndim != 2 or one.shape[1:] != whole.shape for one, whole in _pairs(rows, pooled)):
        return Found("none", "no row", float("inf"))
    places = [int(np.argmin(distance(one, whole))) for one, whole in _pairs(rows, pooled)]
    row = max(float(distance(one, whole).min()) for one, whole in _pairs(rows, pooled))
    mean = max(
        float(distance(one.mean(axis=0, dtype=np.float64)[None].astype(np.float32), whole)[0])
        for one, whole in _pairs(rows, pooled)
    )
    if row <= ROUNDING:
        return Found("row", _place(places, [len(one) for one in rows], names), row)
    if mean <= ROUNDING:
        return Found("mean", "mean of the rows", mean)
    better = min(row, mean)  # NaN, of a model that overflows, reproduces nothing
    return Found("none", "no row", better)


def _pairs(rows: Sequence[Rows], pooled: Sequence[Rows]) -> Sequence[tuple[Rows, Rows]]:
    return list(zip(rows, pooled, strict=True))


def _place(places: list[int], lengths: list[int], names: Sequence[Sequence[str]] | None) -> str:
    if not any(places):
        return "first row"
    if all(place == length - 1 for place, length in zip(places, lengths, strict=True)):
        return "last row"
    if names is not None:
        said = {names[i][place] for i, place in enumerate(places)}
        if len(said) == 1:
            return f"row of {said.pop()}"
    return "one row"
