from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_sims import INDUCTIVE, OWNER, normalize, pair

from vrbench.normalizations import normalizations
from vrbench.normalizations.apply import apply
from vrbench.normalizations.bank import BankSim
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth

Array = NDArray[Any]


def rolling(spec: str, sim: Sim, truth: Truth, window: int = 0) -> Sim:
    return apply(normalizations.parse(spec), sim, BankSim("rolling", window=window), truth).sim


def by_hand(spec: str, matrix: Array, window: int) -> Array:
    """(queries, gallery): each query with the ``window`` queries before it, and itself."""
    out = matrix.astype(np.float64)
    for i in range(len(matrix)):
        seen = matrix[max(0, i - window) if window else 0 : i + 1]
        if len(seen) > 1:
            out[i] = normalize(matrix[i : i + 1], spec, seen).t2v[0]
    return out


@pytest.mark.parametrize("window", [0, 1, 2, 5])
@pytest.mark.parametrize("spec", INDUCTIVE)
def test_rolling_is_a_fit_for_each_query(spec: str, window: int) -> None:
    sim, _ = pair(19)
    out = rolling(spec, sim, Truth.of((9, 7), OWNER), window)
    np.testing.assert_allclose(out.t2v, by_hand(spec, sim.t2v, window), rtol=1e-12, atol=1e-12)
    if "side=first" in spec:  # its v2t is not the transposed function
        return
    v2t = sim.v2t.astype(np.float64)
    v2t[:, :6] = by_hand(spec, sim.v2t.T[:6], window).T
    np.testing.assert_allclose(out.v2t, v2t, rtol=1e-12, atol=1e-12)


def test_each_query_of_a_rolling_bank_is_reported() -> None:
    sim, _ = pair(19)
    said: list[tuple[str, int, int]] = []
    norm, truth = normalizations.parse("ncl"), Truth.of((9, 7), OWNER)
    apply(norm, sim, BankSim("rolling"), truth, lambda *now: said.append(now))
    assert said == [*(("t2v", i, 9) for i in range(2, 10)), *(("v2t", i, 6) for i in range(2, 7))]


@pytest.mark.parametrize("spec", INDUCTIVE)
def test_a_rolling_bank_of_one_row_changes_nothing(spec: str) -> None:
    sim, _ = pair(20)
    truth = Truth.of((9, 7), OWNER)
    first = rolling(spec, sim, truth)
    np.testing.assert_array_equal(first.t2v[0], sim.t2v[0])
    np.testing.assert_array_equal(first.v2t[:, 0], sim.v2t[:, 0])
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(rolling(spec, sim, truth, 1).t2v, sim.t2v)


@pytest.mark.parametrize("spec", INDUCTIVE)
def test_later_queries_change_nothing_before_them(spec: str) -> None:
    sim, _ = pair(21)
    truth = Truth.of((9, 7), OWNER)
    whole = rolling(spec, sim, truth)
    t2v, v2t = sim.t2v.copy(), sim.v2t.copy()
    t2v[5:] = np.random.default_rng(1).uniform(-0.2, 0.9, (4, 7))
    v2t[:, 3:] = np.random.default_rng(2).uniform(-0.2, 0.9, (9, 4))
    other = rolling(spec, Sim(t2v, v2t), truth)
    np.testing.assert_array_equal(other.t2v[:5], whole.t2v[:5])
    np.testing.assert_array_equal(other.v2t[:, :3], whole.v2t[:, :3])
    assert (other.t2v[5:] != whole.t2v[5:]).any()


def test_only_videos_with_a_text_roll() -> None:
    sim, _ = pair(22)
    owner = np.array([1, 1, 3, 3, 4, 4, 6, 6, 6])
    out = rolling("ncl", sim, Truth.of((9, 7), owner))
    queries = [1, 3, 4, 6]
    expected = sim.v2t.astype(np.float64)
    expected[:, queries] = by_hand("ncl", sim.v2t.T[queries], 0).T
    np.testing.assert_allclose(out.v2t, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(out.v2t[:, [0, 1, 2, 5]], sim.v2t[:, [0, 1, 2, 5]])
