"""Batches whose gradients are compiled, against float64 by torch."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scored_items import crowd

from vrbench.alignments import Method, parse_method
from vrbench.alignments.base import WORDS, Reduce
from vrbench.alignments.engine import fused
from vrbench.alignments.engine.batch import Packed, similarities
from vrbench.alignments.engine.tiles import Tile
from vrbench.alignments.max_ import MaxAvg
from vrbench.alignments.tokenflow import TokenFlow
from vrbench.errors import PluginError
from vrbench.features import Tokens
from vrbench.runtime.compiling import vectorized

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.skipif(not vectorized(), reason="needs numba and vector instructions")

Array = NDArray[Any]
Both = tuple["Tensor", "Tensor"]


def packed(side: Tokens, kind: torch.dtype) -> Packed:
    return Packed(torch.tensor(side.tokens, dtype=kind, requires_grad=True), side.lengths)


def gradients(method: Method, kind: torch.dtype = torch.float32, times: int = 1) -> list[Array]:
    """Of the tokens of a batch, of a weighted sum of both directions' similarities."""
    sides = [packed(side, kind) for side in crowd(64)]
    both = similarities(method, *sides)
    weights = np.random.default_rng(5).normal(size=(2, *both[0].shape))
    loss = sum((one * torch.tensor(w)).sum() for one, w in zip(both, weights, strict=True))
    inputs = [side.tokens for side in sides]
    for _ in range(times):
        found = torch.autograd.grad([torch.as_tensor(loss)], inputs, retain_graph=True)
    return [one.numpy() for one in found]


BATCHES = [
    *("tokenflow", "tokenflow:lam=0", "tokenflow:lam=60", "scan", "scan:lam=60", "max-avg"),
    *("lse", "lse:alpha=0.02", "lse:alpha=0.3,length_norm=true", "lse:length_norm=true"),
    *("max-sum", "token-mean", "maxsim", "maxsim:side=video,whole=true", "maxsim:mean=true"),
    "0.5*global+0.5*tokenflow",
]


@pytest.mark.parametrize("spec", BATCHES)
def test_a_batch_has_the_same_gradients(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method = parse_method(spec)
    exact, ours = gradients(method, torch.float64), gradients(method)
    for _, part in method.terms:
        if hasattr(part, "reduce"):  # what torch would differentiate
            monkeypatch.setattr(type(part), "reduce", None)
    again = gradients(method)
    for one, same, right in zip(ours, again, exact, strict=True):
        np.testing.assert_array_equal(one, same)
        np.testing.assert_allclose(one, right, rtol=0, atol=4e-6 * np.abs(right).max())


@pytest.mark.parametrize("spec", ["tokenflow", "max-avg"])
def test_a_graph_that_is_kept_is_differentiated_again(spec: str) -> None:
    """Although the gradient of the products is written over them."""
    method = parse_method(spec)
    for one, again in zip(gradients(method), gradients(method, times=2), strict=True):
        np.testing.assert_array_equal(one, again)


def test_a_step_that_failed_is_differentiated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from vrbench.alignments.engine.gathered import Gathered, TileGradients

    sides = [packed(side, torch.float32) for side in crowd(64)]
    total, calls = similarities(parse_method("scan"), *sides)[0].sum(), list[int]()
    put = Gathered.put

    def fails(self: Gathered, found: TileGradients) -> None:
        put(self, found)
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError

    def found() -> Array:
        return torch.autograd.grad([total], [sides[0].tokens], retain_graph=True)[0].numpy()

    right = found()
    monkeypatch.setattr(Gathered, "put", fails)
    with pytest.raises(MemoryError):
        found()
    np.testing.assert_array_equal(found(), right)


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    from vrbench.alignments.engine import traced

    method = parse_method("tokenflow")
    alone = gradients(method)
    monkeypatch.setattr(traced, "FEW", 0)
    monkeypatch.setattr(traced, "TILE", 64)
    for one, right in zip(gradients(method), alone, strict=True):
        np.testing.assert_array_equal(one, right)


@dataclass(frozen=True)
class Other(MaxAvg):
    """With a compiled reduction of its own, which nobody has marked."""

    def reduce(self, tile: Tile) -> Both:
        one, two = super().reduce(tile)
        return one * one, two

    def kernel(self, cosines: bool) -> Reduce | None:
        made = MaxAvg().kernel(cosines)
        assert made is not None

        def found(tile: Tile) -> Both:
            one, two = made(tile)
            return one * one, two

        return found


def test_an_unmarked_kernel_is_left_to_torch() -> None:
    method = Method(((1.0, Other()),))
    assert fused.reduction(Other()) is not None
    assert fused.reduction(Other(), gradient=True) is None
    for one, right in zip(gradients(method), gradients(method, torch.float64), strict=True):
        np.testing.assert_allclose(one, right, rtol=0, atol=4e-6 * np.abs(right).max())


def marked(reduce: Callable[[Tile], Both]) -> Method:
    """``max-avg`` with another compiled reduction, which is marked as differentiable."""

    def kernel(self: Any, cosines: bool) -> Reduce | None:
        return reduce

    kind = type("Marked", (MaxAvg,), {"kernel": fused.differentiable(kernel)})
    return Method(((1.0, kind()),))


def best_match(tile: Tile) -> Both:
    reduce = MaxAvg().kernel(cosines=True)
    assert reduce is not None
    return reduce(tile)


def test_a_marked_kernel_that_is_not_linear_has_no_gradient() -> None:
    def squared(tile: Tile) -> Both:
        one, two = best_match(tile)
        return one * one, two

    assert all(np.isnan(one).any() for one in gradients(marked(squared)))


def square(tile: Tile) -> Tensor:
    return (tile.c**2).mean(WORDS).mean(1)


def test_a_marked_kernel_that_reads_c_before_run_is_refused() -> None:
    def before(tile: Tile) -> Both:
        more = square(tile)
        one, two = best_match(tile)
        return one + more, two

    def twice(tile: Tile) -> Both:
        return best_match(tile)[0], best_match(tile)[1]

    for wrong in (before, twice):
        with pytest.raises(PluginError, match="reads c by one call of run"):
            gradients(marked(wrong))


def test_a_marked_kernel_that_reads_c_after_run_is_right() -> None:
    """Torch differentiates the later step first, while c is there."""

    def after(tile: Tile) -> Both:
        one, two = best_match(tile)
        return one + square(tile), two

    class Plain(MaxAvg):
        def reduce(self, tile: Tile) -> Both:
            one, two = super().reduce(tile)
            return one + square(tile), two

    exact = gradients(Method(((1.0, Plain()),)), torch.float64)
    for one, right in zip(gradients(marked(after)), exact, strict=True):
        np.testing.assert_allclose(one, right, rtol=0, atol=4e-6 * np.abs(right).max())


def test_what_a_kernel_reads_may_be_read_beside_it() -> None:
    """Both gradients of e are added."""
    compiled = TokenFlow().kernel(cosines=True)
    assert compiled is not None

    def found(tile: Tile) -> Both:
        one, two = compiled(tile)
        return one + tile.e.sum(1), two

    class Plain(TokenFlow):
        def reduce(self, tile: Tile) -> Both:
            one, two = super().reduce(tile)
            return one + tile.e.sum(1), two

    exact = gradients(Method(((1.0, Plain()),)), torch.float64)
    for one, right in zip(gradients(marked(found)), exact, strict=True):
        np.testing.assert_allclose(one, right, rtol=0, atol=4e-6 * np.abs(right).max())


def test_a_marked_kernel_may_read_no_c_for_some_items() -> None:
    def found(tile: Tile) -> Both:
        return best_match(tile) if tile.shape[1] > 1 else (tile.e.sum(1), tile.e.sum(1))

    class Plain(MaxAvg):
        def reduce(self, tile: Tile) -> Both:
            both = tile.e.sum(1)
            return super().reduce(tile) if tile.shape[1] > 1 else (both, both)

    exact = gradients(Method(((1.0, Plain()),)), torch.float64)
    for one, right in zip(gradients(marked(found)), exact, strict=True):
        np.testing.assert_allclose(one, right, rtol=0, atol=4e-6 * np.abs(right).max())


def test_threads_may_differentiate_a_graph_that_is_kept() -> None:
    sides = [packed(side, torch.float32) for side in crowd(64)]
    total = sum(one.sum() for one in similarities(parse_method("tokenflow"), *sides))

    def found(_: int = 0) -> Array:
        inputs = [torch.as_tensor(total)], [sides[0].tokens]
        return torch.autograd.grad(*inputs, retain_graph=True)[0].numpy()

    right = found()
    with ThreadPoolExecutor(4) as pool:
        for one in pool.map(found, range(40)):
            np.testing.assert_array_equal(one, right)
