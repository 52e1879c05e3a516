"""Test items that are in a bank too: a bank with all items of a side is the test set."""

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
        total: by side, of how many.
    """

    shared: Mapping[str, int]
    total: Mapping[str, int]

    def with_side(self, side: str, same: NDArray[np.bool_]) -> Overlap:
        """Add a side, of which ``same`` (n,) says what the bank holds."""
        shared = {**self.shared, side: int(same.sum())}
        return Overlap(shared, {**self.total, side: len(same)})

    @property
    def whole(self) -> bool:
        """Whether the bank holds every query of a side."""
        return any(0 < n == self.shared[side] for side, n in self.total.items())

    @property
    def said(self) -> str:
        """Say how many there are, such as ``8 of 8 texts and 2 of 8 videos of the test set``."""
        counts = [f"{self.shared[side]:,} of {n:,} {side}s" for side, n in self.total.items()]
        return f"{' and '.join(counts)} of the test set"


PROJECTIONS = 8
"""Numbers in the fingerprint of a row."""
ROUNDING = 2e-3
"""Largest distance between fingerprints of equal rows of length 1, one of them in float16."""
FAR_LESS = 0.05
"""Rows are equal only if they differ by less than this share of the distance of neighbours."""


def fingerprints(rows: NDArray[Any]) -> NDArray[np.float64]:
    """(n, ``PROJECTIONS``) random projections of rows (n, d): near each other where rows are."""
    shape = rows.shape[1], PROJECTIONS
    return np.asarray(rows @ np.random.default_rng(0).standard_normal(shape), dtype=np.float64)


def nearly_equal(test: NDArray[Any], bank: NDArray[Any]) -> NDArray[np.bool_]:
    """(n,) whether a bank has each row up to rounding, by fingerprints.

    Args:
        test: (n, k) fingerprints of the test set, of rows whose length is about 1.
        bank: (m, k) those of the bank.
    """
    from scipy.spatial import cKDTree

    found = np.zeros(len(test), dtype=bool)
    rows, known = (one[np.isfinite(one).all(axis=1)] for one in (test, bank))
    if not len(rows) or not len(known):
        return found
    rows, back = np.unique(rows, axis=0, return_inverse=True)
    apart = np.asarray(cKDTree(rows).query(rows, k=2)[0])[:, 1]
    apart = apart[np.isfinite(apart)]
    reach = min(ROUNDING, FAR_LESS * float(np.median(apart))) if len(apart) else ROUNDING
    near = cKDTree(np.unique(known, axis=0)).query(rows, distance_upper_bound=reach)[0]
    found[np.isfinite(test).all(axis=1)] = np.isfinite(near)[back.reshape(-1)]
    return found


def known_ids(
    test: NDArray[Any], bank: NDArray[Any] | None, side: str, named: bool = False
) -> NDArray[np.bool_]:
    """(n,) whether a bank has the id of each item, where both have names.

    Args:
        test: (n,) ids of the test set.
        bank: those of the bank; None: not known.
        side: ``text`` or ``video``.
        named: whether both are known to have names; else the form of the ids decides.
    """
    if bank is None or not (named or (_named(test, side) and _named(bank, side))):
        return np.zeros(len(test), dtype=bool)
    known = {str(name) for name in bank.tolist()}
    return np.array([str(name) in known for name in test.tolist()], dtype=bool)


def _named(ids: NDArray[Any], side: str) -> bool:
    return is_named(ids, side) and is_named(ids, f"bank_{side}")
