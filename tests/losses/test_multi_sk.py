"""Multi-SK and SSPC against slow loops over the printed and the released algorithm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.losses import multi_sk, parse_loss, sspc

Array = NDArray[Any]


def cosines(n: int = 7, anchors: int = 5, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(-0.5, 0.9, (n, anchors))


def weights(anchors: int, k: int, approach: int, mu: float = 0.25, eta: float = 0.1) -> list[float]:
    """Of all channels, the largest first (supplementary 2.1; i from 0)."""
    if approach == 1:
        return [1.0] * k + [mu] * (anchors - k)
    return [eta + (1 - eta) * (1 - i / anchors) for i in range(anchors)]


def loops(axis: int, shape: tuple[int, ...]) -> list[tuple[Any, ...]]:
    """Index of every line of a cube along an axis."""
    others = [range(size) if a != axis else [slice(None)] for a, size in enumerate(shape)]
    return [(c, i, a) for c in others[0] for i in others[1] for a in others[2]]


def cube(sim: Array, channel_weights: list[float], eps: float) -> Array:
    n, anchors = sim.shape
    q = np.empty((len(channel_weights), n, anchors))
    for c, i, a in np.ndindex(*q.shape):
        q[c, i, a] = math.exp(channel_weights[c] * sim[i, a] / eps)
    return np.asarray(q / q.sum())


def slow_printed(sim: Array, channel_weights: list[float], eps: float, iterations: int) -> Array:
    """The pseudo-code (supplementary 3), line by line on the whole cube."""
    q, (n, anchors) = cube(sim, channel_weights, eps), sim.shape
    for _ in range(iterations):
        for axis, mass in ((2, 1.0), (1, n / anchors), (0, 1.0)):
            for line in loops(axis, q.shape):
                q[line] *= mass / q[line].sum()
    for line in loops(2, q.shape):
        q[line] /= q[line].sum()
    return q


def slow_released(sim: Array, channel_weights: list[float], eps: float, iterations: int) -> Array:
    """The released order, the channels of weight 1 last, 1e-5 in the denominators."""
    q, (n, anchors) = cube(sim, channel_weights[::-1], eps), sim.shape
    for _ in range(iterations):
        for axis, mass in ((1, n / anchors), (0, 1.0), (2, 1.0)):
            for line in loops(axis, q.shape):
                q[line] *= mass / (q[line].sum() + 1e-5)
    for line in loops(2, q.shape):
        q[line] /= q[line].sum()
    return q


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


def directional(function: Any, at: Array, seed: int, step: float = 1e-5) -> tuple[float, Array]:
    """Slope of a scalar function along a random direction, by central differences."""
    way = np.random.default_rng(seed).standard_normal(at.shape)
    values = [float(function(at + m * step * way)) for m in (-2, -1, 1, 2)]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step), way


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


def test_sspc_is_binary_cross_entropy_of_an_exponential() -> None:
    sim, due = cosines(seed=8), multi_sk(cosines(seed=9), 2)
    expected = 0.0
    for i, a in np.ndindex(*sim.shape):
        logit = math.exp(sim[i, a] / 0.3)
        p = 1 / (1 + math.exp(-logit))
        expected -= (due[i, a] * math.log(p) + (1 - due[i, a]) * math.log(1 - p)) / sim.size
    assert sspc(sim, due, 0.3) == pytest.approx(expected, rel=1e-9)
    given = torch.tensor(sim, requires_grad=True)
    fixed = torch.tensor(due, requires_grad=True)
    sspc(given, fixed, 0.3).backward()
    assert fixed.grad is None
    assert given.grad is not None
    for seed in range(3):
        slope, way = directional(lambda x: sspc(x, due, 0.3), sim, seed)
        assert float((given.grad.numpy() * way).sum()) == pytest.approx(slope, rel=1e-6)


def test_sspc_of_values_that_one_can_work_out() -> None:
    assert sspc(np.zeros((3, 2)), np.ones((3, 2))) == pytest.approx(math.log(1 + math.exp(-1)))
    assert sspc(np.full((3, 2), -9.0), np.zeros((3, 2))) == pytest.approx(math.log(2))
    assert sspc(np.full((2, 2), 0.5), np.ones((2, 2))) == pytest.approx(0, abs=1e-60)


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


def test_wrong_input_of_sspc_is_one_sentence() -> None:
    sim = cosines()
    cases: list[tuple[Any, str]] = [
        ((sim, sim[:3]), "they need one shape"),
        ((sim, np.full_like(sim, np.nan)), "assignment is NaN"),
        ((sim, sim, 0.0), "temperature must be positive"),
        ((sim, sim, 1e-4), "overflows: raise the temperature"),
    ]
    for given, said in cases:
        with pytest.raises(InputError, match=said):
            sspc(*given)
    for spec, said in (
        ("sspc:cm=false,ms=false", "has no terms"),
        ("sspc:queue=-1", "queue must not be negative"),
        ("sspc:anchors=8", "raise anchors"),
        ("sspc:temperature=0", "temperature must be positive"),
        ("sspc:eps=0", "eps must be positive"),
    ):
        with pytest.raises(InputError, match=said):
            parse_loss(spec)
    with pytest.raises(TypeError, match="train with it"):
        parse_loss("sspc")(torch.eye(2), torch.eye(2), torch.tensor(1.0))
