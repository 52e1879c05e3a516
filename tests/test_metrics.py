from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args
from unittest.mock import patch

import numpy as np
import oracle_metrics as slow
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import rankdata

import vrbench
from vrbench.errors import InputError
from vrbench.measure import measure
from vrbench.metrics import Ties, ranks, summary
from vrbench.sims.sim import Sim
from vrbench.truth import Protocol, Truth

Array = NDArray[Any]
TIES = get_args(Ties)
PROTOCOLS = get_args(Protocol)
BLOCK_BYTES = "vrbench.sims.sim.BLOCK_BYTES"


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


# --- against brute force


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


# --- inputs of all kinds


def test_every_kind_of_array_is_read() -> None:
    sim = np.random.default_rng(1).integers(0, 9, (5, 5))
    expected = ranks(sim.astype(np.float64))
    for kind in (np.float16, np.float32, np.int32, np.uint8):
        np.testing.assert_array_equal(ranks(sim.astype(kind)), expected)
    np.testing.assert_array_equal(ranks(sim.tolist()), expected)
    np.testing.assert_array_equal(ranks(torch.tensor(sim)), expected)
    half = torch.tensor(sim, dtype=torch.float32, requires_grad=True)
    np.testing.assert_array_equal(ranks(half, torch.arange(5)), expected)
    np.testing.assert_array_equal(ranks(np.asfortranarray(sim)), expected)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64, torch.int32])
def test_tensors_of_every_type_are_read(kind: torch.dtype) -> None:
    sim = torch.tensor([[3, 1, 2], [0, 5, 5], [7, 8, 6]]).to(kind)
    np.testing.assert_array_equal(ranks(sim), [1, 1.5, 3])


def test_whole_numbers_beyond_float32_are_told_apart() -> None:
    assert ranks(np.array([[2**24, 2**24 + 1], [0, 1]])).tolist() == [2, 1]


def test_a_sim_is_ranked_by_the_matrix_of_the_direction() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random((6, 6)), rng.random((6, 6))
    np.testing.assert_array_equal(ranks(Sim(a, b)), ranks(a))
    np.testing.assert_array_equal(ranks(Sim(a, b), direction="v2t"), ranks(b, direction="v2t"))
    assert (ranks(a, direction="v2t") != ranks(b, direction="v2t")).any()


def test_inputs_are_not_changed() -> None:
    sim = np.random.default_rng(3).integers(0, 4, (4, 3)).astype(np.float32)
    before, text_video = sim.copy(), np.array([0, 2, 0, 1])
    for protocol in PROTOCOLS:
        measure(Sim(sim, sim), Truth.of(sim.shape, text_video), (1,), "mean", protocol, 0.01)
    np.testing.assert_array_equal(sim, before)
    np.testing.assert_array_equal(text_video, [0, 2, 0, 1])


def test_it_is_found_under_its_public_name() -> None:
    assert vrbench.metrics.ranks is ranks


# --- what cannot be ranked


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", [1, 10**6])
def test_a_similarity_that_is_not_finite_names_its_text_and_video(bad: float, size: int) -> None:
    sim = np.random.default_rng(4).random((9, 5))
    sim[7, 3] = bad
    owner = [0, 0, 1, 2, 3, 4, 1, 0, 2]
    with patch(BLOCK_BYTES, size):
        with pytest.raises(InputError, match="text 7 and video 3"):
            ranks(sim, owner)
        with pytest.raises(InputError, match="text 7 and video 3"):
            ranks(sim, owner, "v2t")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("text", [7, 8])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_refuses_and_names_it(protocol: Protocol, text: int, bad: float) -> None:
    # text 7 shares its video with others, which a maximum over them must not hide
    sim = np.random.default_rng(5).random((9, 6))
    sim[text, 3] = bad
    owner = [0, 0, 1, 2, 3, 4, 1, 0, 5]
    with pytest.raises(InputError, match=f"text {text} and video 3"):
        ranks(sim, owner, "v2t", v2t=protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_video_that_asks_nothing_has_to_be_finite_too(protocol: Protocol) -> None:
    sim = np.random.default_rng(6).random((3, 4))
    sim[1, 3] = np.nan
    with pytest.raises(InputError, match="text 1 and video 3 is nan"):
        ranks(sim, [0, 1, 2], "v2t", v2t=protocol)


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((3,), {}, r"shape \(3,\), expected \(n_text, n_video\)"),
        ((2, 3, 3), {}, r"shape \(2, 3, 3\)"),
        ((3, 4), {}, "3 texts x 4 videos is not square"),
        ((3, 4), {"text_video": [0, 1]}, r"text_video is .* \(2,\), expected .* \(3,\)"),
        ((3, 4), {"text_video": [0, 1, 4]}, "points text 2 to video 4, but there are 4 videos"),
        ((3, 4), {"text_video": [0, -1, 2]}, "points text 1 to video -1"),
        ((3, 4), {"text_video": [0.0, 1.0, 2.0]}, "expected whole numbers"),
        ((3, 4), {"positives": np.ones((4, 3), dtype=bool)}, r"expected bool \(3, 4\)"),
        ((3, 4), {"positives": np.ones((3, 4))}, "positives is float64"),
        ((3, 4), {"positives": np.eye(3, 4, -1, dtype=bool)}, "Text 0 has no right video"),
        ((3, 3), {"direction": "i2t"}, "Unknown direction 'i2t'"),
        ((3, 3), {"ties": "average"}, "Unknown tie rule 'average'"),
        ((3, 3), {"direction": "v2t", "v2t": "max"}, "Unknown v2t protocol 'max'"),
        ((3, 3), {"v2t": "max"}, "Unknown v2t protocol 'max'"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(
    shape: tuple[int, ...], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ranks(np.zeros(shape), **arguments)


@pytest.mark.parametrize("protocol", ["group-max", "each-caption"])
def test_protocols_of_one_video_a_text_refuse_several(protocol: Protocol) -> None:
    positives = np.ones((2, 2), dtype=bool)
    with pytest.raises(InputError, match=f"v2t={protocol} needs one video a text"):
        ranks(np.zeros((2, 2)), direction="v2t", v2t=protocol, positives=positives)


def test_a_direction_that_is_missing_is_refused() -> None:
    with pytest.raises(InputError):
        ranks(Sim(np.eye(3), None), direction="v2t")


# --- summary


def test_summary_counts_in_percent_and_leaves_out_who_did_not_ask() -> None:
    values = np.array([1, 1.5, np.nan, 5, 10, 20.5])
    assert summary(values, (1, 5, 10, 100)) == {
        "R@1": 20.0,
        "R@5": 60.0,
        "R@10": 80.0,
        "R@100": 100.0,
        "MdR": 5.0,
        "MnR": 7.6,
    }
    assert list(summary(values)) == ["R@1", "R@5", "R@10", "MdR", "MnR"]


@pytest.mark.parametrize(("values", "median"), [([1, 2, 3, 10], 2.5), ([1, 3, 10], 3.0)])
def test_the_median_averages_the_middle_pair(values: Sequence[float], median: float) -> None:
    assert summary(np.array(values, dtype=np.float64))["MdR"] == median


def test_measuring_gives_the_promised_keys_from_the_same_ranks() -> None:
    rng = np.random.default_rng(7)
    sim = Sim(rng.random((7, 4)), rng.random((7, 4)))
    truth = Truth.of((7, 4), [0, 0, 1, 1, 1, 2, 2])
    found = measure(sim, truth, (1, 3), "pessimistic", "each-caption", 0.1)
    for direction in ("t2v", "v2t"):
        assert list(found.metrics[direction]) == ["R@1", "R@3", "MdR", "MnR", "tied"]
        assert set(found.diagnostics[direction]) == {
            *("normalization_error", "under", "once", "over", "hub_skewness")
        }
    assert found.ranks["v2t"].shape == (7,)
    np.testing.assert_array_equal(
        found.ranks["v2t"], slow.ranks_v2t(sim.v2t, truth.video, "pessimistic", "each-caption")
    )
    assert found.metrics["v2t"]["MnR"] == pytest.approx(found.ranks["v2t"].mean())


def test_the_error_is_null_where_scores_have_a_scale_of_their_own() -> None:
    sim = np.random.default_rng(8).random((4, 4))
    found = measure(Sim(sim, sim), Truth.of((4, 4)), (1,), "mean", "best-caption", None)
    assert found.diagnostics["t2v"]["normalization_error"] is None
    assert found.diagnostics["v2t"]["normalization_error"] is None
