"""How often items are near: hubs."""

from __future__ import annotations

import numpy as np
import pytest
from diagnosed import OWNER, Array, diagnose, random_sim
from scipy.stats import skew

from vrbench.metrics.diagnostics import Occurrences
from vrbench.metrics.ranking import fold
from vrbench.sims.truth import Truth, queries_of


def occurrences(matrix: Array, k: int = 10) -> Array:
    """In how many rows each column is among the k largest, all that tie for place k included."""
    counts = np.zeros(matrix.shape[1])
    for row in matrix:
        place = sorted(row, reverse=True)[min(k, len(row)) - 1]
        counts += [value >= place for value in row]
    return counts


@pytest.mark.parametrize("ties", [False, True])
def test_skewness_equals_an_explicit_count(ties: bool) -> None:
    rng = np.random.default_rng(3)
    owner = rng.integers(0, 30, 40)
    sim = rng.standard_normal((40, 30)) + rng.standard_normal(30)
    if ties:
        sim = np.round(sim)
    found = diagnose(sim, owner)
    queries = np.unique(owner)
    assert len(queries) < 30
    for direction, matrix in (("t2v", sim), ("v2t", sim.T[queries])):
        expected = skew(occurrences(matrix))
        assert found[direction]["hub_skewness"] == pytest.approx(expected, abs=1e-9)
    assert abs(found["t2v"]["hub_skewness"]) > 0.05


def test_a_gallery_smaller_than_ten_is_counted_whole() -> None:
    assert diagnose(random_sim(), OWNER)["t2v"]["hub_skewness"] == 0


def test_fewer_neighbours_can_be_counted() -> None:
    sim = random_sim(4)
    queries = queries_of(sim, Truth.of(sim.shape, OWNER), "t2v")
    near = Occurrences(queries, 3)
    fold(queries, [near])
    np.testing.assert_array_equal(near.counts, occurrences(sim, 3))
    assert near.skewness == pytest.approx(skew(occurrences(sim, 3)))
