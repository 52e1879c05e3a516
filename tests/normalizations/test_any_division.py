"""Sinkhorn's sums have the same bits however the gallery is divided."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray
from processors import KINDS, digest, digest_on

from vrbench.normalizations import kept as module
from vrbench.normalizations import sinkhorn
from vrbench.normalizations.kept import row_sums
from vrbench.runtime.compiling import available
from vrbench.runtime.sums import LEAF, RowSum, Tree, exp_sums
from vrbench.sims.sim import Rows

Array = NDArray[Any]
N, M = 130, 1500
rng = np.random.default_rng(0)
K = rng.random((N, M), dtype=np.float32)
BETA, R = rng.random(M), rng.random(N)


@pytest.fixture(params=["numba", "numpy"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "numba" and not available():
        pytest.skip("numba is not installed")
    monkeypatch.setattr(module, "COMPILED", 0 if request.param == "numba" else 10**12)


def both_sides(kept: Array, beta: Array, r: Array = R) -> tuple[Array, Array]:
    return all_of_both_sides(kept, beta, r)[:2]


def all_of_both_sides(kept: Array, beta: Array, r: Array) -> tuple[Array, Array, float]:
    whole = module.filled((len(kept), kept.shape[1]), kept.dtype)
    whole[: len(kept), : kept.shape[1]] = kept
    return module.Passes(whole, r)(beta)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("more", [1, 256, 3000])
def test_columns_beside_a_matrix_change_no_bit(more: int) -> None:
    cut = 5 * LEAF
    alpha, columns = both_sides(K[:, :cut], BETA[:cut])
    wide = np.concatenate([K, np.zeros((N, more), np.float32)], axis=1)
    wide[:, cut:] = 0
    found, others = both_sides(wide, np.concatenate([BETA, np.ones(more)]))
    np.testing.assert_array_equal(found, alpha)
    np.testing.assert_array_equal(others[:cut], columns)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("kind", "width"), [(np.float32, 1024), (np.float64, 512)])
def test_the_line_that_parts_rows_in_the_cache_changes_no_bit(
    kind: Any, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, beta = K[:, :width].astype(kind), BETA[:width]
    line = 64 // np.dtype(kind).itemsize
    assert module.rounded_up(some.shape, some.dtype) == (144, width + line)
    found = both_sides(some, beta)
    monkeypatch.setattr(module, "CLASH", 10**9)
    assert module.rounded_up(some.shape, some.dtype) == (144, width)
    for one, plain in zip(found, both_sides(some, beta), strict=True):
        np.testing.assert_array_equal(one, plain)


@pytest.mark.usefixtures("engine")
def test_equal_columns_have_equal_sums_wherever_they_stand() -> None:
    some = K.copy()
    some[:, [3, 700, M - 1]] = some[:, [0]]
    _, columns = both_sides(some, BETA)
    assert len({*columns[[0, 3, 700, M - 1]]}) == 1


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (3, 17), (9, 255), (130, 1500)])
def test_both_sides_are_the_products(shape: tuple[int, int], kind: Any) -> None:
    n, m = shape
    some = K[:n, :m].astype(kind)
    alpha, columns, smallest = all_of_both_sides(some, BETA[:m], R[:n])
    exact = R[:n] / (some.astype(np.float64) @ BETA[:m].astype(kind).astype(np.float64))
    rtol = 20 * float(np.finfo(kind).eps)
    np.testing.assert_allclose(alpha, exact, rtol=rtol)
    np.testing.assert_allclose(smallest, (R[:n] / exact).min(), rtol=rtol)
    np.testing.assert_allclose(columns, exact @ some.astype(np.float64), rtol=rtol)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("n", [1, 127, 128, 129, 385, 1000])
def test_every_pass_gives_the_same_bits(n: int) -> None:
    """Every other compiled pass reads groups of rows from the last to the first."""
    kept = module.filled((n, 300), np.dtype(np.float32))
    kept[:n, :300] = rng.random((n, 300))
    groups = -(-n // module.SUMMED)
    sizes = 10.0 ** (28 * rng.permutation(groups) / groups)  # whose sum depends on the order
    weights = np.repeat(sizes, module.SUMMED)[:n]
    passes = module.Passes(kept, weights)
    first = passes(BETA[:300])
    for _ in range(3):
        for one, again in zip(first, passes(BETA[:300]), strict=True):
            np.testing.assert_array_equal(again, one)
    exact = kept[:n].astype(np.float64)[:, :300] @ BETA[:300].astype(np.float32).astype(np.float64)
    np.testing.assert_allclose(first[0], weights / exact, rtol=3e-6)
    np.testing.assert_allclose(first[1], (weights / exact) @ kept[:n, :300], rtol=3e-6)


def test_room_is_asked_for_lines_and_not_for_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of a narrow matrix is 64 bytes, however few numbers it holds."""
    some, ones = Rows(np.zeros((200_000, 3), np.float32)), np.zeros(200_000)
    lines = 200_000 + 1_563  # of the matrix, and of the sums of 128 rows each
    for room, fits in ((64 * lines, True), (64 * lines - 1, False)):
        monkeypatch.setattr(module, "spare", lambda wanted, room=room: min(wanted, room))
        kept = module.keep(some, 1.0, ones, ones[:3], np.dtype(np.float32))
        assert (kept is not None) == fits


def kept_of(sims: Array, gamma: float, kind: Any, least: int) -> tuple[Array, Array]:
    """Return what is kept of a matrix, filled up, and its rows' tops."""
    kept, top = module.filled((N, M), np.dtype(kind)), np.empty(N)
    shift = sims.max(axis=0).astype(np.float64)
    with patch.object(module, "COMPILED", least):
        module._set_exponentials(Rows(sims), shift, gamma, kept, top)
    return kept, top


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("gamma", [0.01, 1e-4])
@pytest.mark.parametrize("sims", [K, K.astype(np.float64), K.astype(np.float16)])
def test_what_is_kept_is_the_exponential(sims: Array, gamma: float, kind: Any) -> None:
    kept, top = kept_of(sims, gamma, kind, module.COMPILED)
    logits = (sims.astype(np.float64) - sims.max(axis=0)) / gamma
    np.testing.assert_array_equal(top, logits.max(axis=1))
    exact = np.exp((logits - top[:, None]).astype(np.longdouble))
    least = np.exp(module.least(np.dtype(kind)))
    rtol = np.finfo(kind).eps * (1 - np.log(float(least)) if kind == np.float32 else 2)
    np.testing.assert_allclose(kept[:N, :M], exact, rtol=rtol, atol=least)
    assert (kept[:, :M].max(axis=1)[:N] == 1).all()
    assert not kept[N:].any()
    assert not kept[:, M:].any()


def one_pass() -> str:
    """Digest of what is kept and of a compiled pass in both types, as they are in this process."""
    found = [kept_of(K, 0.01, kind, 0)[0] for kind in (np.float32, np.float64)]
    with patch.object(module, "COMPILED", 0):
        return digest(*found, *(a for k in found for a in both_sides(k[:N, :M], BETA, R)))


@pytest.mark.skipif(not available(), reason="numba is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_processor_makes_the_same_bits(kind: str) -> None:
    assert digest_on(kind, __file__, "one_pass") == one_pass()


@pytest.mark.parametrize("parts", [1, 2, 3, 6])
def test_row_sums_of_parts_are_those_of_the_whole(parts: int) -> None:
    right = BETA.astype(np.float32)
    whole = row_sums(K, right, 0).total
    np.testing.assert_allclose(whole, K.astype(np.float64) @ right, rtol=1e-6)
    joined = Tree[Array](np.add)
    for some in np.array_split(np.arange(0, M, LEAF), parts):
        at = slice(some[0], min(M, some[-1] + LEAF))
        joined.extend(row_sums(np.ascontiguousarray(K[:, at]), right[at], at.start))
    np.testing.assert_array_equal(joined.total, whole)


@pytest.mark.parametrize("edges", [(256,), (1280,), (512, 768), (256, 512, 768, 1024, 1280)])
def test_sums_of_exponentials_and_of_rows_likewise(edges: tuple[int, ...]) -> None:
    logits = 30 * rng.standard_normal((3, M))
    whole, joined, summed = exp_sums(logits, 0), exp_sums(logits[:, : edges[0]], 0), RowSum(3)
    for start, stop in zip((0, *edges), (*edges, M), strict=True):
        if start:
            joined.extend(exp_sums(logits[:, start:stop].copy(), start))
        some = RowSum(3)
        middle = (start + stop) // 2  # rows of a part may come in any blocks
        some.add(start, logits.T[start:middle])
        some.add(middle, logits.T[middle:stop])
        summed.extend(some)
    for found, expected in zip(joined.total, whole.total, strict=True):
        np.testing.assert_array_equal(found, expected)
    plain = np.exp(logits - logits.max(1, keepdims=True)).sum(1)
    np.testing.assert_allclose(whole.total[1], plain, rtol=1e-12)
    at_once = RowSum(3)
    at_once.add(0, logits.T)
    np.testing.assert_array_equal(summed.total, at_once.total)
    np.testing.assert_allclose(summed.total, logits.sum(1), rtol=1e-10)


@pytest.mark.parametrize("width", [100, 40_000])
def test_steps_in_logs_likewise(width: int) -> None:
    """Columns far below the others, in leaves of their own, have no weight in any row."""
    sims = rng.uniform(0, 0.3, (N, 2 * LEAF))
    wide = np.concatenate([sims, np.full((N, width), -30.0)], axis=1)
    zeros: Array = np.zeros(wide.shape[1])
    log_beta: Array = rng.standard_normal(wide.shape)[0]
    cut = 2 * LEAF
    alone = sinkhorn._in_logs(Rows(sims), 0.01, np.zeros(N), zeros[:cut])(log_beta[:cut])
    beside = sinkhorn._in_logs(Rows(wide), 0.01, np.zeros(N), zeros)(log_beta)
    np.testing.assert_array_equal(beside[0](), alone[0]())
    np.testing.assert_array_equal(beside[1][:cut], alone[1])
