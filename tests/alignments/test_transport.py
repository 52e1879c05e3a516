from __future__ import annotations

from typing import Any

import numpy as np
import oracle_sequences as oracle
import pytest
from processors import KINDS, digest, digest_on
from short_sequences import TEXTS, VIDEOS, make

from vrbench.sequences import score, transport_plan
from vrbench.sequences.engine import sinkhorn
from vrbench.sequences.plan import Variant


@pytest.mark.slow
def test_transport_has_its_marginals() -> None:
    sim = make(7)[:4, :6]
    plan = transport_plan(sim, iterations=2000)
    assert np.allclose(plan.sum(0), 1 / 6, atol=1e-9)
    assert np.allclose(plan.sum(1), 1 / 4, atol=1e-9)
    kept = transport_plan(sim, bucket=0.1, iterations=2000)
    assert (kept.sum(0) < 1 / 7).all()
    assert (kept.sum(1) < 1 / 5).all()


def test_a_bucket_of_minus_infinity_is_none_and_a_huge_one_takes_everything() -> None:
    sim = make(8)[:4, :6]
    assert np.array_equal(transport_plan(sim, bucket=-np.inf), transport_plan(sim))
    variants: tuple[Variant, ...] = ("exact", "norton")
    for variant in variants:
        assert transport_plan(sim, bucket=-50.0, variant=variant).sum() > 0.5
        assert transport_plan(sim, bucket=50.0, variant=variant).sum() < 1e-9


def test_the_plan_that_leaves_the_range_of_products_is_the_same_in_logs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sim = make(9)[:4, :5]
    usual = transport_plan(sim, reg=0.05, bucket=0.1)
    with monkeypatch.context() as patch:
        patch.setattr(sinkhorn, "RANGE", 0.0)
        assert np.allclose(transport_plan(sim, reg=0.05, bucket=0.1), usual, rtol=1e-9, atol=0)
    sharp = transport_plan(sim, reg=1e-4, iterations=20)
    assert np.allclose(sharp, oracle.plan(sim, 1e-4, None, 20, "exact"), atol=1e-9)


def kernel_of(n: int, m: int, pairs: int) -> np.ndarray[Any, Any]:
    return np.exp(np.random.default_rng(n * m).uniform(-5, 0, (n, m, pairs)))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 4), (6, 7), (13, 5), (2, 20)])
@pytest.mark.parametrize("pairs", [1, 15, 150])
def test_products_are_the_same_bits_with_and_without_numba(n: int, m: int, pairs: int) -> None:
    pytest.importorskip("numba")
    one, other = kernel_of(n, m, pairs), kernel_of(n, m, pairs)
    masses = np.linspace(1, 2, n) / n, np.linspace(2, 3, m) / m
    sinkhorn.compiled_scale()(one, *masses, 9)
    sinkhorn.scale(other, *masses, 9)
    assert np.array_equal(one, other)


def some_plans() -> str:
    """Digest of compiled plans, as they come out in this process."""
    plans = kernel_of(7, 9, 40)
    sinkhorn.compiled_scale()(plans, np.full(7, 1 / 7), np.full(9, 1 / 9), 9)
    return digest(plans)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_processor_makes_the_same_plans(kind: str) -> None:
    pytest.importorskip("numba")
    assert digest_on(kind, __file__, "some_plans") == some_plans()


def test_the_bucket_is_a_quantile_of_the_matched_similarities() -> None:
    sim, matched = make(13), [0.1, 0.5, 0.2, 0.4]
    value = float(np.quantile(matched, 0.3))
    by_quantile = score(sim, TEXTS, VIDEOS, "transport:bucket=0.3", matched=matched)
    assert np.array_equal(
        by_quantile, score(sim, TEXTS, VIDEOS, f"transport:bucket_value={value!r}")
    )
    square = make(14)[:10, :10]
    own = score(square, [4, 6], [4, 6], "transport:bucket=0.3")
    told = score(square, [4, 6], [4, 6], "transport:bucket=0.3", matched=np.diagonal(square))
    assert np.array_equal(own, told)
