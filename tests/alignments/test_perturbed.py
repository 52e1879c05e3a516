"""The k largest of scores under noise, and the gradient of what they are on average."""

from __future__ import annotations

import math

import numpy as np
import torch

from vrbench.alignments.perturbed import perturbed_top


def test_it_says_how_often_each_place_is_among_the_k_largest() -> None:
    scores = torch.tensor([[0.0, 1.0, 0.5, 1.2], [3.0, 2.0, 1.0, 0.0]], dtype=torch.float64)
    found = perturbed_top(scores, 2, seed=0)
    assert found.shape == (2, 2, 4)
    expected = torch.zeros(2, 2, 4, dtype=torch.float64)
    for row, places in enumerate(((1, 3), (0, 1))):  # far apart beside the noise, ascending
        for i, place in enumerate(places):
            expected[row, i, place] = 1
    torch.testing.assert_close(found, expected)
    near = perturbed_top(torch.tensor([[0.0, 0.02, 0.01, 0.0]]), 2, seed=0)
    torch.testing.assert_close(near.sum(-1), torch.ones(1, 2))
    assert ((near > 0) & (near < 1)).sum() > 4


def test_the_seed_decides_every_bit() -> None:
    scores = 0.05 * torch.randn(70, 9, generator=torch.Generator().manual_seed(3))
    grad = torch.randn(70, 3, 9, generator=torch.Generator().manual_seed(4))

    def both(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        leaf = scores.clone().requires_grad_()
        value = perturbed_top(leaf, 3, seed)
        (found,) = torch.autograd.grad(value, leaf, grad)
        return value.detach(), found

    one, again, other = both(1), both(1), both(2)
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one[0], other[0])
    assert not torch.equal(one[1], other[1])


def test_the_gradient_is_that_of_the_probability() -> None:
    """Of two scores the first is the larger with probability Phi((a - b) / (sigma sqrt(2)))."""
    a, b, sigma = 0.03, 0.01, 0.05
    leaf = torch.tensor([[a, b]], dtype=torch.float64, requires_grad=True)
    value = perturbed_top(leaf, 1, 0, 200_000, sigma)
    z = (a - b) / (sigma * math.sqrt(2))
    assert abs(value[0, 0, 0].item() - 0.5 * (1 + math.erf(z / math.sqrt(2)))) < 0.01
    (found,) = torch.autograd.grad(value[0, 0, 0], leaf)
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / (sigma * math.sqrt(2))
    np.testing.assert_allclose(found[0].numpy(), [density, -density], rtol=0.03)


def test_the_gradient_is_the_mean_over_the_draws() -> None:
    """``E[onehot z^T] / sigma`` with the draws themselves, in loops."""
    rows, width, k, samples, sigma = 3, 5, 2, 40, 0.1
    scores = 0.1 * torch.randn(rows, width, generator=torch.Generator().manual_seed(0),
                               dtype=torch.float64)  # fmt: skip
    grad = torch.randn(rows, k, width, generator=torch.Generator().manual_seed(1),
                       dtype=torch.float64)  # fmt: skip
    leaf = scores.clone().requires_grad_()
    value = perturbed_top(leaf, k, 7, samples, sigma)
    (found,) = torch.autograd.grad(value, leaf, grad)
    noise = torch.randn(rows, samples, width, generator=torch.Generator().manual_seed(7),
                        dtype=torch.float64)  # fmt: skip
    known, slope = np.zeros((rows, k, width)), np.zeros((rows, width))
    for row in range(rows):
        for s in range(samples):
            noisy = (scores[row] + sigma * noise[row, s]).numpy()
            for i, place in enumerate(sorted(np.argsort(-noisy)[:k])):
                known[row, i, place] += 1 / samples
                part = float(grad[row, i, place]) / (samples * sigma)
                slope[row] += part * noise[row, s].numpy()
    np.testing.assert_allclose(value.detach().numpy(), known, atol=1e-12)
    np.testing.assert_allclose(found.numpy(), slope, atol=1e-12)
