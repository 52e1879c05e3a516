"""Multi-SK and SSPC against slow loops over the printed and the released algorithm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from anchor_sims import (
    Array,
    cosines,
    directional,
    slow_printed,
    slow_released,
    weights,
)

from vrbench.errors import InputError
from vrbench.losses import multi_sk, sspc

SLOW = {"exact": slow_printed, "released": slow_released}


@pytest.mark.parametrize("iterations", [1, 10])
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("approach", [1, 2])
@pytest.mark.parametrize("variant", ["exact", "released"])
def test_it_equals_the_slow_cube(variant: Any, approach: Any, k: int, iterations: int) -> None:
    sim = cosines()
    expected = SLOW[variant](sim, weights(5, k, approach), 0.07, iterations)
    options: dict[str, Any] = {"approach": approach, "iterations": iterations, "variant": variant}
    found = multi_sk(sim, k, **options, channels=True)
    assert found.shape == (5, 7, 5)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
    kept = expected[:k].sum(0) if variant == "exact" else expected[-k:].sum(0)
    if variant == "released" and approach == 1 and k == 5:
        return  # all values of a sample are equal: a quotient of rounding errors
    if variant == "released":
        least, most = kept.min(1, keepdims=True), kept.max(1, keepdims=True)
        kept = (kept - least) / (most - least)
    tolerance = 1e-12 if variant == "released" else 1e-14  # a quotient of differences
    np.testing.assert_allclose(multi_sk(sim, k, **options), kept, rtol=0, atol=tolerance)


def test_parameters_are_those_of_the_paper() -> None:
    sim = cosines(seed=1)
    options: dict[str, Any] = {"mu": 0.6, "eta": 0.3, "eps": 0.2, "iterations": 3}
    for approach in (1, 2):
        expected = slow_printed(sim, weights(5, 2, approach, 0.6, 0.3), 0.2, 3)[:2].sum(0)
        found = multi_sk(sim, 2, approach=approach, **options)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    default = slow_printed(sim, weights(5, 2, 1), 0.07, 10)[:2].sum(0)
    np.testing.assert_allclose(multi_sk(sim, 2), default, rtol=0, atol=1e-14)


def test_time_and_memory_do_not_grow_with_the_channels() -> None:
    sim = np.random.default_rng(2).uniform(-1, 1, (300, 2000))
    found = multi_sk(sim, 1000, iterations=2)  # the cube would have 1.2e9 entries
    assert found.shape == sim.shape
    np.testing.assert_allclose(found.sum(1), 1000, rtol=1e-9)


# --- laws


@pytest.mark.parametrize("approach", [1, 2])
def test_the_marginals_hold_at_convergence(approach: Any) -> None:
    q = multi_sk(cosines(), 2, approach=approach, eps=0.3, iterations=3000, channels=True)
    np.testing.assert_allclose(q.sum(2), 1, rtol=0, atol=1e-12)  # always
    np.testing.assert_allclose(q.sum(1), 7 / 5, rtol=0, atol=1e-6)
    np.testing.assert_allclose(q.sum(0), 1, rtol=0, atol=1e-6)


def test_the_anchors_nearest_are_assigned_and_a_larger_k_assigns_more() -> None:
    # two groups of samples, each near two of four anchors
    sim = np.kron(np.eye(2), np.ones((4, 2))) + 0.05 * cosines(8, 4)
    found = multi_sk(sim, 2)
    near = np.kron(np.eye(2), np.ones((4, 2))) > 0
    assert found[near].min() > 0.9
    assert found[~near].max() < 0.1
    np.testing.assert_allclose(multi_sk(sim, 3).sum(1), 3, rtol=1e-12)
    released = multi_sk(sim, 2, variant="released")
    assert released[near].min() > 0.5 > released[~near].max()


def test_all_channels_alike_assign_every_anchor_to_all() -> None:
    np.testing.assert_allclose(multi_sk(cosines(), 5), 1, rtol=1e-12)
    np.testing.assert_allclose(multi_sk(cosines(), 2, mu=1.0), 0.4, rtol=1e-12)


def test_the_orders_of_samples_and_anchors_do_not_matter() -> None:
    sim, rng = cosines(9, 6), np.random.default_rng(3)
    rows, columns = rng.permutation(9), rng.permutation(6)
    for variant in ("exact", "released"):
        options: dict[str, Any] = {"variant": variant}
        found = multi_sk(sim[rows][:, columns], 3, **options)
        np.testing.assert_allclose(found, multi_sk(sim, 3, **options)[rows][:, columns], atol=1e-12)


def test_what_is_added_to_a_sample_does_not_matter_as_printed() -> None:
    # rows are scaled first there; the release scales columns first
    sim, added = cosines(), np.linspace(-1, 1, 7)[:, None]
    for approach in (1, 2):
        options: dict[str, Any] = {"approach": approach}
        one, other = multi_sk(sim, 2, **options), multi_sk(sim + added, 2, **options)
        np.testing.assert_allclose(other, one, atol=1e-12)
        options["variant"] = "released"
        one, other = multi_sk(sim, 2, **options), multi_sk(sim + added, 2, **options)
        assert np.abs(other - one).max() > 1e-2


def in_logs(sim: Array, k: int, eps: float, iterations: int) -> Array:
    """The pseudo-code in logs, for any range, approach 1."""
    n, anchors = sim.shape
    q = np.array([w * sim / eps for w in weights(anchors, k, 1)])

    def total(axis: int) -> Array:
        top = q.max(axis, keepdims=True)
        return np.asarray(top + np.log(np.exp(q - top).sum(axis, keepdims=True)))

    for _ in range(iterations):
        q = q - total(2)
        q = q - total(1) + math.log(n / anchors)
        q = q - total(0)
    return np.asarray(np.exp(q - total(2))[:k].sum(0))


@pytest.mark.parametrize("eps", [0.07, 0.002, 0.0005])
def test_a_small_eps_does_not_overflow(eps: float) -> None:
    sim = cosines(seed=4)
    for kind, tolerance in ((np.float64, 1e-9), (np.float32, 1e-4)):
        given = sim.astype(kind)
        expected = in_logs(given.astype(np.float64), 2, eps, 10)
        np.testing.assert_allclose(multi_sk(given, 2, eps=eps), expected, rtol=0, atol=tolerance)


def test_what_overflows_is_replaced_by_the_largest_value_as_released() -> None:
    sim = cosines(seed=5)
    sim[2, 3], sim[4, 1] = 900.0, 800.0
    replaced = sim.copy()
    replaced[2, 3] = replaced[4, 1] = 0.07 * max(sim[sim < 10].max(), 0.25 * 0) / 0.07
    q = np.array([w * sim for w in weights(5, 2, 1)])
    most = q[q < 709].max()  # 0.25 * 900 and 0.25 * 800 do not overflow at eps = 1
    found = multi_sk(sim, 2, eps=1.0, variant="released", channels=True)
    clipped = np.where(q < 709, q, most)[::-1]
    e = np.exp(clipped - most)
    e /= e.sum()
    for _ in range(10):
        for axis, mass in ((1, 7 / 5), (0, 1.0), (2, 1.0)):
            e = e * (mass / (e.sum(axis, keepdims=True) + 1e-5))
    np.testing.assert_allclose(found, e / e.sum(2, keepdims=True), rtol=0, atol=1e-9)


def test_a_sample_without_a_nearest_anchor_is_0_as_released() -> None:
    sim = cosines()
    assert np.array_equal(multi_sk(np.zeros((4, 3)), 2, variant="released"), np.zeros((4, 3)))
    found = multi_sk(sim, 2, variant="released")
    np.testing.assert_array_equal(found.min(1), 0)
    np.testing.assert_array_equal(found.max(1), 1)


# --- arrays, tensors, gradients


@pytest.mark.parametrize("variant", ["exact", "released"])
@pytest.mark.parametrize("approach", [1, 2])
def test_gradients_equal_finite_differences(approach: Any, variant: Any) -> None:
    at, options = cosines(seed=6), {"approach": approach, "variant": variant, "iterations": 4}
    factor = np.random.default_rng(7).standard_normal(at.shape)
    given = torch.tensor(at, requires_grad=True)
    (multi_sk(given, 2, **options) * torch.tensor(factor)).sum().backward()
    for seed in range(3):
        slope, way = directional(lambda x: (multi_sk(x, 2, **options) * factor).sum(), at, seed)
        assert given.grad is not None
        assert float((given.grad.numpy() * way).sum()) == pytest.approx(slope, rel=1e-6)


def test_what_comes_in_is_what_goes_out() -> None:
    sim = cosines()
    for kind in (np.float32, np.float64):
        given = sim.astype(kind)
        before = given.copy()
        assert multi_sk(given, 2).dtype == kind
        assert sspc(given, multi_sk(given, 2)).dtype == kind
        tensors = torch.tensor(given, requires_grad=True)
        assert multi_sk(tensors, 2).dtype == tensors.dtype
        assert multi_sk(tensors, 2).requires_grad
        assert np.array_equal(given, before)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"k": 0}, "must be at least 1"),
    ({"k": 6}, "need as many in sim"),
    ({"approach": 3}, "approach must be 1 or 2"),
    ({"mu": -1.0}, "mu must be 0 or more"),
    ({"mu": math.nan}, "mu must be 0 or more"),
    ({"eta": 1.5}, "eta must lie between 0 and 1"),
    ({"eps": 0.0}, "eps must be positive"),
    ({"iterations": 0}, "must be at least 1"),
    ({"variant": "printed"}, "use exact or released"),
    ({"sim": np.full((2, 5), np.nan)}, "sim is NaN or infinite"),
    ({"sim": np.zeros(5)}, "must be a matrix"),
    ({"sim": np.zeros((0, 5))}, "need as many in sim"),
    ({"eps": 1e-5, "variant": "released"}, "too small for these similarities"),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_wrong_input_is_one_sentence(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        multi_sk(**{"sim": cosines(), "k": 2, **options})
