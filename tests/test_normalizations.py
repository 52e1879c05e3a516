from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import oracle_metrics as slow
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import vrbench
from vrbench.errors import InputError
from vrbench.metrics import ranks
from vrbench.normalizations import normalizations
from vrbench.normalizing import BankSim, apply
from vrbench.sim import DIRECTIONS, Sim
from vrbench.truth import Truth

Array = NDArray[Any]

REGISTERED = tuple(normalizations.classes())
SPECS = (
    *REGISTERED,
    "ncl:gamma=0.05,iterations=1",
    "ncl:gamma=0.1,iterations=0",
    "ncl:gamma=0.05,marginals=captions",
    "dsl:tau=0.1,log=true",
)
WITH_BANK = tuple(spec for spec in SPECS if normalizations.parse(spec).needs_bank)
INDUCTIVE = tuple(s for s in WITH_BANK if not normalizations.parse(s).counts_captions)
OWNER = np.array([0, 1, 2, 3, 4, 0, 3, 3, 5])
"""Videos of nine texts; video 6 has none."""


def cosines(seed: int, n: int, m: int) -> Array:
    """(n, m) with columns of different means, as real galleries have them."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.1, 0.4, (n, m)) + rng.uniform(-0.1, 0.2, m)


def pair(seed: int = 0, dtype: Any = np.float64) -> tuple[Sim, Sim]:
    """9 texts x 7 videos, and a bank of 15 texts and 4 videos; directions differ."""
    sim = Sim(cosines(seed, 9, 7).astype(dtype), cosines(seed + 1, 7, 9).T.astype(dtype))
    bank = Sim(cosines(seed + 2, 15, 7).astype(dtype), cosines(seed + 3, 4, 9).T.astype(dtype))
    return sim, bank


def normalize(sim: Any, spec: str, bank: Any = "test", **truth: Any) -> Sim:
    return vrbench.normalize(sim, spec, bank=bank, **truth)


def bias(spec: str, bank: Array, **truth: Any) -> Array:
    """What is added to each gallery item."""
    zeros = np.zeros((2, bank.shape[1]))
    owner = truth.pop("text_video", None)
    rows = zeros if owner is None else np.zeros((len(owner), bank.shape[1]))
    return np.asarray(normalize(rows, spec, bank, text_video=owner, **truth).t2v[0])


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


def test_a_queue_of_full_size_is_accurate_and_stays_finite() -> None:
    rng = np.random.default_rng(12)
    sides = [rng.standard_normal((n, 16)) + 0.7 for n in (16_384, 1_000)]
    text, video = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
    bank = (text @ video.T).astype(np.float32)
    assert bank.max() > 0.95
    single = bias("ncl:gamma=0.005", bank) / 0.005
    double = bias("ncl:gamma=0.005", bank.astype(np.float64)) / 0.005
    np.testing.assert_allclose(single, double, rtol=0, atol=1e-5)
    assert np.isfinite(bias("ncl:gamma=0.005,iterations=1000", bank)).all()


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
    asking = np.array([0, 1, 2, 3, 4, 5])
    weights = np.bincount(OWNER)[asking]
    expected = slow.ncl_bias_log(sim.v2t.T[asking], 0.05, 4, query_weights=weights)
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


@pytest.mark.parametrize("spec", WITH_BANK)
def test_every_norm_is_finite_at_the_promised_extreme(spec: str) -> None:
    sim, bank = (np.full((n, 5), 0.95) for n in (6, 8))
    sim[0, 0] = bank[0, 1] = -0.95
    name = spec.partition(":")[0]
    if name == "ncl":
        spec = "ncl:gamma=0.005"
    out = normalize(sim, spec, bank, text_video=np.arange(6) % 5).t2v
    assert np.isfinite(out).all()


@pytest.mark.parametrize("spec", ["ncl", "ncl:iterations=1", "ncl:gamma=0.0005,iterations=2"])
@pytest.mark.parametrize("size", [1.0, 1e3, 1e5])
def test_what_is_reported_is_a_number(spec: str, size: float) -> None:
    sim = size * np.random.default_rng(4).standard_normal((6, 6))
    done = apply(normalizations.parse(spec), Sim(sim, sim), BankSim("test"), Truth.of((6, 6)))
    for direction in DIRECTIONS:
        assert done.info[direction].keys() >= {"iterations", "residual"}
        assert np.isfinite(list(done.info[direction].values())).all()


# --- laws of ncl


@pytest.mark.parametrize("gamma", [0.02, 0.05])
def test_ncl_of_the_test_bank_drives_the_error_to_zero(gamma: float) -> None:
    sim = Sim(cosines(5, 12, 12), cosines(6, 12, 12))
    out = normalize(sim, f"ncl:gamma={gamma},iterations=0,tol=1e-9")
    for direction in DIRECTIONS:
        error = vrbench.diagnostics.normalization_error
        assert error(sim, None, direction, gamma) > 0.1
        assert error(out, None, direction, gamma) < 1e-8


def test_ncl_with_captions_drives_the_error_of_t2v_to_zero() -> None:
    owner = np.repeat(np.arange(6), [1, 3, 2, 1, 4, 1])
    sim = cosines(7, 12, 6)
    spec = "ncl:gamma=0.05,iterations=0,tol=1e-9,marginals=captions"
    out = normalize(sim, spec, text_video=owner)
    assert vrbench.diagnostics.normalization_error(out, owner, gamma=0.05) < 1e-8
    uniform = normalize(sim, "ncl:gamma=0.05,iterations=0,tol=1e-9", text_video=owner)
    assert vrbench.diagnostics.normalization_error(uniform, owner, gamma=0.05) > 0.1


def test_more_iterations_bring_less_error() -> None:
    sim = cosines(8, 15, 15)
    errors = [
        vrbench.diagnostics.normalization_error(
            normalize(sim, f"ncl:gamma=0.02,iterations={n}"), gamma=0.02
        )
        for n in (1, 4, 16, 64)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 10


@pytest.mark.parametrize("spec", ["ncl:gamma=0.03", "sk", "center", "nnn"])
def test_only_a_bias_of_the_gallery_is_added(spec: str) -> None:
    sim, bank = pair()
    added = normalize(sim, spec, bank, text_video=OWNER)
    difference = added.t2v - sim.t2v
    np.testing.assert_allclose(difference, np.tile(difference[0], (9, 1)), atol=1e-12)
    difference = added.v2t - sim.v2t
    np.testing.assert_allclose(difference, np.tile(difference[:, :1], (1, 7)), atol=1e-12)


@pytest.mark.parametrize("spec", ["ncl", "sk", "center", "csls", "nnn", "inverted-softmax"])
def test_a_constant_added_to_a_query_changes_no_rank(spec: str) -> None:
    sim, bank = pair()
    shifted = Sim(sim.t2v + np.linspace(-1, 1, 9)[:, None], sim.v2t + np.linspace(-1, 1, 7))
    before, after = (normalize(s, spec, bank, text_video=OWNER) for s in (sim, shifted))
    for direction in DIRECTIONS:
        np.testing.assert_array_equal(
            ranks(before, OWNER, direction), ranks(after, OWNER, direction)
        )


def test_ncl_of_a_bank_of_one_query_undoes_its_similarities() -> None:
    bank = cosines(9, 1, 7)
    found = bias("ncl:gamma=0.05", bank)
    np.testing.assert_allclose(found - found[0], -(bank[0] - bank[0, 0]), atol=1e-12)


# --- dsl against the loop


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("tau", [0.01, 0.1, 1.0])
def test_dsl_equals_the_loop(tau: float, log: bool, dtype: Any) -> None:
    sim, bank = pair(dtype=dtype)
    spec = f"dsl:tau={tau},log={str(log).lower()}"
    train = normalize(sim, spec, bank, text_video=OWNER)
    test = normalize(sim, spec, text_video=OWNER)
    asking = np.unique(OWNER)
    for out, banks in ((train, (bank.t2v, bank.v2t.T)), (test, (sim.t2v, sim.v2t.T[asking]))):
        t2v = slow.dsl(sim.t2v, banks[0], tau, log)
        v2t = slow.dsl(sim.v2t.T, banks[1], tau, log).T
        np.testing.assert_allclose(out.t2v, t2v, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(out.v2t, v2t, rtol=1e-9, atol=1e-9)


def test_dsl_takes_the_test_queries_when_no_bank_is_given() -> None:
    sim, _ = pair()
    given_none = vrbench.normalize(sim, "dsl", text_video=OWNER)
    given_test = vrbench.normalize(sim, "dsl", "test", text_video=OWNER)
    np.testing.assert_array_equal(given_none.t2v, given_test.t2v)
    np.testing.assert_array_equal(given_none.v2t, given_test.v2t)


def test_dsl_of_positive_similarities_keeps_the_order_within_a_gallery_item() -> None:
    sim = cosines(10, 9, 7) + 1
    out = normalize(sim, "dsl:tau=0.1", text_video=OWNER).t2v
    np.testing.assert_array_equal(np.argsort(out, axis=0), np.argsort(sim, axis=0))


def test_dsl_far_above_its_bank_says_what_to_do() -> None:
    sim, bank = np.array([[0.9, 0.0], [0.1, 0.8]]), np.array([[0.1, 0.1]])
    with pytest.raises(InputError, match="tau"):
        normalize(sim, "dsl:tau=0.001", bank)
    assert np.isfinite(normalize(sim, "dsl:tau=0.001,log=true", bank).t2v).all()


# --- the other norms against their formulas, written out for one query and one item


SEED_OF_FORMULAS = 21
"""Here qb-norm meets hubs for some of the queries, and for others not."""


def mean_top(values: Array, k: int) -> float:
    return float(np.mean(sorted(values, reverse=True)[:k]))


def expected_score(spec: str, query: Array, g: int, bank: Array) -> float:
    """The score of gallery item g for a query (gallery,), with a bank (n, gallery)."""
    s, column = float(query[g]), bank[:, g].astype(np.float64)
    name, _, tail = spec.partition(":")
    value = {k: float(v) for k, v in (part.split("=") for part in tail.split(",") if part)}
    beta = value.get("beta", 20.0)
    inverted = float(np.exp(beta * s) / np.exp(beta * column).sum())
    if name == "center":
        return s - float(column.mean())
    if name == "nnn":
        return s - value.get("alpha", 0.5) * mean_top(column, int(value.get("k", 256)))
    if name == "csls":
        k = int(value.get("k", 10))
        return 2 * s - mean_top(query, k) - mean_top(column, k)
    if name == "inverted-softmax":
        return inverted
    if name == "qb-norm":
        best = [np.argsort(-row)[: int(value.get("k", 1))] for row in bank]
        hubs = {int(j) for row in best for j in row}
        return inverted if int(np.argmax(query)) in hubs else s
    if name == "gc":
        return -float((column > s).sum())
    raise AssertionError(f"{name} needs its formula here")


@pytest.mark.parametrize(
    "spec",
    [
        *("center", "nnn", "nnn:k=3,alpha=0.25", "csls", "csls:k=2", "inverted-softmax"),
        *("inverted-softmax:beta=70", "qb-norm", "qb-norm:beta=5,k=2", "gc"),
    ],
)
def test_a_norm_equals_its_formula(spec: str) -> None:
    sim, bank = pair(SEED_OF_FORMULAS)
    if spec == "gc":  # bank and test similarities that are equal
        sim, bank = (Sim(np.round(s.t2v, 1), np.round(s.v2t, 1)) for s in (sim, bank))
    out = normalize(sim, spec, bank, text_video=OWNER)
    for found, matrix, queries in (
        (out.t2v, sim.t2v, bank.t2v),
        (out.v2t.T, sim.v2t.T, bank.v2t.T),
    ):
        expected = [
            [expected_score(spec, row, g, queries) for g in range(len(row))] for row in matrix
        ]
        if spec == "gc":
            # a fraction breaks ties by the similarity
            assert (found - expected).min() >= 0
            assert (found - expected).max() <= 0.5
            for row, scores, counts in zip(matrix, found, expected, strict=True):
                order = np.lexsort((row, counts))
                same = (np.diff(row[order]) == 0) & (np.diff(np.array(counts)[order]) == 0)
                assert ((np.diff(scores[order]) == 0) == same).all()
                assert (np.diff(scores[order]) >= 0).all()
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_qb_norm_meets_queries_of_both_kinds_there() -> None:
    sim, bank = pair(SEED_OF_FORMULAS)
    out = normalize(sim, "qb-norm", bank, text_video=OWNER).t2v
    raw = (out == sim.t2v).all(axis=1)
    assert raw.any()
    assert not raw.all()


def test_sk_of_one_level_is_ncl_and_of_several_their_mean() -> None:
    rng = np.random.default_rng(11)
    levels, bank = rng.uniform(-0.2, 0.4, (3, 9, 7)), rng.uniform(-0.2, 0.4, (3, 15, 7))
    one = normalize(levels[0], "sk", bank[0], text_video=OWNER).t2v
    expected = levels[0] + slow.ncl_bias(bank[0], 0.01, 4)
    np.testing.assert_allclose(one, expected, rtol=0, atol=1e-9)
    whole = normalize(levels, "sk", bank, text_video=OWNER).t2v
    each = [normalize(x, "sk", b, text_video=OWNER).t2v for x, b in zip(levels, bank, strict=True)]
    np.testing.assert_allclose(whole, np.mean(each, axis=0), rtol=0, atol=1e-12)
    flat = normalize(levels, "ncl", bank, text_video=OWNER).t2v
    other = normalize(levels.mean(axis=0), "ncl", bank.mean(axis=0), text_video=OWNER).t2v
    np.testing.assert_allclose(flat, other, rtol=0, atol=1e-12)


# --- contract of every norm


@pytest.mark.parametrize("spec", WITH_BANK)
@pytest.mark.parametrize("bank_kind", ["train", "test"])
def test_v2t_is_t2v_on_the_transposed_matrices(spec: str, bank_kind: str) -> None:
    sim, bank = pair(12)
    square = Sim(sim.t2v[:7], sim.v2t[:7])
    banks = Sim(bank.t2v, bank.v2t[:7]) if bank_kind == "train" else "test"
    out = normalize(square, spec, banks)
    turned = banks.v2t.T if isinstance(banks, Sim) else "test"
    v2t = normalize(square.v2t.T, spec, turned).t2v.T
    np.testing.assert_allclose(out.v2t, v2t, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spec", SPECS)
def test_scores_are_float64_and_inputs_are_not_changed(spec: str, dtype: Any) -> None:
    sim, bank = pair(dtype=dtype)
    arrays = (sim.t2v, sim.v2t, bank.t2v, bank.v2t)
    before = [array.copy() for array in arrays]
    for banks in (bank, "test"):
        out = normalize(sim, spec, banks, text_video=OWNER)
        assert out.t2v.shape == out.v2t.shape == (9, 7)
        kept = np.float64 if normalizations.parse(spec).needs_bank else dtype
        assert out.t2v.dtype == out.v2t.dtype == kept
    for was, now in zip(before, arrays, strict=True):
        np.testing.assert_array_equal(now, was)


@pytest.mark.parametrize("spec", WITH_BANK)
def test_single_precision_is_near_double(spec: str) -> None:
    sim, bank = pair(13)
    halved = [x.astype(np.float32) for x in (sim.t2v, bank.t2v)]
    wide = [x.astype(np.float64) for x in halved]
    found = normalize(halved[0], spec, halved[1], text_video=OWNER).t2v
    expected = normalize(wide[0], spec, wide[1], text_video=OWNER).t2v
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [1, 8 * 7 * 4])
@pytest.mark.parametrize("spec", WITH_BANK)
def test_the_size_of_a_block_changes_nothing(spec: str, size: int) -> None:
    sim, bank = pair(14)
    for banks in (bank, "test"):
        whole = normalize(sim, spec, banks, text_video=OWNER)
        with patch("vrbench.sim.BLOCK_BYTES", size):
            blocks = normalize(sim, spec, banks, text_video=OWNER)
        np.testing.assert_allclose(blocks.t2v, whole.t2v, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(blocks.v2t, whole.v2t, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spec", INDUCTIVE)
def test_a_test_query_is_independent_of_the_others_with_a_fixed_bank(spec: str) -> None:
    sim, bank = pair(15)
    whole = normalize(sim.t2v, spec, bank.t2v, text_video=OWNER).t2v
    spam = np.concatenate([sim.t2v, np.repeat(sim.t2v[:1], 100, axis=0)])
    more = normalize(spam, spec, bank.t2v).t2v
    np.testing.assert_array_equal(more[:9], whole)
    alone = normalize(sim.t2v[4:5], spec, bank.t2v).t2v
    np.testing.assert_array_equal(alone[0], whole[4])


@pytest.mark.parametrize("spec", ["ncl", "dsl"])
def test_repeating_a_query_moves_others_with_the_test_bank(spec: str) -> None:
    sim, _ = pair(15)
    spam = np.concatenate([sim.t2v, np.repeat(sim.t2v[:1], 100, axis=0)])
    owner = np.concatenate([OWNER, np.repeat(OWNER[:1], 100)])
    more = normalize(spam, spec, text_video=owner).t2v[:9]
    assert np.abs(more - normalize(sim.t2v, spec, text_video=OWNER).t2v).max() > 1e-3


@pytest.mark.parametrize("spec", WITH_BANK)
def test_the_order_of_everything_permutes(spec: str) -> None:
    sim, bank = pair(16)
    rng = np.random.default_rng(0)
    rows, columns, banks = rng.permutation(9), rng.permutation(7), rng.permutation(15)
    whole = normalize(sim.t2v, spec, bank.t2v, text_video=OWNER).t2v
    turned = normalize(
        sim.t2v[np.ix_(rows, columns)],
        spec,
        bank.t2v[np.ix_(banks, columns)],
        text_video=np.argsort(columns)[OWNER[rows]],
    ).t2v
    np.testing.assert_allclose(turned, whole[np.ix_(rows, columns)], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spec", INDUCTIVE)
def test_equal_gallery_items_and_equal_queries_stay_equal(spec: str) -> None:
    sim, bank = pair(17)
    columns, rows = np.array([0, 1, 2, 3, 4, 5, 6, 2, 5]), np.array([*range(9), 4, 4])
    doubled = sim.t2v[np.ix_(rows, columns)]
    out = normalize(doubled, spec, bank.t2v[:, columns]).t2v
    np.testing.assert_array_equal(out[:, [7, 8]], out[:, [2, 5]])
    np.testing.assert_array_equal(out[[9, 10]], out[[4, 4]])


@pytest.mark.parametrize(
    "spec", [spec for spec in WITH_BANK if normalizations.parse(spec).keeps_scale]
)
def test_scores_on_the_inputs_scale_move_with_it(spec: str) -> None:
    sim, bank = pair(18)
    whole = normalize(sim.t2v, spec, bank.t2v, text_video=OWNER).t2v
    # all similarities 0.1 higher: every difference between two items stays what it is
    higher = normalize(sim.t2v + 0.1, spec, bank.t2v + 0.1, text_video=OWNER).t2v
    np.testing.assert_allclose(higher - higher[:, :1], whole - whole[:, :1], rtol=0, atol=1e-9)


def test_none_leaves_everything_as_it_is() -> None:
    sim, bank = pair()
    for banks in (None, "test", bank):
        out = vrbench.normalize(sim, "none", banks, text_video=OWNER)
        np.testing.assert_array_equal(out.t2v, sim.t2v)
        np.testing.assert_array_equal(out.v2t, sim.v2t)


# --- rolling banks


def rolling(spec: str, sim: Sim, truth: Truth, window: int = 0) -> Sim:
    return apply(normalizations.parse(spec), sim, BankSim("rolling", window=window), truth).sim


def by_hand(spec: str, matrix: Array, window: int) -> Array:
    """(queries, gallery): each query with the window of queries that ends with it."""
    out = matrix.astype(np.float64)
    for i in range(len(matrix)):
        seen = matrix[max(0, i + 1 - window) if window else 0 : i + 1]
        if len(seen) > 1:
            out[i] = normalize(matrix[i : i + 1], spec, seen).t2v[0]
    return out


@pytest.mark.parametrize("window", [0, 1, 2, 5])
@pytest.mark.parametrize("spec", INDUCTIVE)
def test_rolling_is_a_fit_for_each_query(spec: str, window: int) -> None:
    sim, _ = pair(19)
    out = rolling(spec, sim, Truth.of((9, 7), OWNER), window)
    np.testing.assert_allclose(out.t2v, by_hand(spec, sim.t2v, window), rtol=1e-12, atol=1e-12)
    v2t = sim.v2t.astype(np.float64)
    v2t[:, :6] = by_hand(spec, sim.v2t.T[:6], window).T
    np.testing.assert_allclose(out.v2t, v2t, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spec", INDUCTIVE)
def test_a_rolling_bank_of_one_row_changes_nothing(spec: str) -> None:
    sim, _ = pair(20)
    truth = Truth.of((9, 7), OWNER)
    first = rolling(spec, sim, truth)
    np.testing.assert_array_equal(first.t2v[0], sim.t2v[0])
    np.testing.assert_array_equal(first.v2t[:, 0], sim.v2t[:, 0])
    alone = rolling(spec, sim, truth, 1)
    np.testing.assert_array_equal(alone.t2v, sim.t2v)
    np.testing.assert_array_equal(alone.v2t, sim.v2t)


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
    asking = [1, 3, 4, 6]
    expected = sim.v2t.astype(np.float64)
    expected[:, asking] = by_hand("ncl", sim.v2t.T[asking], 0).T
    np.testing.assert_allclose(out.v2t, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(out.v2t[:, [0, 1, 2, 5]], sim.v2t[:, [0, 1, 2, 5]])


# --- vrbench.normalize


def test_banks_and_similarities_come_in_every_shape() -> None:
    sim, bank = pair(23)
    expected = normalize(sim, "ncl", bank, text_video=OWNER)
    shapes = [
        (sim, {"t2v": bank.t2v, "v2t": bank.v2t}),
        ({"t2v": sim.t2v, "v2t": sim.v2t}, bank),
        (SimpleNamespace(t2v=sim.t2v, v2t=sim.v2t), SimpleNamespace(t2v=bank.t2v, v2t=bank.v2t)),
        (Sim(torch.tensor(sim.t2v), torch.tensor(sim.v2t)), Sim(bank.t2v.tolist(), bank.v2t)),
    ]
    for given_sim, given_bank in shapes:
        out = normalize(given_sim, "ncl", given_bank, text_video=OWNER)
        assert isinstance(out.t2v, np.ndarray)
        np.testing.assert_array_equal(out.t2v, expected.t2v)
        np.testing.assert_array_equal(out.v2t, expected.v2t)


def test_one_matrix_serves_both_directions() -> None:
    sim, _ = pair(24)
    out = normalize(sim.t2v, "ncl", text_video=OWNER)
    both = normalize(Sim(sim.t2v, sim.t2v), "ncl", text_video=OWNER)
    np.testing.assert_array_equal(out.t2v, both.t2v)
    np.testing.assert_array_equal(out.v2t, both.v2t)


def test_one_matrix_as_the_bank_is_that_of_t2v() -> None:
    sim, bank = pair(25)
    out = normalize(sim, "ncl", bank.t2v)
    assert out.v2t is None
    np.testing.assert_array_equal(out.t2v, normalize(sim, "ncl", bank, text_video=OWNER).t2v)


def test_a_bank_of_one_direction_gives_that_direction() -> None:
    sim, bank = pair(26)
    whole = normalize(sim, "ncl", bank)
    t2v, v2t = (normalize(sim, "ncl", {d: getattr(bank, d)}) for d in ("t2v", "v2t"))
    assert t2v.v2t is None
    assert v2t.t2v is None
    np.testing.assert_array_equal(t2v.t2v, whole.t2v)
    np.testing.assert_array_equal(v2t.v2t, whole.v2t)


def test_a_similarity_of_one_direction_gives_that_direction() -> None:
    sim, bank = pair(27)
    out = normalize({"v2t": sim.v2t}, "ncl", bank)
    assert out.t2v is None
    np.testing.assert_array_equal(out.v2t, normalize(sim, "ncl", bank).v2t)


def test_the_truth_is_not_needed_for_a_matrix_that_is_not_square() -> None:
    sim, bank = pair(28)
    assert normalize(sim, "ncl", bank).t2v.shape == (9, 7)
    everyone = normalize(sim, "dsl", "test")
    np.testing.assert_allclose(everyone.v2t.T, slow.dsl(sim.v2t.T, sim.v2t.T), atol=1e-12)


@pytest.mark.parametrize(
    ("sim", "spec", "bank", "message"),
    [
        (np.ones((4, 4)), "nlc", "test", "Did you mean 'ncl'"),
        (np.ones((4, 4)), "ncl", None, "needs a bank"),
        (np.ones((4, 4)), "ncl", "train", "Unknown bank 'train'"),
        (np.ones((4, 4)), "ncl", np.ones((3, 5)), r"t2v bank has shape \(3, 5\), expected"),
        (np.ones((4, 4)), "ncl", np.ones((0, 4)), r"t2v bank has shape \(0, 4\)"),
        (np.ones((4, 4)), "ncl", {"v2t": np.ones((5, 3))}, r"v2t bank has shape \(5, 3\)"),
        (np.ones((4, 4)), "ncl", {"t2w": np.ones((3, 4))}, "needs 't2v', 'v2t' or both"),
        (np.ones((4, 4)), "ncl", np.ones(4), "bank"),
        (np.ones((4, 4)), "dsl", np.full((3, 4), np.nan), "bank"),
        (np.ones((4, 4)), "dsl", np.full((3, 4), np.inf), "bank"),
        (np.ones(4), "ncl", "test", r"shape \(4,\)"),
        ({}, "ncl", "test", "needs 't2v', 'v2t' or both"),
        ({"t2v": np.ones((3, 4)), "v2t": np.ones((4, 3))}, "ncl", "test", r"\(4, 3\)"),
        (np.ones((2, 4, 4)), "sk", np.ones((3, 3, 4)), "3 levels, the similarity 2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "_",
)
def test_what_does_not_fit_is_refused(sim: Any, spec: str, bank: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        vrbench.normalize(sim, spec, bank)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("spec", ["ncl", "dsl", "center"])
@pytest.mark.parametrize("bank", ["test", "train"])
def test_a_similarity_that_is_not_finite_is_named(bank: str, spec: str, bad: float) -> None:
    sim, train = pair(29)
    sim.t2v[3, 5] = bad
    with pytest.raises(InputError, match="text 3 and video 5"):
        normalize(sim, spec, train if bank == "train" else "test", text_video=OWNER)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bank_that_is_not_finite_names_its_query(bad: float) -> None:
    sim, bank = pair(30)
    bank.t2v[11, 2] = bad
    with pytest.raises(InputError, match=r"bank.*text 11 and video 2"):
        normalize(sim, "ncl", bank, text_video=OWNER)


def test_a_tolerance_out_of_reach_is_said() -> None:
    # one query of two always wins both items: its row cannot have half of the mass
    bank = np.array([[1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]])
    with (
        patch("vrbench.normalizations.sinkhorn.MOST_ITERATIONS", 50),
        pytest.raises(InputError, match="did not reach tol"),
    ):
        bias("ncl:iterations=0,tol=1e-12,gamma=0.01", bank)
