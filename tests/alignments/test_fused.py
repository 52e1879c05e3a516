from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from oracles import l2
from processors import KINDS, digest, digest_on
from scored_items import assert_close, assert_same_bits, crowd, score

from vrbench.alignments import Method, parse_method
from vrbench.alignments.base import FRAMES, WORDS, mean
from vrbench.alignments.engine import driver, fused
from vrbench.alignments.engine.tiles import Tile
from vrbench.alignments.max_ import MaxAvg
from vrbench.runtime.compiling import available
from vrbench.sims.sim import Sim

if TYPE_CHECKING:
    from torch import Tensor

COMPILED = [
    *("tokenflow", "tokenflow:lam=0", "tokenflow:lam=60", "scan", "scan:lam=0", "scan:lam=60"),
    *("lse", "lse:alpha=0.02", "lse:alpha=0.3,length_norm=true", "max-avg", "max-sum"),
    *("transport", "transport:reg=0.04,iterations=3,eps=0.1"),
    *("emd", "emd:eps=0", "emd:eps=0.2"),
    *("token-mean", "0.5*global+0.5*tokenflow", "scan+emd"),
]


@pytest.mark.skipif(not available(), reason="numba is not installed")
@pytest.mark.parametrize("spec", COMPILED)
def test_compiled_reductions_give_the_same_numbers(spec: str) -> None:
    assert fused.compiles(parse_method(spec))
    text, video = crowd(64)
    fast, plain = score(text, video, spec), score(text, video, spec, compiled=False)
    assert_alike(fast, plain)


def assert_alike(fast: Sim, plain: Sim) -> None:
    scale = max(1.0, float(np.abs(plain.t2v).max()), float(np.abs(plain.v2t).max()))
    assert_close(fast, (plain.t2v, plain.v2t), 1e-6 * scale)


@pytest.mark.parametrize("spec", ["max-avg", "tokenflow", "emd", "transport"])
def test_what_torch_makes_of_plain_numbers_does_not_matter(spec: str) -> None:
    expected, before = score(*crowd(), spec), torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        sim = score(*crowd(), spec)
    finally:
        torch.set_default_dtype(before)
    assert sim.t2v.dtype == np.float32
    assert_same_bits(sim, expected)


@pytest.mark.parametrize("spec", ["tokenflow:lam=61", "scan:lam=80", "lse:alpha=0.01"])
def test_what_the_kernels_cannot_reach_is_left_to_torch(spec: str) -> None:
    assert not fused.compiles(parse_method(spec))
    text, video = crowd()
    assert_alike(score(text, video, spec), score(text, video, spec, compiled=False))


def test_reductions_of_doubles_are_left_to_torch() -> None:
    text, video = crowd()
    sim = score(text, video, "tokenflow", precision="double")
    plain = score(text, video, "tokenflow", precision="double", compiled=False)
    assert_close(sim, (plain.t2v, plain.v2t), 1e-14)


def test_reductions_of_dot_products_are_left_to_torch() -> None:
    assert not fused.compiles(parse_method("tokenflow"), cosines=False)
    text, video = (replace(side, normalized=False) for side in crowd())
    fast, plain = (score(text, video, "tokenflow", compiled=way) for way in (True, False))
    assert_alike(fast, plain)


def similarities() -> str:
    """Digest of both directions of some methods, as they come out in this process."""
    sims = [score(*crowd(64), spec) for spec in ("tokenflow", "lse", "max-avg", "transport")]
    return digest(*(matrix for sim in sims for matrix in (sim.t2v, sim.v2t)))


@pytest.mark.slow
@pytest.mark.skipif(not available(), reason="numba is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_processor_makes_the_same_similarities(kind: str) -> None:
    assert digest_on(kind, __file__, "similarities") == similarities()


@dataclass(frozen=True)
class Least(MaxAvg):
    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        return mean(tile.c.amin(FRAMES), 1), mean(tile.c.amin(WORDS), 1)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_subclass_reduces_as_it_says(compiled: bool) -> None:
    text, video = crowd()
    found = driver.score(text, video, Method(((1.0, Least()),)), compiled=compiled).t2v
    sides = [[l2(side.block(i, i + 1).tokens) for i in range(len(side))] for side in (text, video)]
    texts, videos = sides
    expected = [[(words @ frames.T).min(axis=1).mean() for frames in videos] for words in texts]
    np.testing.assert_allclose(found, expected, atol=1e-6)
