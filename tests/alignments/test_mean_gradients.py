"""Gradients of global vectors that are means, by way of the products of tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from vrbench.alignments import parse_method
from vrbench.alignments.engine import means
from vrbench.alignments.engine.batch import Packed, similarities

Array = NDArray[Any]
LENGTHS = {"text": [3, 1, 4, 3, 7, 2, 1], "video": [2, 5, 2, 1, 2] * 4}
WIDTH = 24


def sides(kind: torch.dtype, given: str) -> list[Packed]:
    rng, found = np.random.default_rng(0), []
    for side, lengths in LENGTHS.items():
        shapes = (sum(lengths), WIDTH), (len(lengths), WIDTH)
        tokens, vectors = (
            torch.tensor(0.3 * rng.standard_normal(s) + 0.2, dtype=kind, requires_grad=True)
            for s in shapes
        )
        found.append(Packed(tokens, lengths, vectors if side == given else None))
    return found


def gradients(spec: str, packed: list[Packed], normalized: bool) -> list[Array]:
    both = similarities(parse_method(spec), *packed, normalized=normalized)
    rng = np.random.default_rng(1)
    weights = [torch.tensor(rng.standard_normal(b.shape)).to(b) for b in both]
    given = [side.globals_ for side in packed if side.globals_ is not None]
    inputs = [*(side.tokens for side in packed), *given]
    return [
        grad.numpy() for grad in torch.autograd.grad(both, inputs, weights, materialize_grads=True)
    ]


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("given", ["", "text", "video"])
@pytest.mark.parametrize(
    "spec", ["tokenflow:lam=3", "0.5*global+0.5*tokenflow:lam=2", "maxsim:whole=true", "emd"]
)
def test_they_are_those_of_products(
    spec: str, given: str, normalized: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(means, "WIDE", WIDTH + 1)
    exact = gradients(spec, sides(torch.float64, given), normalized)
    monkeypatch.setattr(means, "WIDE", WIDTH)
    for kind, tolerance in ((torch.float64, 1e-12), (torch.float32, 5e-6)):
        found = gradients(spec, sides(kind, given), normalized)
        for one, right in zip(found, exact, strict=True):
            np.testing.assert_allclose(one, right, rtol=0, atol=tolerance * np.abs(right).max())


def test_products_with_means_need_no_further_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = list[str]()
    give = means.give

    def counted(panel: Any, side: Any, *rest: Any) -> Any:
        calls.append(side)
        return give(panel, side, *rest)

    monkeypatch.setattr("vrbench.alignments.engine.gathered.give", counted)
    for wide, given, expected in (
        (WIDTH, "", ["text", "video"]),
        (WIDTH, "text", ["video"]),
        (WIDTH + 1, "", []),
    ):
        monkeypatch.setattr(means, "WIDE", wide)
        calls.clear()
        gradients("tokenflow", sides(torch.float32, given), normalized=True)
        assert calls == expected
