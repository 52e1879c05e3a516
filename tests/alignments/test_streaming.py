"""Products that are reduced as they are made: the bits of a reduction of products in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scored_items import assert_same_bits, crowd
from test_folding import retrieval
from test_fused import COMPILED

from vrbench.alignments import Method, parse_method
from vrbench.alignments.base import Reduce, TokenAlignment
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.engine import driver, fused
from vrbench.alignments.engine.emd_positives import contenders
from vrbench.alignments.engine.tiles import Products, Tile
from vrbench.runtime.compiling import vectorized
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.skipif(not vectorized(), reason="needs numba and vector instructions")

ROOMS = [(1, 8), (5_000, 8), (1 << 17, 96)]
"""Products that are made before they are reduced, and the fewest rows."""


def in_memory(score: Callable[[], Sim], monkeypatch: pytest.MonkeyPatch) -> Sim:
    """Score with products that are made as a whole."""
    with monkeypatch.context() as patch:
        patch.setattr(Products, "reduced", lambda *_: None)
        return score()


def streamed(score: Callable[[], Sim], monkeypatch: pytest.MonkeyPatch) -> Sim:
    """Score where products of all words and frames cannot be made."""
    with monkeypatch.context() as patch:
        patch.setattr(Products, "c", property(lambda _: pytest.fail("c was made")))
        return score()


@pytest.mark.parametrize(("room", "rows"), ROOMS)
@pytest.mark.parametrize("spec", COMPILED)
def test_a_stream_has_the_bits_of_products_in_memory(
    spec: str, room: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def score() -> Sim:
        return driver.score(*crowd(), parse_method(spec))

    expected = in_memory(score, monkeypatch)
    monkeypatch.setattr(fused, "ROOM", room)
    monkeypatch.setattr(fused, "LEAST_ROWS", rows)
    assert_same_bits(streamed(score, monkeypatch), expected)


@pytest.mark.parametrize("tile", [50, driver.TILE])
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_what_may_reach_a_positive_pair_is_found_in_a_stream(
    tile: int, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, video, owner = retrieval(1.5, scale=scale)
    truth = Truth.of((len(text), len(video)), owner)
    method = Method(((1.0, contenders(text, video, truth, EarthMover())),))

    def score() -> Sim:
        return driver.score(text, video, method)

    expected = in_memory(score, monkeypatch)
    monkeypatch.setattr(driver, "TILE", tile)
    assert_same_bits(streamed(score, monkeypatch), expected)


@dataclass(frozen=True)
class Asking(TokenAlignment):
    """What ``ask`` makes of a tile."""

    ask: Reduce
    source = "a test"

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        pytest.fail("reduced by torch")

    def kernel(self, cosines: bool) -> Reduce | None:
        return self.ask


def asked(ask: Reduce) -> Sim:
    return driver.score(*crowd(), Method(((1.0, Asking(ask)),)))


def by_length(tile: Tile) -> tuple[Tensor, Tensor]:
    return fused.run(reductions().scan, float(tile.text.length), tile)


def by_array(tile: Tile) -> tuple[Tensor, Tensor]:
    return fused.run(first, (np.array([tile.text.length], np.float32),), tile)


ROOM = np.zeros(1, np.float32)


def by_array_that_changes(tile: Tile) -> tuple[Tensor, Tensor]:
    ROOM[:] = tile.text.length
    return fused.run(first, (ROOM,), tile)


def in_place(tile: Tile) -> tuple[Tensor, Tensor]:
    for result in fused.run(reductions().best, 0.0, tile):
        result *= 2
    return fused.run(reductions().best, 0.0, tile)


def in_two_ways(tile: Tile) -> tuple[Tensor, Tensor]:
    fused.run(wholes, 0.0, tile)
    return fused.run(wholes, 0.0, tile, vectors=True)


def first(c: Any, d: Any, e: Any, at: Any, how: Any, t2v: Any, v2t: Any) -> None:
    """A kernel that gives its first number."""
    for t in range(t2v.shape[0]):
        for v in range(t2v.shape[1]):
            t2v[t, v] = v2t[t, v] = how[0][0]


def wholes(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """A kernel that gives similarities to global vectors."""
    for t in range(t2v.shape[0]):
        for v in range(t2v.shape[1]):
            t2v[t, v] = e[at[0] + t * at[4], at[3] + v]
            v2t[t, v] = d[at[1] + t, at[2] + v]


def reductions() -> Any:
    from vrbench.alignments.engine import reductions

    return reductions


@pytest.mark.parametrize("ask", [by_length, by_array, by_array_that_changes, in_place, in_two_ways])
def test_a_tile_gets_what_it_asks_for(ask: Reduce, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same_bits(asked(ask), in_memory(lambda: asked(ask), monkeypatch))


def test_a_number_of_each_tile_counts_for_that_tile() -> None:
    text, video = crowd()
    sim = asked(by_length)
    for length in np.unique(text.lengths).tolist():
        rows = np.flatnonzero(text.lengths == length)
        alone = driver.score(text.take(rows), video, parse_method(f"scan:lam={length}"))
        assert_same_bits(Sim(sim.t2v[rows], sim.v2t[rows]), alone)


def kernel_of(number: int) -> Callable[..., None]:
    def kernel(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
        for t in range(t2v.shape[0]):
            for v in range(t2v.shape[1]):
                t2v[t, v] = v2t[t, v] = number

    return kernel


def test_kernels_of_one_name_are_told_apart() -> None:
    for number in (1, 2, 3):
        sim = asked(partial(fused.run, kernel_of(number), 0.0))
        assert (sim.t2v == number).all()


def test_products_that_are_there_are_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "_stream", lambda *_: pytest.fail("made again"))
    sim = asked(lambda tile: (tile.c.amax((1, 2)), by_length(tile)[1]))
    assert np.isfinite(sim.v2t).all()


@pytest.mark.parametrize("width", [64, 512])
@pytest.mark.parametrize("shortest", [(1, 1), (1, 12), (2, 3), (5, 12), (40, 64)])
@pytest.mark.parametrize("frames", [driver.PANEL_FRAMES, 16 * 588])
def test_no_panel_takes_more_room_than_products_in_memory(
    width: int, shortest: tuple[int, int], frames: int
) -> None:
    w, f = shortest
    others, pairs = 1 / w + 1 / f, 1 / (w * f)
    words, plain = (driver.panel_words(width, frames, some) for some in (shortest, None))
    # both ways add up two directions' results; a stream has those of all tiles as well
    assert words * (others + 4 * pairs) <= plain * (1 + others + 2 * pairs)
    if others + 4 * pairs < 1 and frames == driver.PANEL_FRAMES:
        assert words >= plain
