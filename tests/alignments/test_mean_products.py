"""Products with global vectors that are means: sums of those of the tokens, with the same bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scored_items import assert_same_bits
from small_features import tokens_of
from test_streaming import in_memory

from vrbench.alignments import Method
from vrbench.alignments.base import Reduce, TokenAlignment
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.engine import driver, emd_compiled, emd_positives, fused
from vrbench.alignments.engine.emd_kernels import DROPPED
from vrbench.alignments.engine.emd_positives import contenders
from vrbench.alignments.engine.items import prepare
from vrbench.alignments.engine.tiles import Products, Tile
from vrbench.errors import InputError
from vrbench.features import Tokens
from vrbench.runtime.compiling import vectorized
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.skipif(not vectorized(), reason="needs numba and vector instructions")

Array = NDArray[Any]
DIM = 48
GIVEN = [(), ("text",), ("video",), ("text", "video")]
"""The sides whose global vectors are no means."""


def side(name: str, n: int, lengths: tuple[int, ...], short: bool, **how: Any) -> Tokens:
    """Items around centres; of some, tokens nearly cancel where ``short``."""
    rng = np.random.default_rng(len(name))
    found = []
    for k in range(n):
        tokens = rng.standard_normal((lengths[k % len(lengths)], DIM))
        if short and k % 3 == 0:
            tokens = np.concatenate([tokens, -tokens + 1e-4 * rng.standard_normal(tokens.shape)])
        else:
            tokens = tokens + 1.5 * rng.standard_normal(DIM)
        found.append(tokens.astype(np.float32))
    return tokens_of(found, name, **how)


def sides(given: tuple[str, ...], short: bool = False, normalized: bool = True) -> list[Tokens]:
    rng = np.random.default_rng(1)
    both = [
        side("text", 41, (1, 2, 5, 5, 9, 17), short, normalized=normalized),
        side("video", 53, (1, 3, 3, 12), short, normalized=normalized),
    ]
    for k, items in enumerate(both):
        if items.name in given:
            vectors = rng.standard_normal((len(items), DIM)).astype(np.float32)
            both[k] = replace(items, global_vectors=vectors)
    return both


def wholes(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """A kernel that gives those of the last word and of the last frame."""
    _, _, _, _, w, f = at
    n = t2v.shape[1]
    for t in range(t2v.shape[0]):
        for v in range(n):
            t2v[t, v] = e[at[0] + t * w + w - 1, at[3] + v]
            v2t[t, v] = d[at[1] + t, at[2] + (f - 1) * n + v]


@dataclass(frozen=True)
class Wholes(TokenAlignment):
    """Similarities of the last tokens to the other side's global vectors."""

    source = "a test"

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        pytest.fail("reduced by torch")

    def kernel(self, cosines: bool) -> Reduce | None:
        return lambda tile: fused.run(wholes, 0.0, tile, vectors=True)


def score(text: Tokens, video: Tokens) -> Sim:
    return driver.score(text, video, Method(((1.0, Wholes()),)))


def vectors(items: Tokens) -> tuple[Array, Array]:
    """Last tokens and global vectors, float64."""
    tokens = unit(items, items.tokens.astype(np.float64))
    parts = np.split(tokens, items.offsets[1:-1])
    whole = items.global_vectors
    means = np.stack([part.mean(0) for part in parts]) if whole is None else whole.astype(float)
    return np.stack([part[-1] for part in parts]), unit(items, means)


def unit(items: Tokens, rows: Array) -> Array:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True) if items.normalized else rows


def rounded(items: Tokens) -> tuple[Array, Array]:
    """The same of tokens that are rounded once they are scaled, and of vectors made of these."""
    found = prepare(items, torch.float32, torch.device("cpu"))
    last = found.tokens[torch.as_tensor(items.offsets[1:] - 1)]
    return last.double().numpy(), found.global_vectors.double().numpy()


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("given", GIVEN)
def test_sums_are_the_products(
    given: tuple[str, ...], short: bool, normalized: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = sides(given, short, normalized)
    sim = score(*both)
    # of tokens that nearly cancel, rounding decides on the mean
    for way in (rounded,) if short else (rounded, vectors):
        (words, texts), (frames, videos) = map(way, both)
        for found, right in ((sim.t2v, words @ videos.T), (sim.v2t, texts @ frames.T)):
            size = 1 if normalized else np.abs(right).max()
            np.testing.assert_allclose(found, right, rtol=0, atol=4e-7 * size)
    assert_same_bits(in_memory(lambda: score(*both), monkeypatch), sim)


@pytest.mark.parametrize(
    ("given", "made"), list(zip(GIVEN, (set(), {"d"}, {"e"}, {"d", "e"}), strict=True))
)
@pytest.mark.parametrize("memory", [True, False])
def test_no_matrices_are_multiplied_for_means(
    given: tuple[str, ...], made: set[str], memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set[str]()
    for name in ("d", "e"):
        product = getattr(Products, name).fget

        def kept(self: Products, name: str = name, product: Any = product) -> Any:
            found.add(name)
            return product(self)

        monkeypatch.setattr(Products, name, property(kept))
    both = sides(given)
    if memory:
        in_memory(lambda: score(*both), monkeypatch)
    else:
        score(*both)
    assert found == made


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("alone", [False, True])
def test_positive_pairs_have_the_bits_of_the_matrix(
    given: tuple[str, ...], short: bool, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, video = (s.take(np.arange(41)) for s in sides(given, short))
    if alone:
        monkeypatch.setattr(emd_positives, "ROOM", 1)
    found = contenders(text, video, Truth.of((41, 41)), EarthMover())
    whole = driver.score(text, video, Method(((1.0, EarthMover()),))).t2v
    np.testing.assert_array_equal(found.texts.least, np.diag(whole))
    np.testing.assert_array_equal(found.videos.least, np.diag(whole))
    # where the solver gives up, POT solves the same
    monkeypatch.setattr(emd_positives, "compiled", lambda _: lambda *_: None)
    other = contenders(text, video, Truth.of((41, 41)), EarthMover())
    np.testing.assert_allclose(other.texts.least, np.diag(whole), rtol=0, atol=2e-7)


def test_tokens_that_cancel_are_refused() -> None:
    text, video = sides(())
    tokens = text.tokens.copy()
    first = int(text.offsets[1])  # of a text of two words
    tokens[first + 1] = -tokens[first]
    with pytest.raises(InputError, match="mean of its tokens"):
        score(replace(text, tokens=tokens), video)


@pytest.mark.parametrize("frames", [12, 77, 588])
def test_frames_that_are_alike_lose_no_digits(frames: int) -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((12, DIM)).astype(np.float32)
    text = tokens_of(list(rows[:8, None]), "text")
    video = tokens_of([np.repeat(row[None], frames, axis=0) for row in rows[8:]], "video")
    (words, _), (_, videos) = map(rounded, (text, video))
    np.testing.assert_allclose(score(text, video).t2v, words @ videos.T, rtol=0, atol=4e-7)


@pytest.mark.parametrize("frames", [588, 2000])
def test_sums_that_are_rounded_to_one_side_drop_no_pair(frames: int) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        centres = rng.standard_normal(16) + 1e-4 * rng.standard_normal((6, 16))
        texts = [(c + 0.5 * rng.standard_normal(16))[None] for c in centres]
        text = tokens_of(texts, "text")
        video = tokens_of([np.repeat(c[None], frames, axis=0) for c in centres], "video")
        found = contenders(text, video, Truth.of((6, 6)), EarthMover())
        some = driver.score(text, video, Method(((1.0, found),))).t2v
        whole = driver.score(text, video, Method(((1.0, EarthMover()),))).t2v
        need = np.minimum(found.texts.least[:, None], found.videos.least)
        assert (some[whole >= need] > DROPPED).all()


def test_a_pair_that_is_solved_by_pot_changes_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    text, video = sides(())
    expected = driver.score(text, video, Method(((1.0, EarthMover()),))).t2v
    run = fused.run

    def given_up(*given: Any, **how: Any) -> Any:
        value, other = run(*given, **how)
        value[0, 0] = -np.inf
        return value, other

    monkeypatch.setattr(emd_compiled, "run", given_up)
    again = driver.score(text, video, Method(((1.0, EarthMover()),))).t2v
    np.testing.assert_allclose(again, expected, rtol=0, atol=1e-7)
    assert (again == expected).mean() > 0.99  # of the same masses, solved by another program
