from __future__ import annotations

import math
from typing import Any, Literal
from unittest.mock import patch

import numpy as np
import oracle_metrics as slow
import pytest
import torch
from diagnosed import OWNER, diagnose, random_sim
from hypothesis import given, settings
from hypothesis import strategies as st

import vrbench
from vrbench.errors import InputError
from vrbench.metrics.diagnostics import Representation, normalization_error
from vrbench.metrics.measure import measure
from vrbench.metrics.ranking import fold
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth, queries_of

Direction = Literal["t2v", "v2t"]
DIRECTIONS: tuple[Direction, Direction] = ("t2v", "v2t")


# --- normalization error


@pytest.mark.parametrize("gamma", [0.01, 0.05, 1.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_error_equals_the_formula(gamma: float, dtype: Any) -> None:
    sim = random_sim().astype(dtype)
    t2v = slow.normalization_error_t2v(sim, OWNER, gamma)
    v2t = slow.normalization_error_v2t(sim, OWNER, gamma)
    assert normalization_error(sim, OWNER, gamma=gamma) == pytest.approx(t2v, abs=1e-12)
    assert normalization_error(sim, OWNER, "v2t", gamma) == pytest.approx(v2t, abs=1e-12)
    found = diagnose(sim, OWNER, gamma)
    assert found["t2v"]["normalization_error"] == pytest.approx(t2v, abs=1e-12)
    assert found["v2t"]["normalization_error"] == pytest.approx(v2t, abs=1e-12)


def test_newly_counts_items_that_were_never_first_before() -> None:
    rng = np.random.default_rng(3)
    truth = Truth.of((len(OWNER), 8), OWNER)
    before, after = (rng.integers(0, 99, (len(OWNER), 8)).astype(float) for _ in range(2))
    seen = measure(Sim(before, before), truth, (1,), "mean", "best-caption", None)
    found = measure(Sim(after, after), truth, (1,), "mean", "best-caption", None, seen)
    assert "newly" not in seen.diagnostics["t2v"]
    first = [set(np.flatnonzero((m == m.max(1, keepdims=True)).any(0))) for m in (before, after)]
    assert found.diagnostics["t2v"]["newly"] == len(first[1] - first[0]) > 0
    asked = np.isin(np.arange(8), OWNER)  # videos without a text ask no query
    first = [set(np.flatnonzero((m == m.max(0))[:, asked].any(1))) for m in (before, after)]
    assert found.diagnostics["v2t"]["newly"] == len(first[1] - first[0]) > 0


def test_the_default_temperature_is_a_hundredth() -> None:
    sim = random_sim()
    assert normalization_error(sim, OWNER) == normalization_error(sim, OWNER, "t2v", 0.01)


def test_one_text_a_video_is_the_papers_case() -> None:
    sim = np.random.default_rng(1).uniform(-0.2, 0.4, (9, 9))
    for direction, matrix in (("t2v", sim), ("v2t", sim.T)):
        p = np.exp(matrix / 0.05)
        p /= p.sum(axis=1, keepdims=True)
        expected = np.abs(1 - p.sum(axis=0)).mean()
        found = normalization_error(sim, None, direction, 0.05)  # type: ignore[arg-type]
        assert found == pytest.approx(expected, abs=1e-12)


def test_a_cyclic_matrix_is_perfectly_normalized() -> None:
    first = np.random.default_rng(2).uniform(-0.2, 0.4, 7)
    sim = np.array([np.roll(first, i) for i in range(7)])
    for direction in DIRECTIONS:
        assert normalization_error(sim, None, direction) == pytest.approx(0, abs=1e-12)
        assert normalization_error(np.zeros((7, 7)), None, direction) == pytest.approx(0, abs=1e-12)


def test_marginals_of_captions_are_perfectly_normalized() -> None:
    gamma, counts = 0.05, np.bincount(OWNER, minlength=8)
    probability = np.where(counts > 0, counts, 1e-12)
    t2v = np.tile(gamma * np.log(probability), (len(OWNER), 1))
    assert normalization_error(t2v, OWNER, gamma=gamma) == pytest.approx(0, abs=1e-9)
    v2t = np.tile(-gamma * np.log(counts[OWNER])[:, None], (1, 8))
    assert normalization_error(v2t, OWNER, "v2t", gamma) == pytest.approx(0, abs=1e-9)
    assert normalization_error(t2v, OWNER, gamma=2 * gamma) > 0.1


def test_a_video_that_takes_everything_is_an_error_of_nearly_two() -> None:
    sim = np.zeros((10, 10))
    sim[:, 3] = 1
    assert normalization_error(sim) == pytest.approx((9 * 1 + 9) / 10, abs=1e-9)


@pytest.mark.parametrize("size", [3.0, -3.0, 1e3])
def test_large_similarities_do_not_overflow(size: float) -> None:
    sim = size * random_sim()
    t2v = slow.normalization_error_t2v(sim, OWNER, 0.001)
    assert normalization_error(sim, OWNER, gamma=0.001) == pytest.approx(t2v, abs=1e-9)
    shifted = normalization_error(sim + size, OWNER, "v2t", 0.001)
    assert shifted == pytest.approx(normalization_error(sim, OWNER, "v2t", 0.001), abs=1e-9)


def test_several_positive_videos_share_the_expected_sum() -> None:
    positives = np.zeros((4, 3), dtype=bool)
    positives[[0, 0, 1, 2, 3], [0, 1, 1, 2, 2]] = True
    gamma = 0.1
    sim = np.tile(gamma * np.log([0.5, 1.5, 2.0]), (4, 1))
    assert normalization_error(sim, gamma=gamma, positives=positives) == pytest.approx(0, abs=1e-9)


def test_every_kind_of_array_is_read() -> None:
    sim = random_sim().astype(np.float32)
    expected = normalization_error(sim, OWNER)
    assert normalization_error(torch.tensor(sim), OWNER) == expected
    assert normalization_error(sim.tolist(), OWNER.tolist()) == pytest.approx(expected)
    assert normalization_error(Sim(sim, 0 * sim), OWNER) == expected
    assert normalization_error(Sim(0 * sim, sim), OWNER) != expected
    assert vrbench.metrics.diagnostics.normalization_error is normalization_error


def test_what_is_not_finite_is_named() -> None:
    sim = random_sim()
    sim[4, 2] = np.nan
    with pytest.raises(InputError, match="text 4 and video 2"):
        normalization_error(sim, OWNER)


@pytest.mark.parametrize(
    "wrong", [{"gamma": 0.0}, {"gamma": -0.01}, {"gamma": math.nan}, {"direction": "i2t"}], ids=str
)
def test_words_and_values_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        normalization_error(random_sim(), OWNER, **wrong)


# --- representation


@pytest.mark.parametrize("seed", range(6))
def test_shares_equal_the_formula(seed: int) -> None:
    # whole numbers: some ties for the first place, of two and of three
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, 15, 30)
    sim = rng.integers(0, 20, (30, 20)).astype(np.float32)
    found = diagnose(sim, owner)
    queries = np.unique(owner)
    for direction, matrix in (("t2v", sim), ("v2t", sim.T[queries])):
        shares = tuple(found[direction][key] for key in ("under", "once", "over"))
        assert shares == pytest.approx(slow.representation(matrix), abs=1e-12)
        assert sum(shares) == pytest.approx(1)
    assert slow.representation(sim.T[queries]) != slow.representation(sim.T)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(data=st.data())
def test_thirds_of_votes_add_up(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 5))
    row = st.lists(st.integers(0, 1), min_size=width, max_size=width)
    sim = np.array(data.draw(st.lists(row, min_size=1, max_size=9)), dtype=np.float64)
    queries = queries_of(sim, Truth.of(sim.shape, np.zeros(len(sim), dtype=int)), "t2v")
    votes = Representation(queries)
    fold(queries, [votes])
    assert tuple(votes.shares().values()) == pytest.approx(slow.representation(sim))
    assert votes.votes.sum() == pytest.approx(len(sim))


def test_shares_by_hand() -> None:
    sim = np.zeros((5, 5))
    sim[[0, 1, 2, 3], [2, 2, 0, 1]] = 1
    sim[4, [1, 3]] = 1  # half a vote each
    truth = Truth.of(sim.shape)
    found = measure(Sim(sim, sim), truth, (1,), "mean", "best-caption", 0.01).diagnostics["t2v"]
    assert (found["under"], found["once"], found["over"]) == pytest.approx((0.2, 0.6, 0.2))


# --- all of them


def test_the_order_of_items_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    owner = rng.integers(0, 25, 40)
    sim = rng.uniform(-0.2, 0.4, (40, 25))
    rows, columns = rng.permutation(40), rng.permutation(25)
    place = np.argsort(columns)
    shuffled = diagnose(sim[np.ix_(rows, columns)], place[owner[rows]], 0.05)
    whole = diagnose(sim, owner, 0.05)
    for direction in DIRECTIONS:
        assert shuffled[direction] == pytest.approx(whole[direction], abs=1e-12)


@pytest.mark.parametrize("size", [1, 8 * 25 * 7])
def test_the_size_of_a_block_changes_nothing(size: int) -> None:
    rng = np.random.default_rng(6)
    sim, owner = rng.uniform(-0.2, 0.4, (40, 25)), rng.integers(0, 25, 40)
    whole = diagnose(sim, owner)
    with patch("vrbench.sims.sim.BLOCK_BYTES", size):
        blocks = diagnose(sim, owner)
    for direction in DIRECTIONS:
        assert blocks[direction] == pytest.approx(whole[direction], abs=1e-12)


def test_videos_without_a_text_ask_nothing_and_stay_in_the_gallery() -> None:
    sim = random_sim(7)
    other = sim.copy()
    other[:, [2, 7]] += 0.1
    found = diagnose(sim, OWNER), diagnose(other, OWNER)
    assert found[0]["v2t"] == found[1]["v2t"]
    assert found[0]["t2v"]["normalization_error"] != found[1]["t2v"]["normalization_error"]
