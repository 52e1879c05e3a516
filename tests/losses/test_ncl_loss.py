"""Laws of ``ncl`` as a loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from loss_batches import (
    Array,
    batch,
    differences,
    gradient,
    relative,
    slow_biases,
    slow_infonce,
)

from vrbench import losses


def test_biases_are_constants_unless_told_otherwise() -> None:
    sim, gamma = batch(5, seed=2)[0], 0.2
    given = torch.tensor(sim, requires_grad=True)
    losses.ncl(given, gamma).backward()
    a, b = slow_biases(sim, gamma, 4)

    def constant(x: Array) -> float:
        moved = x + a[:, None] + b
        return slow_infonce(moved, moved, 1 / gamma)

    expected = differences(constant, sim)
    assert relative(gradient(given), expected) < 1e-6
    through = torch.tensor(sim, requires_grad=True)
    losses.ncl(through, gamma, through=True).backward()
    assert relative(gradient(through), expected) > 1e-2


@pytest.mark.parametrize("gamma", [0.05, 0.5])
def test_gradient_of_a_video_bias_is_equation_28_times_one_over_gamma(gamma: float) -> None:
    sim, n = batch(7, seed=3)[0], 7
    bias = torch.zeros(n, dtype=torch.float64, requires_grad=True)
    # a bias of the videos in the t2v half alone: what it does to v2t cancels in each column
    losses.infonce((torch.tensor(sim) + bias, torch.tensor(sim)), 1 / gamma).backward()
    p = np.exp(sim / gamma)
    p /= p.sum(1, keepdims=True)
    printed = -(1 - p.sum(0)) / (2 * n)
    np.testing.assert_allclose(gradient(bias), printed / gamma, rtol=1e-12)
    assert relative(printed, gradient(bias)) > 0.4


def test_ncl_normalizes_the_probabilities_that_it_learns_from() -> None:
    sim, gamma = batch(8, seed=4)[0], 0.1
    given = torch.tensor(sim, requires_grad=True)
    losses.ncl(given, gamma, iterations=2000).backward()
    # each row and column of 1 - P sums to 0 where the biases have converged
    np.testing.assert_allclose(gradient(given).sum(0), 0, atol=1e-9)
    np.testing.assert_allclose(gradient(given).sum(1), 0, atol=1e-9)


def test_ncl_does_not_see_what_is_added_to_an_item() -> None:
    sim = batch(6, seed=5)[0]
    added = np.linspace(-1, 1, 6)
    expected = losses.ncl(sim, 0.2, 1000)
    assert losses.ncl(sim + added, 0.2, 1000) == pytest.approx(expected, rel=1e-9)
    assert losses.ncl(sim + added[:, None], 0.2, 1000) == pytest.approx(expected, rel=1e-9)
    assert abs(losses.infonce(sim + added, 5) - losses.infonce(sim, 5)) > 1e-2


def test_ncl_works_where_exponentials_overflow() -> None:
    sim = batch(6, seed=6)[0].astype(np.float32)
    found = losses.ncl(sim, 0.001)
    assert np.isfinite(found)
    assert found == pytest.approx(float(losses.ncl(sim.astype(np.float64), 0.001)), rel=1e-4)
