"""Gradients of a batch against finite differences of scoring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import oracle_transports
import oracles
import pytest
import torch
from batches import packed
from scored_items import SPECS, Array, crowd, score
from small_features import tokens_of

from vrbench.alignments import parse_method
from vrbench.alignments.engine import emd_compiled
from vrbench.alignments.engine.batch import Packed, similarities
from vrbench.features import Tokens
from vrbench.runtime.compiling import available


def few(seed: int = 0) -> tuple[Tokens, Tokens]:
    """3 texts and 4 videos of 1 to 3 tokens, not of length 1, the texts with global vectors."""
    rng = np.random.default_rng(seed)
    sides = [[rng.normal(size=(n, 4)) for n in lengths] for lengths in ((2, 1, 3), (3, 2, 1, 2))]
    text = tokens_of(sides[0], "text", vectors=rng.normal(size=(3, 4)))
    return text, tokens_of(sides[1])


def weights() -> list[Array]:
    rng = np.random.default_rng(9)
    return [rng.normal(size=(3, 4)) for _ in range(2)]


def gradients(spec: str, text: Tokens, video: Tokens) -> list[Array]:
    """Of both sides' tokens and of the texts' global vectors, of a weighted sum of all scores."""
    sides = packed(text), packed(video)
    both = similarities(parse_method(spec), *sides, normalized=text.normalized)
    loss = sum((one * torch.tensor(w)).sum() for one, w in zip(both, weights(), strict=True))
    torch.autograd.backward([torch.as_tensor(loss)])
    wanted = sides[0].tokens, sides[1].tokens, sides[0].globals_
    return [
        np.zeros(one.shape) if one.grad is None else one.grad.numpy()
        for one in wanted
        if one is not None
    ]


DIRECTIONS = 2
"""In which each array is moved: a wrong number is seen in any that is not at right angles to it."""


def assert_gradients(
    found: list[Array], value: Callable[[Tokens, Tokens], float], text: Tokens, video: Tokens
) -> None:
    """Against central differences of the fourth order, in random directions of each array."""
    moves: list[tuple[Array, Callable[[Array], tuple[Tokens, Tokens]]]] = [
        (text.tokens, lambda x: (replace(text, tokens=x), video)),
        (video.tokens, lambda x: (text, replace(video, tokens=x))),
        (text.global_vectors, lambda x: (replace(text, global_vectors=x), video)),
    ]
    rng, step = np.random.default_rng(4), 1e-4
    for grad, (at, sides) in zip(found, moves, strict=True):
        near = 1e-6 * max(np.abs(grad).max(), 1e-3)
        for _ in range(DIRECTIONS):
            way = rng.standard_normal(at.shape)
            way /= np.abs(way).max()
            around = [value(*sides(at + k * step * way)) for k in (-2, -1, 1, 2)]
            slope = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * step)
            assert abs((grad * way).sum() - slope) <= near
    assert max(np.abs(one).max() for one in found) > 1e-2


CONSTANT_PLANS = ("emd", "transport")


DIFFERENTIABLE = [
    *(spec for spec in SPECS if not any(name in spec for name in CONSTANT_PLANS)),
    "0.5*global+0.5*tokenflow",
    "2*max-avg+-0.25*uniform+scan",
]


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("spec", DIFFERENTIABLE)
def test_gradients_equal_finite_differences_of_scoring(spec: str, normalized: bool) -> None:
    text, video = (replace(side, normalized=normalized) for side in few())

    def value(text: Tokens, video: Tokens) -> float:
        sim = score(text, video, spec, precision="double", workers=1)
        return float((sim.t2v * weights()[0] + sim.v2t * weights()[1]).sum())

    assert_gradients(gradients(spec, text, video), value, text, video)


def plan_of_emd(c: Array, d: Array, e: Array, eps: float) -> Array:
    from ot import emd

    return np.asarray(emd(d, e, 1 - c))


def plan_of_transport(c: Array, d: Array, e: Array, reg: float, iterations: int) -> Array:
    """Mean of the last plan with exact rows and that with exact columns, in plain exponentials."""
    k = np.exp(c / reg)
    u, v = np.ones(len(d)), np.ones(len(e))
    for _ in range(iterations):
        before = u, v
        u, v = d / (k @ v), e / (k.T @ u)
    return np.asarray((u[:, None] * k * before[1] + before[0][:, None] * k * v) / 2)


PLANS: dict[str, tuple[float, Callable[[Array, Array, Array], Array]]] = {
    "emd": (0.001, lambda c, d, e: plan_of_emd(c, d, e, 0.001)),
    "emd:eps=0.2": (0.2, lambda c, d, e: plan_of_emd(c, d, e, 0.2)),
    "transport": (0.001, lambda c, d, e: plan_of_transport(c, d, e, 0.1, 50)),
    "transport:reg=0.02,iterations=7,eps=0.1": (
        0.1,
        lambda c, d, e: plan_of_transport(c, d, e, 0.02, 7),
    ),
}


@pytest.mark.parametrize("spec", PLANS)
def test_plans_are_constants_of_the_gradient(spec: str) -> None:
    text, video = few(3)
    eps, plan = PLANS[spec]

    def pairs(text: Tokens, video: Tokens) -> Any:
        for i in range(3):
            for j in range(4):
                yield i, j, _unit(text, i), _unit(video, j)

    plans = {}
    for i, j, omega, mu in pairs(text, video):
        assert text.global_vectors is not None
        by_text, by_video = oracles.l2(text.global_vectors[i]), oracles.l2(mu.mean(0))
        d = np.array(oracle_transports.emd_masses(list(mu @ by_text), eps))
        e = np.array(oracle_transports.emd_masses(list(omega @ by_video), eps))
        plans[i, j] = plan(mu @ omega.T, d, e)

    def value(text: Tokens, video: Tokens) -> float:
        both = weights()[0] + weights()[1]
        found = ((i, j, plans[i, j], mu @ omega.T) for i, j, omega, mu in pairs(text, video))
        return float(sum(both[i, j] * (p * c).sum() for i, j, p, c in found))

    sim = score(text, video, spec, precision="double")
    assert value(text, video) == pytest.approx(float((sim.t2v * sum(weights())).sum()), rel=1e-9)
    assert_gradients(gradients(spec, text, video), value, text, video)


@pytest.mark.skipif(not available(), reason="needs numba")
@pytest.mark.parametrize("spec", ["emd", "emd:eps=0.2"])
def test_compiled_plans_of_emd_are_those_of_pot(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> list[Array]:
        text, video = (packed(side, torch.float32) for side in crowd())
        value, _ = similarities(parse_method(spec), text, video)
        (value * value).sum().backward()  # type: ignore[no-untyped-call]
        return [one.tokens.grad.numpy() for one in (text, video) if one.tokens.grad is not None]

    ours, calls = found(), []
    monkeypatch.setattr(emd_compiled, "plans", lambda *_: calls.append(1))
    for a, b in zip(ours, found(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6 * np.abs(b).max())
    assert calls


def _unit(side: Tokens, i: int) -> Array:
    return oracles.l2(side.tokens[side.offsets[i] : side.offsets[i + 1]])


def test_gradient_goes_on_to_what_made_the_tokens() -> None:
    text, video = few()
    matrix = torch.eye(4, dtype=torch.float64, requires_grad=True)
    sides = packed(text), packed(video)
    mapped = replace(sides[0], tokens=sides[0].tokens @ matrix)
    t2v, _ = similarities(parse_method("max-avg"), mapped, sides[1])
    t2v.sum().backward()  # type: ignore[no-untyped-call]
    tokens = sides[0].tokens
    assert matrix.grad is not None
    assert tokens.grad is not None
    # at the identity, the gradient of the tokens themselves
    assert torch.allclose(matrix.grad, tokens.detach().T @ tokens.grad)


@pytest.mark.parametrize("agg", ["mean", "lse"])
def test_a_token_at_right_angles_to_all_others_has_a_gradient(agg: str) -> None:
    """The length that scan-original divides by is 0 there, and its root has no slope."""
    axes = torch.eye(4, dtype=torch.float64)
    text = Packed(axes[[0, 1, 3]].requires_grad_(), [2, 1])
    video = Packed(axes[[0, 2]].requires_grad_(), [1, 1])
    both = similarities(parse_method(f"scan-original:agg={agg}"), text, video)
    torch.autograd.backward([both[0].sum() + both[1].sum()])
    for side in (text, video):
        assert side.tokens.grad is not None
        assert bool(side.tokens.grad.isfinite().all())
