"""Products that are reduced as they are made: the bits of a reduction of products in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    raw = scale != 1  # the largest product is looked for
    assert_same_bits(score() if raw else streamed(score, monkeypatch), expected)


@dataclass(frozen=True)
class Sharper(TokenAlignment):
    """``scan`` that is sharper for longer texts."""

    source = "a test"

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def kernel(self, cosines: bool) -> Reduce | None:
        return self._compiled

    def _compiled(self, tile: Tile) -> tuple[Tensor, Tensor]:
        from vrbench.alignments.engine import reductions

        return fused.run(reductions.scan, float(tile.text.length), tile)


def test_a_number_of_each_tile_counts_for_that_tile() -> None:
    text, video = crowd()
    sim = driver.score(text, video, Method(((1.0, Sharper()),)))
    for length in np.unique(text.lengths).tolist():
        rows = np.flatnonzero(text.lengths == length)
        alone = driver.score(text.take(rows), video, parse_method(f"scan:lam={length}"))
        assert_same_bits(Sim(sim.t2v[rows], sim.v2t[rows]), alone)


def test_products_that_are_there_are_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = list[Any]()
    monkeypatch.setattr(fused, "_stream", lambda *given: calls.append(given))

    class Reading(Sharper):
        def kernel(self, cosines: bool) -> Reduce | None:
            return self._read

        def _read(self, tile: Tile) -> tuple[Tensor, Tensor]:
            return tile.c.amax((1, 2)), self._compiled(tile)[1]

    driver.score(*crowd(), Method(((1.0, Reading()),)))
    assert not calls
