from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args
from unittest.mock import patch

import numpy as np
import oracle_metrics as slow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import rankdata

from vrbench.metrics.measure import measure
from vrbench.metrics.ranking import Ties, ranks
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Protocol, Truth

Array = NDArray[Any]

PROTOCOLS = get_args(Protocol)
BLOCK_BYTES = "vrbench.sims.sim.BLOCK_BYTES"

TIES = get_args(Ties)


@dataclass(frozen=True)
class Case:
    """Similarities of whole numbers, most of them tied, and each text's video."""

    sim: Array
    text_video: Array


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to 8 texts of up to 6 videos; some videos have several texts, some have none."""
    n_text, n_video = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    rows = st.lists(st.integers(-2, 2), min_size=n_video, max_size=n_video)
    sim = draw(st.lists(rows, min_size=n_text, max_size=n_text))
    owner = st.integers(0, n_video - 1)
    text_video = draw(st.lists(owner, min_size=n_text, max_size=n_text))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64, np.int64]))
    return Case(np.array(sim, dtype=dtype), np.array(text_video))


@st.composite
def positives_cases(draw: st.DrawFn) -> tuple[Array, Array]:
    """Similarities and (n_text, n_video) booleans, at least one true in each row."""
    case = draw(cases())
    bits = st.lists(st.booleans(), min_size=case.sim.size, max_size=case.sim.size)
    positives = np.array(draw(bits)).reshape(case.sim.shape)
    positives[np.arange(len(case.sim)), case.text_video] = True
    return case.sim, positives


def tied_shares(sim: Array, truth: Truth, v2t: str = "best-caption") -> tuple[float, float]:
    found = measure(Sim(sim, sim), truth, (1,), "mean", v2t, None).metrics
    return found["t2v"]["tied"], found["v2t"]["tied"]


few = settings(derandomize=True, max_examples=150, deadline=None)


@few
@given(case=cases(), ties=st.sampled_from(TIES))
def test_t2v_ranks_equal_a_brute_force_count(case: Case, ties: Ties) -> None:
    found = ranks(case.sim, case.text_video, "t2v", ties)
    np.testing.assert_array_equal(found, slow.ranks_t2v(case.sim, case.text_video, ties))
    assert found.dtype == np.float64


@pytest.mark.parametrize("protocol", PROTOCOLS)
@few
@given(case=cases(), ties=st.sampled_from(TIES))
def test_v2t_ranks_equal_a_brute_force_count(protocol: Protocol, case: Case, ties: Ties) -> None:
    found = ranks(case.sim, case.text_video, "v2t", ties, protocol)
    expected = slow.ranks_v2t(case.sim, case.text_video, ties, protocol)
    np.testing.assert_array_equal(found, expected)


@few
@given(case=positives_cases(), ties=st.sampled_from(TIES))
def test_ranks_with_several_right_items_equal_a_brute_force_count(
    case: tuple[Array, Array], ties: Ties
) -> None:
    sim, positives = case
    t2v = ranks(sim, direction="t2v", ties=ties, positives=positives)
    v2t = ranks(sim, direction="v2t", ties=ties, positives=positives)
    np.testing.assert_array_equal(t2v, slow.ranks_t2v_positives(sim, positives, ties))
    np.testing.assert_array_equal(v2t, slow.ranks_v2t_positives(sim, positives, ties))
    shares = tied_shares(sim, Truth.of(sim.shape, positives=positives))
    assert shares[0] == pytest.approx(slow.tied_t2v_positives(sim, positives))
    assert shares[1] == pytest.approx(slow.tied_v2t_positives(sim, positives))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@few
@given(case=cases())
def test_tied_shares_equal_a_brute_force_count(protocol: Protocol, case: Case) -> None:
    t2v, v2t = tied_shares(case.sim, Truth.of(case.sim.shape, case.text_video), protocol)
    assert t2v == pytest.approx(slow.tied_t2v(case.sim, case.text_video))
    assert v2t == pytest.approx(slow.tied_v2t(case.sim, case.text_video, protocol))


@few
@given(case=cases(), ties=st.sampled_from(TIES), size=st.sampled_from([1, 40, 100]))
def test_the_size_of_a_block_changes_nothing(case: Case, ties: Ties, size: int) -> None:
    truth = Truth.of(case.sim.shape, case.text_video)
    sim = Sim(case.sim, case.sim.copy())
    for protocol in PROTOCOLS:
        whole = measure(sim, truth, (1, 2), ties, protocol, 0.5)
        with patch(BLOCK_BYTES, size):
            blocks = measure(sim, truth, (1, 2), ties, protocol, 0.5)
        assert blocks.metrics == whole.metrics
        for direction in ("t2v", "v2t"):
            np.testing.assert_array_equal(blocks.ranks[direction], whole.ranks[direction])
            assert blocks.diagnostics[direction] == pytest.approx(whole.diagnostics[direction])


@few
@given(case=cases(), ties=st.sampled_from(TIES))
def test_group_max_and_best_caption_agree_on_the_first_place(case: Case, ties: Ties) -> None:
    first = [
        ranks(case.sim, case.text_video, "v2t", ties, protocol) == 1
        for protocol in ("group-max", "best-caption")
    ]
    np.testing.assert_array_equal(*first)


@few
@given(case=cases())
def test_the_tie_rules_bracket_each_other(case: Case) -> None:
    for protocol in PROTOCOLS:
        low, mid, high = (
            ranks(case.sim, case.text_video, "v2t", ties, protocol)
            for ties in ("optimistic", "mean", "pessimistic")
        )
        np.testing.assert_array_equal(mid, (low + high) / 2)
        assert not np.any(low > high)


def test_ranks_equal_the_usual_ones_where_a_video_has_one_text() -> None:
    sim = np.random.default_rng(0).integers(0, 30, (60, 60)).astype(np.float32)
    rules: dict[Ties, Any] = {"mean": "average", "optimistic": "min", "pessimistic": "max"}
    for ties, rule in rules.items():
        for direction, matrix in (("t2v", sim), ("v2t", sim.T)):
            expected = np.diag(rankdata(-matrix, method=rule, axis=1))
            for protocol in PROTOCOLS:
                found = ranks(sim, None, direction, ties, protocol)  # type: ignore[arg-type]
                np.testing.assert_array_equal(found, expected)


def test_a_case_by_hand() -> None:
    sim = [[3, 3, 1], [2, 2, 2], [0, 5, 4], [9, 0, 0]]
    text_video = [0, 1, 1, 0]
    assert ranks(sim, text_video).tolist() == [1.5, 2, 1, 1]
    assert ranks(sim, text_video, ties="optimistic").tolist() == [1, 1, 1, 1]
    assert ranks(sim, text_video, ties="pessimistic").tolist() == [2, 3, 1, 1]
    v2t = [ranks(sim, text_video, "v2t", v2t=protocol) for protocol in PROTOCOLS]
    assert PROTOCOLS == ("group-max", "best-caption", "each-caption")
    np.testing.assert_array_equal(v2t[0], [1, 1, np.nan])
    np.testing.assert_array_equal(v2t[1], [1, 1, np.nan])
    # columns 0 and 1 are 3 2 0 9 and 3 2 5 0
    assert v2t[2].tolist() == [2, 3, 1, 1]


def test_a_caption_of_the_same_video_is_no_competitor_but_under_each_caption() -> None:
    sim = np.array([[2.0, 0], [1.0, 0], [0.0, 1]])
    assert ranks(sim, [0, 0, 1], "v2t").tolist() == [1, 1]
    assert ranks(sim, [0, 0, 1], "v2t", v2t="each-caption").tolist() == [1, 2, 1]
