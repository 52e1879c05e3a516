from __future__ import annotations

from typing import Any

import numpy as np
import oracle_sequences as oracle
import pytest
from numpy.typing import NDArray
from processors import KINDS, digest, digest_on
from short_sequences import TEXTS, VIDEOS, make

from vrbench.errors import InputError
from vrbench.sequences import score, transport_plan
from vrbench.sequences.base import Pairs
from vrbench.sequences.engine import sinkhorn
from vrbench.sequences.engine.sinkhorn import Problem, plans, scores
from vrbench.sequences.plan import Variant
from vrbench.sequences.transport import SequenceTransport


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


@pytest.mark.parametrize(
    ("reg", "bucket"), [(0.1, np.nan), (0.1, np.inf), (0.1, 1e308), (0.1, -1e308), (1e-320, None)]
)
@pytest.mark.parametrize("way", ["compiled", "products"])
def test_a_plan_that_leaves_the_range_of_numbers_is_refused(
    monkeypatch: pytest.MonkeyPatch, way: str, reg: float, bucket: float | None
) -> None:
    if way == "products":
        monkeypatch.setattr(sinkhorn, "_compiled", lambda: None)
    with pytest.raises(InputError, match="leaves the range of numbers"):
        transport_plan(make(8)[:4, :6], reg, bucket)
    with pytest.raises(InputError, match="leaves the range of numbers"):
        SequenceTransport(reg, bucket_value=bucket).score(Pairs(some_pairs(3, 4, 9), (3, 4)))


def some_pairs(n: int, m: int, pairs: int) -> NDArray[np.float64]:
    return np.random.default_rng(n * m).uniform(-0.5, 0.5, (n, m, pairs))


def some_problem(n: int, m: int, prompt: float | None, reg: float = 0.1) -> Problem:
    more = prompt is not None
    masses = np.linspace(1, 2, n + more) / n, np.linspace(2, 3, m + more) / m
    return Problem(reg, prompt, *masses, 9)


SHAPES = [(1, 1), (3, 4), (6, 7), (13, 5), (2, 20)]


@pytest.mark.parametrize(("n", "m"), SHAPES)
@pytest.mark.parametrize("pairs", [1, 15, 150])
@pytest.mark.parametrize("prompt", [None, 0.1])
def test_plans_and_scores_are_those_of_one_pair_by_itself(
    monkeypatch: pytest.MonkeyPatch, n: int, m: int, pairs: int, prompt: float | None
) -> None:
    sims, problem = some_pairs(n, m, pairs), some_problem(n, m, prompt)
    sims[..., pairs // 2] *= 50  # in logs
    found, score = plans(sims, problem), scores(sims, problem)
    for pair in {0, pairs // 2, pairs - 1}:
        one = sims[..., pair : pair + 1]
        assert np.array_equal(plans(one, problem)[..., 0], found[..., pair])
        assert np.array_equal(scores(one, problem)[0], score[pair])
    assert np.allclose(score, (found * sims).sum((0, 1)), rtol=1e-12, atol=1e-14)
    monkeypatch.setattr(sinkhorn, "_compiled", lambda: None)
    assert np.allclose(plans(sims, problem), found, rtol=1e-12, atol=0)
    assert np.allclose(scores(sims, problem), score, rtol=1e-12, atol=1e-14)


def test_sims_that_are_not_finite_are_not_hidden() -> None:
    sims, problem = some_pairs(3, 4, 20), some_problem(3, 4, 0.1)
    usual = scores(sims, problem)
    sims[1, 2, 7] = np.nan
    found = scores(sims, problem)
    assert np.isnan(plans(sims, problem)[..., 7]).any()
    assert np.isnan(found[7])
    assert np.array_equal(np.delete(found, 7), np.delete(usual, 7))


def test_powers_of_e_are_within_a_unit_of_the_last_place() -> None:
    numba = pytest.importorskip("numba")
    from vrbench.sequences.engine import instructions

    @numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
    def powers(k: Any, lines: Any, apart: Any) -> None:
        instructions.exponentials(k, lines, 1.0, apart)  # type: ignore[call-arg]

    lines = 4096
    values = np.random.default_rng(0).uniform(-200, 0, (lines, instructions.LANES))
    values[0], values[1] = 0, -200
    found = values.ravel().copy()
    powers(found, lines, np.empty(instructions.LANES))
    exact = np.exp(values.ravel().astype(np.longdouble))
    assert np.abs(found / exact - 1).max() < np.finfo(np.float64).eps
    assert (found[: instructions.LANES] == 1).all()


def some_plans() -> str:
    """Digest of compiled plans, as they come out in this process."""
    sims, problem = some_pairs(7, 9, 40), some_problem(7, 9, 0.1)
    return digest(plans(sims, problem), scores(sims, problem))


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
