"""``sspc`` against its formula, and values that one can work out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from anchor_sims import cosines, directional

from vrbench.errors import InputError
from vrbench.losses import multi_sk, parse_loss, sspc


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
