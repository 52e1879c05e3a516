"""Losses against slow loops over the formulas, in float64, and their laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from loss_batches import (
    Array,
    batch,
    differences,
    gradient,
    relative,
    slow_infonce,
    slow_ncl,
)

from vrbench import losses
from vrbench.errors import InputError


def slow_triplet(t2v: Array, v2t: Array, margin: float, hardest: bool) -> float:
    n, total = len(t2v), 0.0
    for i in range(n):
        rows = [max(0.0, margin + t2v[i, j] - t2v[i, i]) for j in range(n) if j != i]
        columns = [max(0.0, margin + v2t[j, i] - v2t[i, i]) for j in range(n) if j != i]
        total += (max if hardest else sum)(rows) + (max if hardest else sum)(columns)
    return total


def slow_dsl(t2v: Array, v2t: Array, tau: float, scale: float) -> float:
    n = len(t2v)
    by_text, by_video = np.empty((n, n)), np.empty((n, n))
    for i in range(n):
        for j in range(n):
            over_texts = np.exp((t2v[:, j] - t2v[:, j].max()) / tau)
            over_videos = np.exp((v2t[i] - v2t[i].max()) / tau)
            by_text[i, j] = t2v[i, j] * over_texts[i] / over_texts.sum() * n
            by_video[i, j] = v2t[i, j] * over_videos[j] / over_videos.sum() * n
    return slow_infonce(by_text, by_video, scale)


CASES: list[tuple[Any, Any, dict[str, Any]]] = [
    (losses.infonce, slow_infonce, {"scale": 100.0}),
    (losses.infonce, slow_infonce, {"scale": 3.0}),
    (losses.ncl, slow_ncl, {"gamma": 0.07, "iterations": 4}),
    (losses.ncl, slow_ncl, {"gamma": 0.5, "iterations": 1}),
    (losses.triplet, slow_triplet, {"margin": 0.2, "hardest": True}),
    (losses.triplet, slow_triplet, {"margin": 0.7, "hardest": False}),
    (losses.dsl, slow_dsl, {"tau": 0.01, "scale": 100.0}),
    (losses.dsl, slow_dsl, {"tau": 0.5, "scale": 10.0}),
]


NAMED = pytest.mark.parametrize(("loss", "slow", "options"), CASES)


@NAMED
def test_a_loss_equals_the_slow_loop(loss: Any, slow: Any, options: dict[str, Any]) -> None:
    t2v, v2t = batch()
    expected = slow(t2v, v2t, **options)
    assert loss((t2v, v2t), **options) == pytest.approx(expected, rel=1e-12)
    tensors = torch.tensor(t2v), torch.tensor(v2t)
    assert float(loss(tensors, **options)) == pytest.approx(expected, rel=1e-12)
    alone = slow(t2v, t2v, **options)
    assert loss(t2v, **options) == pytest.approx(alone, rel=1e-12)
    assert abs(expected - alone) > 1e-3  # each direction reads its own


@NAMED
def test_gradients_equal_finite_differences(loss: Any, slow: Any, options: dict[str, Any]) -> None:
    t2v, v2t = batch(5, seed=1)
    if loss is losses.ncl:
        options = {**options, "through": True}
    tensors = [torch.tensor(sim, requires_grad=True) for sim in (t2v, v2t)]
    loss(tuple(tensors), **options).backward()
    for k, at in enumerate((t2v, v2t)):

        def moved(x: Array, k: int = k) -> float:
            return float(loss((x, v2t) if k == 0 else (t2v, x), **options))

        assert relative(gradient(tensors[k]), differences(moved, at)) < 1e-6


def test_values_that_one_can_work_out() -> None:
    n = 5
    assert losses.infonce(np.zeros((n, n))) == pytest.approx(np.log(n))
    assert losses.ncl(np.zeros((n, n))) == pytest.approx(np.log(n))
    assert losses.dsl(np.zeros((n, n))) == pytest.approx(np.log(n))
    assert losses.triplet(np.zeros((n, n)), 0.2) == pytest.approx(2 * n * 0.2)
    assert losses.triplet(np.zeros((n, n)), 0.2, hardest=False) == pytest.approx(2 * n * 4 * 0.2)
    assert losses.triplet(np.eye(n), 0.2) == 0
    assert losses.infonce(np.eye(n), 1000.0) == pytest.approx(0, abs=1e-12)


def test_what_comes_in_is_what_goes_out() -> None:
    sim = batch()[0]
    for loss in (losses.infonce, losses.ncl, losses.triplet, losses.dsl):
        for kind in (np.float32, np.float64):
            assert loss(sim.astype(kind)).dtype == kind
            tensor = torch.tensor(sim.astype(kind), requires_grad=True)
            assert loss(tensor).dtype == tensor.dtype
            assert loss(tensor).requires_grad
        assert loss(np.eye(4, dtype=np.int64)).dtype == np.float64
        half = torch.tensor(sim, dtype=torch.bfloat16, requires_grad=True)
        loss(half).backward()
        assert half.grad is not None
        before = sim.copy()
        loss(sim)
        assert np.array_equal(sim, before)


def test_a_learnt_scale_has_a_gradient() -> None:
    sim = torch.tensor(batch()[0])
    for loss in (losses.infonce, losses.dsl):
        scale = torch.tensor(5.0, dtype=torch.float64, requires_grad=True)
        loss(sim, scale=scale).backward()
        numeric = differences(lambda x, f=loss: f(sim, scale=float(x)), np.array(5.0), 1e-4)
        assert relative(gradient(scale), numeric) < 1e-6


WRONG: list[tuple[Any, str]] = [
    (np.zeros((3, 4)), "as many texts as videos"),
    ((np.zeros((3, 3)), np.zeros((4, 4))), "as many texts as videos"),
    (np.zeros((1, 1)), "at least two"),
    (np.zeros(3), "must be a matrix"),
    (np.full((3, 3), np.nan), "t2v is NaN or infinite"),
    ((np.zeros((3, 3)), np.full((3, 3), np.inf)), "v2t is NaN or infinite"),
    (np.array([["a", "b"], ["c", "d"]]), "must hold real numbers"),
    (np.zeros((3, 3), dtype=complex), "must hold real numbers"),
    (torch.zeros((3, 3), dtype=torch.int64), "must be a matrix of real numbers"),
    ((np.eye(3),) * 3, "not 3 matrices"),
]


@pytest.mark.parametrize(("sim", "said"), WRONG)
def test_wrong_matrices_are_one_sentence(sim: Any, said: str) -> None:
    for loss in (losses.infonce, losses.ncl, losses.triplet, losses.dsl):
        with pytest.raises(InputError, match=said):
            loss(sim)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_parameters_out_of_range_are_one_sentence(value: float) -> None:
    sim = np.eye(3)
    named: list[tuple[Any, str]] = [
        (losses.infonce, "scale"),
        (losses.ncl, "gamma"),
        (losses.triplet, "margin"),
        (losses.dsl, "tau"),
        (losses.dsl, "scale"),
    ]
    for loss, name in named:
        with pytest.raises(InputError, match=f"{name} must be positive"):
            loss(sim, **{name: value})
    with pytest.raises(InputError, match="iterations must be at least 1"):
        losses.ncl(sim, iterations=0)
