from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import oracle_metrics as slow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_sims import OWNER, bias, cosines, normalize, pair

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.apply import apply
from vrbench.normalizations.bank import BankSim
from vrbench.sims.sim import DIRECTIONS, Sim
from vrbench.sims.truth import Truth

Array = NDArray[Any]


# --- ncl against the loop


@pytest.mark.parametrize("n_bank", [1, 3, 7, 20])
@pytest.mark.parametrize("iterations", [1, 4, 30])
@pytest.mark.parametrize("gamma", [0.01, 0.05, 1.0])
def test_ncl_equals_the_loop(gamma: float, iterations: int, n_bank: int) -> None:
    bank = cosines(0, n_bank, 7)
    expected = slow.ncl_bias(bank, gamma, iterations)
    found = bias(f"ncl:gamma={gamma},iterations={iterations}", bank)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("gamma", [0.01, 0.05])
def test_ncl_of_single_precision_is_near_the_loop(gamma: float) -> None:
    bank = cosines(0, 20, 7).astype(np.float32)
    expected = slow.ncl_bias_log(bank, gamma, 4)
    found = bias(f"ncl:gamma={gamma}", bank)
    np.testing.assert_allclose(found / gamma, expected / gamma, rtol=0, atol=1e-5)


@pytest.mark.parametrize("gamma", [0.05, 0.2])
def test_ncl_without_a_number_of_iterations_converges(gamma: float) -> None:
    bank = cosines(1, 8, 6)
    expected = slow.ncl_bias_log(bank, gamma, 400)
    found = bias(f"ncl:gamma={gamma},iterations=0,tol=1e-11", bank)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    rough = bias(f"ncl:gamma={gamma},iterations=0,tol=0.5", bank)
    assert np.abs(rough - expected).max() > 1e-6


@settings(derandomize=True, max_examples=80, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    seed=st.integers(0, 10**6),
    sizes=st.tuples(st.floats(-3, 4), st.floats(-3, 4)),
    sort=st.booleans(),
    iterations=st.sampled_from([1, 4, 40]),
    single=st.booleans(),
)
def test_ncl_is_right_whatever_the_range(
    shape: tuple[int, int],
    seed: int,
    sizes: tuple[float, float],
    sort: bool,
    iterations: int,
    single: bool,
) -> None:
    rng = np.random.default_rng(seed)
    own, shared = (10.0**size for size in sizes)
    bank = own * rng.standard_normal(shape) + shared * rng.standard_normal(shape[1])
    if sort:  # the same query is best for every item: beta has far to go
        bank = np.sort(bank, axis=0)
    gamma, given_bank = 0.01, bank.astype(np.float32 if single else np.float64)
    expected = slow.ncl_bias_log(given_bank, gamma, iterations)
    found = bias(f"ncl:iterations={iterations}", given_bank)
    scale = max(1.0, float(np.abs(bank).max()))
    tolerance = (1e-5 * gamma if single else 1e-12) * scale
    np.testing.assert_allclose(found, expected, rtol=0, atol=max(tolerance, 1e-10))


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_ncl_is_right_where_one_query_is_best_for_every_item(seed: int, single: bool) -> None:
    # beta has so far to go that entries which were negligible at the start come to matter
    rng = np.random.default_rng(seed)
    bank = 10.0 ** rng.uniform(1, 3) * np.sort(rng.standard_normal((7, 6)), axis=0)
    bank = bank.astype(np.float32 if single else np.float64)
    expected = slow.ncl_bias_log(bank, 0.01, 50)
    found = bias("ncl:iterations=50", bank)
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.01 * 1e-5 if single else 1e-9)


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("shape", [(1, 1), (4, 3), (7, 1), (130, 67), (515, 9)])
def test_the_compiled_pass_gives_what_numpy_gives(shape: tuple[int, int], single: bool) -> None:
    pytest.importorskip("numba")
    bank = cosines(11, *shape).astype(np.float32 if single else np.float64)
    bank[:, -1] = bank[:, 0]
    found = {}
    for least in (0, bank.size + 1):
        with patch("vrbench.normalizations.kept.COMPILED", least):
            found[least] = bias("ncl:gamma=0.02,iterations=20", bank) / 0.02
    tolerance = 1e-6 if single else 1e-12
    np.testing.assert_allclose(found[0], found[bank.size + 1], rtol=tolerance, atol=tolerance)
    assert found[0][-1] == found[0][0]  # equal items have equal biases wherever they stand


def test_the_compiled_pass_falls_back_to_logs_too() -> None:
    pytest.importorskip("numba")
    bank = 1e3 * np.sort(np.random.default_rng(0).standard_normal((7, 6)), axis=0)
    with patch("vrbench.normalizations.kept.COMPILED", 0):
        found = bias("ncl:iterations=50", bank.astype(np.float32))
    expected = slow.ncl_bias_log(bank.astype(np.float32), 0.01, 50)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


@pytest.mark.slow
def test_a_queue_of_full_size_is_accurate_and_stays_finite() -> None:
    rng = np.random.default_rng(12)
    sides = [rng.standard_normal((n, 16)) + 0.7 for n in (16_384, 1_000)]
    text, video = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
    bank = (text @ video.T).astype(np.float32)
    assert bank.max() > 0.95
    single = bias("ncl:gamma=0.005", bank) / 0.005
    double = bias("ncl:gamma=0.005", bank.astype(np.float64)) / 0.005
    np.testing.assert_allclose(single, double, rtol=0, atol=1e-5)
    assert np.isfinite(bias("ncl:gamma=0.005,iterations=1000", bank[:512])).all()


@pytest.mark.parametrize(
    "counts", [np.array([2, 1, 1, 3, 1, 1, 0]), np.array([9, 1, 1, 1, 1, 1, 1])], ids=str
)
def test_ncl_with_captions_weighs_videos_by_their_texts(counts: Array) -> None:
    owner = np.repeat(np.arange(7), counts)
    bank = cosines(2, 20, 7)
    expected = slow.ncl_bias_log(bank, 0.05, 4, counts=np.maximum(counts, 1))
    spec = "ncl:gamma=0.05,marginals=captions"
    found = bias(spec, bank, text_video=owner)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    assert np.abs(found - bias("ncl:gamma=0.05", bank)).max() > 1e-3


def test_ncl_with_captions_weighs_the_queries_of_v2t() -> None:
    sim, _ = pair()
    spec = "ncl:gamma=0.05,marginals=captions"
    queries = np.array([0, 1, 2, 3, 4, 5])
    weights = np.bincount(OWNER)[queries]
    expected = slow.ncl_bias_log(sim.v2t.T[queries], 0.05, 4, query_weights=weights)
    found = normalize(sim, spec, text_video=OWNER).v2t - sim.v2t
    np.testing.assert_allclose(found, np.tile(expected[:, None], (1, 7)), rtol=0, atol=1e-9)


def test_only_videos_with_a_text_make_the_test_bank_of_v2t() -> None:
    sim, _ = pair()
    expected = slow.ncl_bias(sim.v2t.T[:6], 0.01, 4)
    found = normalize(sim, "ncl", text_video=OWNER).v2t - sim.v2t
    np.testing.assert_allclose(found, np.tile(expected[:, None], (1, 7)), rtol=0, atol=1e-9)


def test_captions_of_an_unknown_truth_are_refused() -> None:
    with pytest.raises(InputError, match="text_video"):
        normalize(cosines(0, 9, 7), "ncl:marginals=captions", cosines(1, 5, 7))


# --- ranges that exp does not survive


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("iterations", [1, 4])
@pytest.mark.parametrize(
    ("low", "high", "gamma"),
    [(-0.2, 0.95, 0.005), (-0.2, 0.95, 0.0005), (0.94, 0.95, 0.0005), (-1e3, 1e3, 0.01)],
)
def test_ncl_stays_finite(
    low: float, high: float, gamma: float, iterations: int, dtype: Any
) -> None:
    rng = np.random.default_rng(3)
    sim = rng.uniform(low, high, (12, 10)).astype(dtype)
    bank = rng.uniform(low, high, (30, 10)).astype(dtype)
    spec = f"ncl:gamma={gamma},iterations={iterations}"
    for given_bank in (bank, "test"):
        out = normalize(sim, spec, given_bank, text_video=np.arange(12) % 10)
        assert np.isfinite(out.t2v).all()
        assert given_bank is bank or np.isfinite(out.v2t).all()
    expected = slow.ncl_bias_log(bank, gamma, iterations)
    assert np.abs(bias(spec, bank) - expected).max() <= 1e-6 * max(1, high)


@pytest.mark.parametrize("spec", ["ncl", "ncl:iterations=1", "ncl:gamma=0.0005,iterations=2"])
@pytest.mark.parametrize("size", [1.0, 1e3, 1e5])
def test_what_is_reported_is_a_number(spec: str, size: float) -> None:
    sim = size * np.random.default_rng(4).standard_normal((6, 6))
    done = apply(normalizations.parse(spec), Sim(sim, sim), BankSim("test"), Truth.of((6, 6)))
    for direction in DIRECTIONS:
        assert done.info[direction].keys() >= {"iterations", "residual"}
        assert np.isfinite(list(done.info[direction].values())).all()


def test_a_tolerance_out_of_reach_is_said() -> None:
    # one query of two always wins both items: its row cannot have half of the mass
    bank = np.array([[1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]])
    with (
        patch("vrbench.normalizations.sinkhorn.MOST_ITERATIONS", 50),
        pytest.raises(InputError, match="did not reach tol"),
    ):
        bias("ncl:iterations=0,tol=1e-12,gamma=0.01", bank)
