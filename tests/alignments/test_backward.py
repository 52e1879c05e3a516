"""Compiled gradients against those of float64 formulas, by torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from processors import KINDS, digest, digest_on

from vrbench.alignments.engine import fused
from vrbench.runtime.compiling import compiled, vectorized

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.skipif(not vectorized(), reason="needs numba and vector instructions")

Array = NDArray[Any]
SCALE = 1.5
Both = tuple["Tensor", "Tensor"]


def best(c: Tensor, d: Tensor, e: Tensor, scale: float) -> Both:
    return c.amax(1).mean(0), c.amax(0).mean(0)


def tokenflow(c: Tensor, d: Tensor, e: Tensor, scale: float) -> Both:
    to_text = e * ((scale * d * c).softmax(1) * c).sum(1)
    to_video = d * ((scale * e[:, None] * c).softmax(0) * c).sum(0)
    return to_text.mean(0), to_video.mean(0)


def scan(c: Tensor, d: Tensor, e: Tensor, scale: float) -> Both:
    logits = scale * c
    return (logits.softmax(1) * c).sum(1).mean(0), (logits.softmax(0) * c).sum(0).mean(0)


def lse(c: Tensor, d: Tensor, e: Tensor, scale: float) -> Both:
    return (scale * c).logsumexp(1).mean(0), (scale * c).logsumexp(0).mean(0)


def log_mean_exp(c: Tensor, d: Tensor, e: Tensor, scale: float) -> Both:
    return (scale * c).exp().mean(1).log().mean(0), (scale * c).exp().mean(0).log().mean(0)


FORMULAS: dict[str, Callable[..., Both]] = {
    f.__name__: f for f in (best, tokenflow, scan, lse, log_mean_exp)
}
"""Of a text's products with V videos: c (w, f, V), d (f, V), e (w, V); returns both (V,)."""


def expected(name: str, parts: list[Array], grads: Array, scale: float = SCALE) -> list[Array]:
    """Of a text's c, d and e, in float64."""
    leaves = [torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in parts]
    both = FORMULAS[name](*leaves, scale)
    wanted = [torch.tensor(grad, dtype=torch.float64) for grad in grads]
    found = torch.autograd.grad(both, leaves, wanted, materialize_grads=True)
    return [one.numpy() for one in found]


def given(name: str, *arguments: Any, scale: float = SCALE) -> None:
    """Call a kernel; the last argument are its results, of which only some methods read all."""
    from vrbench.alignments.engine import backward

    *others, results = arguments
    some = results if name == "tokenflow" else results[:3]
    compiled(getattr(backward, name), contract=False)(*others, np.float32(scale), some)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(
    ("words", "frames", "videos"),
    [
        *((5, 3, videos) for videos in (1, 2, 7, 8, 9, 15, 16, 17, 31, 33)),
        *((words, 2, 3) for words in (1, 2, 3, 4, 6)),
        *((4, frames, 20) for frames in (1, 2, 29)),
        (1, 1, 1),
    ],
)
@pytest.mark.parametrize("over", [False, True])
def test_a_tile_is_differentiated_wherever_it_stands(
    name: str, words: int, frames: int, videos: int, over: bool
) -> None:
    rng, texts = np.random.default_rng(words * frames + videos), 2
    row, text, column, video = 3, 2, 5, 4
    c = np.full((row + texts * words + 1, column + frames * videos + 2), np.nan, np.float32)
    d = np.full((text + texts + 1, c.shape[1]), np.nan, np.float32)
    e = np.full((len(c), video + videos + 3), np.nan, np.float32)
    shapes = [(texts, words, frames, videos), (texts, frames, videos), (texts, words, videos)]

    def inside(matrices: tuple[Array, ...]) -> list[Array]:
        c, d, e = matrices
        return [c[row:-1, column:-2], d[text:-1, column:-2], e[row:-1, video:-3]]

    for part in inside((c, d, e)):
        part[:] = rng.uniform(-1, 1, part.shape)
    parts = [p.reshape(shape).copy() for p, shape in zip(inside((c, d, e)), shapes, strict=True)]
    grads = rng.normal(size=(2, texts, videos)).astype(np.float32)
    found = (
        c if over else np.full_like(c, np.nan),
        np.full_like(d, np.nan),
        np.full_like(e, np.nan),
    )
    given(name, c, d, e, (row, text, column, video, words, frames), (*grads, *found))
    read = 3 if name == "tokenflow" else 1
    ours = [p.reshape(shape).copy() for p, shape in zip(inside(found), shapes, strict=True)]
    for t in range(texts):
        wanted = expected(name, [part[t] for part in parts], grads[:, t])
        for one, right in zip(ours[:read], wanted, strict=False):
            np.testing.assert_allclose(one[t], right, rtol=4e-6, atol=4e-7)
    for matrix, part in zip(found, inside(found), strict=True):
        part[:] = np.nan
        assert np.isnan(matrix).all()  # nothing is written beside the tile


def test_equal_matches_share_their_gradient() -> None:
    c = np.array([[0.5, 0.5, 0.25], [0.5, -1, 0.25]], np.float32)
    grads = np.array([[[2.0]], [[6.0]]], np.float32)
    found = np.empty_like(c)
    given("best", c, c, c, (0, 0, 0, 0, 2, 3), (*grads, found))
    # words: 1/2, 1/2, 0 and 1, 0, 0, each of 2/2; frames: 1/2 and 1/2, 1 and 0, 1/2 each, of 6/3
    np.testing.assert_array_equal(found, [[0.5 + 1, 0.5 + 2, 1], [1 + 1, 0, 1]])


@pytest.mark.parametrize("name", ["tokenflow", "scan", "lse"])
@pytest.mark.parametrize("size", [1e-16, 1.0, 1e16])
def test_the_largest_exponents_keep_their_digits(name: str, size: float) -> None:
    rng = np.random.default_rng(0)
    shapes = (4, 6, 19), (6, 19), (4, 19)
    c, d, e = (rng.uniform(-1, 1, shape).astype(np.float32) for shape in shapes)
    c[:, :, ::3], d[:, ::3], e[:, ::3] = 1, 1, 1
    grads = (size * rng.normal(size=(2, 1, 19))).astype(np.float32)
    flat = [part.reshape(rows, -1) for part, rows in ((c, 4), (d, 1), (e, 4))]
    found = [np.empty_like(part) for part in flat]
    given(name, *flat, (0, 0, 0, 0, 4, 6), (*grads, *found), scale=fused.REACH)
    wanted = expected(name, [part.astype(np.float64) for part in (c, d, e)], grads[:, 0], 60.0)
    for one, right in list(zip(found, wanted, strict=True))[: 3 if name == "tokenflow" else 1]:
        near = 3e-5 * np.abs(right).max()
        np.testing.assert_allclose(one.reshape(right.shape), right, rtol=1e-4, atol=near)


def all_gradients() -> str:
    """Digest of the gradients of some methods, as they come out in this process."""
    rng = np.random.default_rng(0)
    c, d, e = (rng.uniform(-1, 1, n).astype(np.float32) for n in ((6, 95), (2, 95), (6, 19)))
    grads, results = rng.normal(size=(2, 2, 19)).astype(np.float32), list[Array]()
    for name in FORMULAS:
        found = [np.zeros_like(part) for part in (c, d, e)]
        given(name, c, d, e, (0, 0, 0, 0, 3, 5), (*grads, *found))
        results += found
    return digest(*results)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_processor_makes_the_same_gradients(kind: str) -> None:
    assert digest_on(kind, __file__, "all_gradients") == all_gradients()
