from __future__ import annotations

import numpy as np
import oracle_sequences as oracle
import pytest
from short_sequences import TEXTS, VIDEOS, make

from vrbench.sequences import score, transport_plan
from vrbench.sequences.engine import sinkhorn
from vrbench.sequences.engine.kernels import compiled
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


@pytest.mark.slow
def test_products_are_the_same_bits_with_and_without_numba() -> None:
    pytest.importorskip("numba")
    kernel = np.exp(np.random.default_rng(0).uniform(-5, 0, (3, 4, 150)))
    row, column = np.full(3, 1 / 3), np.full(4, 1 / 4)
    for a, b in zip(
        compiled()(kernel, row, column, 9),
        sinkhorn.scalings_plain(kernel, row, column, 9),
        strict=True,
    ):
        assert np.array_equal(a, b)


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
