from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from vrbench.alignments import parse_method
from vrbench.alignments.emd import planned
from vrbench.alignments.engine import emd_compiled, fused, simplex
from vrbench.alignments.engine.driver import score
from vrbench.features.tokens import Tokens
from vrbench.runtime.compiling import available, compiled

pytestmark = pytest.mark.skipif(not available(), reason="numba is not installed")


def solved(cost: Any, a: Any, b: Any) -> tuple[float, Any, Any, Any]:
    """Cost, duals of both sides, and the plan that the tree stands for."""
    n, m = cost.shape
    tree, number = np.empty((6, n + m), np.int32), np.empty((2, n + m))
    run: Any = compiled(simplex.transport)
    value = run(cost, a.copy(), b.copy(), tree, number)
    plan = np.zeros((n, m))
    for x in range(n + m - 1):
        i, j = (x, tree[0, x]) if x < n else (tree[0, x], x)
        plan[i, j - n] = number[0, x]
    return value, number[1, :n], number[1, n:], plan


def check(cost: Any, a: Any, b: Any) -> float:
    """An optimum: its plan has the masses, its duals are feasible, and both cost the same."""
    value, u, v, plan = solved(cost, a, b)
    size = max(1.0, float(np.abs(cost).max()))
    assert plan.min() >= 0
    np.testing.assert_allclose(plan.sum(1), a, atol=1e-14)
    np.testing.assert_allclose(plan.sum(0), b, atol=1e-14)
    assert (u[:, None] + v - cost).max() <= 1e-12 * size
    assert (plan * cost).sum() == pytest.approx(value, abs=1e-13 * size)
    assert u @ a + v @ b == pytest.approx(value, abs=1e-12 * size)
    return value


def masses(rng: Any, n: int, kind: str) -> Any:
    """Masses of n tokens: any, all equal (degenerate), few different ones, or far apart."""
    mass = np.ones(n)  # equal
    if kind == "any":
        mass = rng.random(n)
    elif kind == "few":
        mass = rng.integers(1, 3, n).astype(float)
    elif kind == "far":
        mass = 10.0 ** rng.integers(-9, 1, n)
    return mass / mass.sum()


@settings(deadline=None, max_examples=300)
@given(
    st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1),
    st.sampled_from(["any", "equal", "few", "far"]), st.sampled_from([0, 1, 7]),
)  # fmt: skip
def test_it_is_the_optimum_and_equals_pot(
    n: int, m: int, seed: int, kind: str, digits: int
) -> None:
    import ot

    rng = np.random.default_rng(seed)
    cost = np.round(2 * rng.random((n, m)), digits)  # few digits: many ties
    a, b = masses(rng, n, kind), masses(rng, m, kind)
    assert check(cost, a, b) == pytest.approx(ot.emd2(a, b, cost), abs=1e-12)


@pytest.mark.parametrize("shape", [(64, 64), (20, 588), (588, 20)])
def test_long_items(shape: tuple[int, int]) -> None:
    import ot

    rng = np.random.default_rng(0)
    for kind in ("any", "equal"):
        a, b = (masses(rng, n, kind) for n in shape)
        cost = rng.random(shape)
        assert check(cost, a, b) == pytest.approx(ot.emd2(a, b, cost), abs=1e-12)


def test_equal_masses_on_both_sides_are_an_assignment() -> None:
    rng = np.random.default_rng(1)
    for digits in (0, 1, 7):
        for n in (2, 5, 16, 40):
            cost = np.round(rng.random((n, n)), digits)
            mass = np.full(n, 1 / n)
            best = cost[linear_sum_assignment(cost)].mean()
            assert check(cost, mass, mass) == pytest.approx(best, abs=1e-13)


def test_costs_of_any_size() -> None:
    rng = np.random.default_rng(2)
    a, b = masses(rng, 9, "any"), masses(rng, 13, "any")
    cost = rng.standard_normal((9, 13))
    value = check(cost, a, b)
    for factor in (1e-6, 1e6):
        assert check(factor * cost, a, b) == pytest.approx(factor * value, rel=1e-10)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (3, 2), (9, 13)])
def test_negative_costs_of_raw_dot_products_in_both_solvers(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        a, b = (masses(rng, n, "any") for n in shape)
        cost = 1 - 50 * rng.standard_normal(shape)
        value, u, v, _ = planned(a, b, cost)
        assert value == pytest.approx(check(cost, a, b), abs=1e-10)
        assert (u[:, None] + v - cost).max() <= 1e-10
        assert u @ a + v @ b == pytest.approx(value, abs=1e-10)


def test_what_is_not_solved_in_time_is_left_to_pot(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    text, video = (
        Tokens(np.arange(4).astype(str), rng.standard_normal((20, 8)), np.arange(0, 24, 5))
        for _ in range(2)
    )
    method = parse_method("emd")
    right = score(text, video, method).t2v
    monkeypatch.setattr(emd_compiled, "exact", lambda *_: None)
    assert fused.compiles(method)
    np.testing.assert_allclose(score(text, video, method).t2v, right, atol=1e-6)
    monkeypatch.undo()
    monkeypatch.setattr(emd_compiled, "compiled", given_up)
    monkeypatch.setattr(fused, "compiled", given_up)
    np.testing.assert_allclose(score(text, video, method).t2v, right, atol=1e-6)


def given_up(kernel: Any, **_: Any) -> Any:
    """A kernel that solves nothing; what makes products makes them."""
    if kernel.__name__ == "fill_all":
        return compiled(kernel)

    def run(*arguments: Any) -> None:
        arguments[-1][:] = arguments[-2][:] = -np.inf

    return run
