from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, get_args
from unittest.mock import patch

import numpy as np
import oracle_metrics as slow
import pytest
import torch

import vrbench
from vrbench.errors import InputError
from vrbench.metrics.measure import measure
from vrbench.metrics.ranking import ranks, summary
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Protocol, Truth

PROTOCOLS = get_args(Protocol)
BLOCK_BYTES = "vrbench.sims.sim.BLOCK_BYTES"


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
    both = {"t2v": a, "v2t": b}
    for given in (both, SimpleNamespace(**both)):
        np.testing.assert_array_equal(ranks(given), ranks(a))
        np.testing.assert_array_equal(ranks(given, direction="v2t"), ranks(b, direction="v2t"))


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
def test_a_video_without_texts_has_to_be_finite_too(protocol: Protocol) -> None:
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
        assert list(found.metrics[direction]) == [
            *("R@1", "R@3", "MdR", "MnR", "MRR", "mAP", "nDCG@10", "rsum", "tied")
        ]
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
