"""Compiled reductions against float64, for groups of every size and place in their matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vrbench.runtime.compiling import compiled, vectorized

pytestmark = pytest.mark.skipif(not vectorized(), reason="needs numba and vector instructions")

Array = NDArray[Any]
SCALE = 1.5


def attend(logits: Array, values: Array, axis: int) -> Array:
    weight = np.exp(logits)
    return np.asarray((weight * values).sum(axis) / weight.sum(axis))


def best(c: Array, d: Array, e: Array) -> tuple[Array, Array]:
    return c.max(1).mean(0), c.max(0).mean(0)


def relaxed(c: Array, d: Array, e: Array) -> tuple[Array, Array]:
    words, frames = np.maximum(e, 0) + SCALE, np.maximum(d, 0) + SCALE
    by_word = (words * c.max(1)).sum(0) / words.sum(0)
    return by_word, (frames * c.max(0)).sum(0) / frames.sum(0)


def tokenflow(c: Array, d: Array, e: Array) -> tuple[Array, Array]:
    to_text = (e * attend(SCALE * d * c, c, 1)).mean(0)
    return to_text, (d * attend(SCALE * e[:, None] * c, c, 0)).mean(0)


def scan(c: Array, d: Array, e: Array) -> tuple[Array, Array]:
    return attend(SCALE * c, c, 1).mean(0), attend(SCALE * c, c, 0).mean(0)


def lse(c: Array, d: Array, e: Array) -> tuple[Array, Array]:
    power = np.exp(SCALE * c)
    return np.log(power.sum(1)).mean(0), np.log(power.sum(0)).mean(0)


def log_mean_exp(c: Array, d: Array, e: Array) -> tuple[Array, Array]:
    power = np.exp(SCALE * c)
    return np.log(power.mean(1)).mean(0), np.log(power.mean(0)).mean(0)


FORMULAS: dict[str, Callable[..., tuple[Array, Array]]] = {
    f.__name__: f for f in (best, relaxed, tokenflow, scan, lse, log_mean_exp)
}
"""Of a text's products with V videos: c (w, f, V), d (f, V), e (w, V); returns both (V,)."""


def kernel(name: str) -> Any:
    from vrbench.alignments.engine import reductions

    return compiled(getattr(reductions, name), contract=False)


def reduced(name: str, given: tuple[Any, ...], scale: float = SCALE) -> tuple[Array, Array]:
    """What a kernel makes of a tile, whose last two entries of ``given`` are its texts, videos."""
    *arrays, texts, videos = given
    both = np.full((2, texts, videos), np.nan, np.float32)
    kernel(name)(*arrays, np.float32(scale), *both)
    return both[0], both[1]


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(
    ("words", "frames", "videos"),
    [
        *((5, 3, videos) for videos in (1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 48)),
        *((words, 2, 3) for words in range(1, 10)),
        *((4, frames, 20) for frames in (1, 2, 29)),
        (1, 1, 1),
    ],
)
def test_a_tile_is_reduced_wherever_it_stands(
    name: str, words: int, frames: int, videos: int
) -> None:
    rng, texts = np.random.default_rng(words * frames + videos), 2
    row, text, column, video = 3, 2, 5, 4
    c = np.full((row + texts * words + 1, column + frames * videos + 2), np.nan, np.float32)
    d = np.full((text + texts + 1, c.shape[1]), np.nan, np.float32)
    e = np.full((len(c), video + videos + 3), np.nan, np.float32)
    inside = c[row:-1, column:-2], d[text:-1, column:-2], e[row:-1, video:-3]
    for part in inside:
        part[:] = rng.uniform(-1, 1, part.shape)
    at = row, text, column, video, words, frames
    found = reduced(name, (c, d, e, at, texts, videos))
    for t in range(texts):
        mine = slice(t * words, (t + 1) * words)
        formed = (
            inside[0][mine].reshape(words, frames, videos).astype(np.float64),
            inside[1][t].reshape(frames, videos).astype(np.float64),
            inside[2][mine].astype(np.float64),
        )
        for matrix, expected in zip(found, FORMULAS[name](*formed), strict=True):
            np.testing.assert_allclose(matrix[t], expected, rtol=2e-6, atol=3e-7)


@pytest.mark.parametrize("name", FORMULAS)
def test_nothing_is_written_beside_the_results(name: str) -> None:
    c, d, e = (np.zeros((2, n), np.float32) for n in (6, 6, 3))
    room = np.full(60, 7, np.float32)
    t2v, v2t = room[:3].reshape(1, 3), room[30:33].reshape(1, 3)
    at = 0, 0, 0, 0, 2, 2
    kernel(name)(c, d, e, at, np.float32(SCALE), t2v, v2t)
    assert (room[3:30] == 7).all()
    assert (room[33:] == 7).all()
    assert (room[:3] != 7).all()


def test_each_operation_is_rounded() -> None:
    rng = np.random.default_rng(0)
    words, frames, videos = 7, 5, 19
    c, d, e = (
        rng.uniform(-1, 1, shape).astype(np.float32)
        for shape in ((words, frames, videos), (frames, videos), (words, videos))
    )
    flat = c.reshape(words, -1), d.reshape(1, -1), e, (0, 0, 0, 0, words, frames), 1, videos
    found = reduced("relaxed", flat)
    for matrix, best, whole in zip(found, (c.max(1), c.max(0)), (e, d), strict=True):
        over = under = np.zeros(videos, np.float32)
        for mass, match in zip(np.maximum(whole, 0) + np.float32(SCALE), best, strict=True):
            over, under = over + mass * match, under + mass
        np.testing.assert_array_equal(matrix[0], over / under)


def test_no_mass_at_all_is_a_plain_mean() -> None:
    rng = np.random.default_rng(0)
    c = rng.uniform(-1, 1, (3, 8)).astype(np.float32)
    d, e = np.full((1, 8), -1, np.float32), np.full((3, 4), -1, np.float32)
    found = reduced("relaxed", (c, d, e, (0, 0, 0, 0, 3, 2), 1, 4), scale=0)
    for matrix, expected in zip(found, best(c.reshape(3, 2, 4), d, e), strict=True):
        np.testing.assert_allclose(matrix[0], expected, rtol=1e-6)


def test_matrices_in_another_order_are_refused() -> None:
    from numba.core.errors import TypingError

    c = np.zeros((6, 4), np.float32).T
    with pytest.raises(TypingError, match="expected"):
        reduced("best", (c, c, c, (0, 0, 0, 0, 2, 2), 1, 3))
